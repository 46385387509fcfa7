"""A code handed over at the counter: what it opens, and what ends it."""

import datetime

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from accounts import counter
from accounts.models import (
    REFERENCE_ALPHABET,
    CounterCode,
    IdentityDocument,
    JournalEntry,
    JournalKind,
    User,
)
from tests.accounts.agents import sign_in_agent
from tests.accounts.factories import make_agent, make_citizen

PASSPORT = IdentityDocument.PASSPORT


@pytest.fixture
def code(citizen, agent):
    return counter.give_code(citizen.space, agent=agent, document=PASSPORT)


def test_a_code_is_readable_long_and_never_the_same(citizen, agent):
    codes = {counter.give_code(citizen.space, agent=agent, document=PASSPORT) for _ in range(20)}

    assert len(codes) == 20
    for code in codes:
        assert [len(group) for group in code.split("-")] == [4, 4, 4]
        assert set(code) <= {*REFERENCE_ALPHABET, "-"}


def test_only_a_digest_is_stored(code):
    row = CounterCode.objects.values().get()

    assert code not in str(row)
    assert code.replace("-", "") not in str(row)


@pytest.mark.parametrize("change", [str.lower, lambda code: code.replace("-", " "), str.strip])
def test_a_code_is_found_however_it_is_typed(code, citizen, change):
    assert counter.find_code(f" {change(code)} ").space == citizen.space


def test_a_code_opens_its_space_once(code, citizen):
    found = counter.find_code(code)

    assert counter.redeem_code(found.pk) == citizen.space
    assert counter.redeem_code(found.pk) is None
    assert counter.find_code(code) is None


def test_looking_at_a_code_does_not_use_it(code):
    found = counter.find_code(code)

    assert counter.live_code(found.pk) == found
    assert counter.find_code(code) == found


@pytest.mark.parametrize("days", [6.99, 7.01])
def test_a_code_lives_seven_days(code, days):
    found = counter.find_code(code)

    with time_machine.travel(timezone.now() + datetime.timedelta(days=days), tick=False):
        assert bool(counter.find_code(code)) is (days < 7)
        assert bool(counter.live_code(found.pk)) is (days < 7)
        assert bool(counter.redeem_code(found.pk)) is (days < 7)


def test_a_newer_code_ends_the_older(code, citizen, agent):
    older = counter.find_code(code)
    newer = counter.give_code(citizen.space, agent=agent, document=PASSPORT)

    assert counter.find_code(code) is None
    assert counter.redeem_code(older.pk) is None
    assert counter.find_code(newer).space == citizen.space


def test_expired_codes_are_swept_away(code, stranger, agent):
    with time_machine.travel(timezone.now() + datetime.timedelta(days=8)):
        counter.give_code(stranger.space, agent=agent, document=PASSPORT)

    assert CounterCode.objects.get().space == stranger.space


def test_the_code_of_another_space_is_left_alone(code, stranger, agent):
    counter.give_code(stranger.space, agent=agent, document=PASSPORT)

    assert counter.find_code(code) is not None


@pytest.mark.parametrize("fields", [{"is_staff": True}, {"is_active": False}])
def test_a_code_opens_neither_an_agents_space_nor_a_blocked_one(code, citizen, agent, fields):
    found = counter.find_code(code)
    User.objects.filter(pk=citizen.pk).update(**fields)

    assert counter.find_code(code) is None
    assert counter.redeem_code(found.pk) is None
    with pytest.raises(counter.SpaceCannotBeOpened):
        counter.give_code(citizen.space, agent=agent, document=PASSPORT)


def test_a_code_dies_with_a_promotion_even_undone(code, citizen):
    citizen.is_staff = True
    citizen.save()
    User.objects.filter(pk=citizen.pk).update(is_staff=False)

    assert counter.find_code(code) is None


def test_giving_and_using_are_journalled_and_use_is_told_by_mail(code, citizen, agent, mails):
    before = len(mails())
    counter.redeem_code(counter.find_code(code).pk)

    given, used = JournalEntry.objects.order_by("pk")
    assert (given.kind, given.actor, given.citizen) == (
        JournalKind.COUNTER_CODE_GIVEN,
        agent,
        citizen,
    )
    assert given.means == "passeport"
    assert (used.kind, used.actor) == (JournalKind.COUNTER_CODE_USED, None)
    assert before == 0
    assert [mail.to for mail in mails()] == [[citizen.email]]
    assert code not in mails()[0].message + mails()[0].html_message + mails()[0].subject


