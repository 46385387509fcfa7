"""Agents are seen: a citizen reads in their journal who opened or changed their file."""

from datetime import timedelta

import pytest
import time_machine
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.contrib.messages.storage.fallback import FallbackStorage
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from accounts import journal
from accounts.admin.base import CitizenFileMixin
from accounts.models import JournalKind, PersonalSpace
from tests.accounts.agents import sign_in_agent
from tests.accounts.factories import make_agent


@pytest.fixture
def inside(client, agent):
    sign_in_agent(client, agent)
    return client


def page_of(row, name="change"):
    label = f"{row._meta.app_label}_{row._meta.model_name}"
    return reverse(f"admin:{label}_{name}", args=[row.pk])


def seen(citizen):
    kinds = [JournalKind.FILE_OPENED, JournalKind.FILE_CHANGED]
    return [(e.kind, e.actor, e.capacity) for e in citizen.journal.filter(kind__in=kinds)]


def rows_of(citizen):
    return [citizen.space, journal.record(JournalKind.SIGNED_IN, citizen=citizen)]


@pytest.mark.parametrize("index", range(2))
@pytest.mark.parametrize("page", ["change", "history"])
def test_opening_any_page_of_a_file_is_journalled(inside, agent, citizen, index, page):
    response = inside.get(page_of(rows_of(citizen)[index], page))

    assert response.status_code == 200
    assert seen(citizen) == [(JournalKind.FILE_OPENED, agent, "administration")]


def test_the_line_keeps_neither_the_device_nor_the_network_of_the_agent(inside, citizen):
    inside.get(page_of(citizen.space))

    entry = citizen.journal.get()
    assert (entry.device, entry.network) == ("", "")


def test_the_capacity_is_the_groups_of_the_agent(client, citizen):
    agent = make_agent("accueil@rivemont.example")
    agent.groups.set(
        [Group.objects.get_or_create(name=name)[0] for name in ("état civil", "accueil")]
    )
    sign_in_agent(client, agent)

    client.get(page_of(citizen.space))

    assert seen(citizen) == [(JournalKind.FILE_OPENED, agent, "accueil, état civil")]


def test_many_groups_fit_in_the_line(client, citizen):
    agent = make_agent("partout@rivemont.example")
    agent.groups.set([Group.objects.create(name=f"service numéro {n}") for n in range(9)])
    sign_in_agent(client, agent)

    assert client.get(page_of(citizen.space)).status_code == 200
    assert len(citizen.journal.get().capacity) == 60


def test_leafing_through_a_file_is_one_line_and_coming_back_later_another(inside, citizen):
    rows = rows_of(citizen)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        sign_in_agent(inside, inside.get(page_of(rows[0])).wsgi_request.user)
        for row in rows:
            inside.get(page_of(row))
        assert len(seen(citizen)) == 1
        clock.shift(timedelta(minutes=6))
        inside.get(page_of(rows[0]))

    assert len(seen(citizen)) == 2


def test_two_agents_are_two_lines(inside, agent, citizen):
    other = make_agent("deux@rivemont.example")
    inside.get(page_of(citizen.space))
    sign_in_agent(inside, other)
    inside.get(page_of(citizen.space))

    assert {actor for _, actor, _ in seen(citizen)} == {agent, other}


def test_another_citizens_journal_says_nothing(inside, citizen, stranger):
    inside.get(page_of(citizen.space))

    assert seen(stranger) == []


def test_whoever_may_not_open_a_file_is_not_said_to_have(client, citizen):
    agent = make_agent("sans.droit@rivemont.example")
    agent.is_superuser = False
    agent.save()
    sign_in_agent(client, agent)

    assert client.get(page_of(citizen.space)).status_code == 403
    assert seen(citizen) == []
    agent.user_permissions.add(Permission.objects.get(codename="view_personalspace"))
    assert Client().get(page_of(citizen.space)).status_code == 302
    assert client.get(page_of(citizen.space)).status_code == 200
    assert len(seen(citizen)) == 1


def test_a_line_without_a_name_is_nobodys_file(inside, db):
    entry = journal.record(JournalKind.SPACE_DELETED, citizen=None)

    assert inside.get(page_of(entry)).status_code == 200


class ChangingAdmin(CitizenFileMixin, admin.ModelAdmin):
    """A page where agents correct a telephone number."""

    fields = ["phone"]

    def citizen_of(self, row):
        return row.user


def test_a_change_is_journalled_each_time(agent, citizen):
    page = ChangingAdmin(PersonalSpace, admin.site)
    for phone in ("0600000001", "0600000002"):
        request = RequestFactory().post("/", {"phone": phone})
        request.user, request._dont_enforce_csrf_checks, request.session = agent, True, {}
        request._messages = FallbackStorage(request)
        page.change_view(request, str(citizen.space.pk))

    citizen.space.refresh_from_db()
    assert citizen.space.phone == "0600000002"
    assert seen(citizen) == [(JournalKind.FILE_CHANGED, agent, "administration")] * 2


def test_an_agent_reads_the_reference_that_citizens_see(inside, agent):
    page = inside.get(reverse("admin:accounts_user_change", args=[agent.pk]))

    assert agent.agent_reference in page.content.decode()
    assert "référence donnée aux habitants" in page.content.decode().lower()


def test_an_agent_who_opened_a_file_is_not_erased(inside, agent, citizen):
    other = make_agent("deux@rivemont.example")
    inside.get(page_of(citizen.space))
    sign_in_agent(inside, other)

    inside.post(reverse("admin:accounts_user_delete", args=[agent.pk]), {"post": "yes"})

    assert seen(citizen) == [(JournalKind.FILE_OPENED, agent, "administration")]


def test_the_list_of_what_somebody_did_is_their_file(inside, agent, citizen, stranger):
    rows_of(citizen)

    url = reverse("admin:accounts_journalentry_changelist")
    inside.get(url, {"q": citizen.space.reference})

    assert seen(citizen) == [(JournalKind.FILE_OPENED, agent, "administration")]
    assert not seen(stranger)


def test_looking_for_somebody_is_not_opening_their_file(inside, citizen):
    typed = {"recherche": citizen.space.reference}
    found = inside.post(reverse("admin:accounts_personalspace_changelist"), typed)

    assert citizen.space.reference in found.content.decode()
    assert not seen(citizen)