@pytest.mark.parametrize(
    "fields",
    [
        {"document": "library_card"},
        {"expires_at": timezone.now() - datetime.timedelta(days=30)},
        {"code_digest": "taken"},
    ],
)
def test_the_database_refuses_an_impossible_code(citizen, stranger, agent, fields):
    values = {"given_by": agent, "document": PASSPORT}
    CounterCode.objects.create(space=citizen.space, code_digest="taken", **values)

    with pytest.raises(IntegrityError), transaction.atomic():
        CounterCode.objects.create(
            space=stranger.space, **values | {"code_digest": "other"} | fields
        )


def test_the_database_refuses_a_second_code_of_a_space(citizen, agent):
    values = {"space": citizen.space, "given_by": agent, "document": PASSPORT}
    CounterCode.objects.create(code_digest="one", **values)

    with pytest.raises(IntegrityError), transaction.atomic():
        CounterCode.objects.create(code_digest="two", **values)


def test_a_space_that_somebody_has_entered_is_no_longer_never_opened(client, citizen):
    prepared = make_citizen(None)
    entered = make_citizen(None)
    User.objects.filter(pk=entered.pk).update(last_login=timezone.now())
    with_password = make_citizen(None)
    with_password.set_password("quatre chevaux au galop")
    with_password.save()
    with_passkey = make_citizen(None)
    with_passkey.authenticator_set.create(type="webauthn", data={})

    assert counter.is_never_opened(prepared.space)
    for user in (citizen, entered, with_password, with_passkey):
        user.refresh_from_db()
        assert not counter.is_never_opened(user.space)


# --- The agent's page ---


def url_of(space):
    return reverse("admin:accounts_personalspace_give_code", args=[space.pk])


def make_agent_who_may(*codenames):
    agent = make_agent("guichet@rivemont.example")
    agent.is_superuser = False
    agent.save()
    agent.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return agent


@pytest.mark.parametrize("right", ["view_personalspace", "give_counter_code"])
def test_nobody_without_both_rights_gives_a_code(client, citizen, stranger, right):
    page = url_of(citizen.space)

    for method in (client.get, client.post):
        assert method(page, {"document": "passport"}).status_code == 302  # to the agents' door
    for person in (citizen, stranger):
        client.force_login(person)
        assert client.post(page, {"document": "passport"}).status_code == 302
    sign_in_agent(client, make_agent_who_may(right))
    for method in (client.get, client.post):
        assert method(page, {"document": "passport"}).status_code == 403

    assert not CounterCode.objects.exists()


def test_who_may_only_look_sees_no_way_to_give_a_code(client, citizen):
    sign_in_agent(client, make_agent_who_may("view_personalspace"))
    change = reverse("admin:accounts_personalspace_change", args=[citizen.space.pk])

    assert url_of(citizen.space) not in client.get(change).content.decode()


def test_an_agent_with_the_right_sees_the_code_once(client, citizen):
    agent = make_agent_who_may("view_personalspace", "give_counter_code")
    sign_in_agent(client, agent)
    change = reverse("admin:accounts_personalspace_change", args=[citizen.space.pk])
    page = url_of(citizen.space)

    assert page in client.get(change).content.decode()
    assert client.get(page).status_code == 200
    assert not CounterCode.objects.exists()  # a GET changes nothing
    response = client.post(page, {"document": "passport"})

    code = response.context["code"]
    assert code in response.content.decode()
    assert "no-store" in response["Cache-Control"]
    assert counter.find_code(code).given_by == agent
    assert code not in client.get(page).content.decode()
    given = citizen.journal.get(kind=JournalKind.COUNTER_CODE_GIVEN)
    assert (given.actor, given.capacity) == (agent, "administration")
    assert citizen.journal.filter(kind=JournalKind.FILE_OPENED, actor=agent).count() == 1


@pytest.mark.parametrize("data", [{}, {"document": "library_card"}])
def test_without_a_document_there_is_no_code(client, agent, citizen, data):
    sign_in_agent(client, agent)

    response = client.post(url_of(citizen.space), data)

    assert response.context["form"].errors["document"]
    assert not CounterCode.objects.exists()


def test_no_code_is_given_for_a_blocked_space(client, agent, citizen):
    User.objects.filter(pk=citizen.pk).update(is_active=False)
    sign_in_agent(client, agent)

    response = client.post(url_of(citizen.space), {"document": "passport"})

    assert "Rien n’a été créé" in response.content.decode()
    assert not CounterCode.objects.exists()


def test_a_space_that_does_not_exist_is_not_found(client, agent):
    sign_in_agent(client, agent)

    assert client.get("/admin/accounts/personalspace/999/code-acces/").status_code == 404
