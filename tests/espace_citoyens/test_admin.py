"""The agents' door, and what is behind it."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.urls import reverse

from accounts import journal
from accounts.models import JournalKind, User
from espace_citoyens.models import Town
from franceconnect.models import Link
from tests.accounts.agents import sign_in_agent
from tests.accounts.factories import PASSWORD, make_agent


@pytest.fixture
def inside(client, agent):
    sign_in_agent(client, agent)
    return client


@pytest.fixture
def rows(citizen):
    Link.objects.create(issuer="https://fc.example", sub="the-sub", citizen=citizen, level="eidas1")
    journal.record(JournalKind.SIGNED_IN, citizen=citizen)
    Town.objects.create(name="Ville de Rivemont")


def test_people_are_searched_for_and_not_browsed(inside, citizen, rows):
    url = reverse("admin:accounts_journalentry_changelist")

    empty = inside.get(url)
    found = inside.get(url, {"q": citizen.space.reference})

    assert empty.context["cl"].result_count == 0
    assert found.context["cl"].result_count == 1
    assert "the-sub" not in found.content.decode()


def test_citizens_data_are_read_only(inside, citizen, rows):
    url = reverse("admin:accounts_personalspace_change", args=[citizen.space.pk])

    page = inside.get(url)
    inside.post(url, {"birth_family_name": "FAUX", "level": "eidas3"})

    citizen.space.refresh_from_db()
    assert page.status_code == 200
    assert "the-sub" not in page.content.decode()
    assert citizen.space.birth_family_name == "PERRER"
    for name, args in (("delete", [citizen.space.pk]), ("add", [])):
        response = inside.post(reverse(f"admin:accounts_personalspace_{name}", args=args))
        assert response.status_code == 403


def test_the_journal_has_no_add_change_or_delete(inside, citizen, rows):
    for action in ("add", "change", "delete"):
        args = [] if action == "add" else [citizen.journal.get().pk]
        url = reverse(f"admin:accounts_journalentry_{action}", args=args)
        assert inside.post(url).status_code == 403


def test_agents_are_listed_without_citizens(inside, agent, citizen):
    response = inside.get(reverse("admin:accounts_user_changelist"))

    assert list(response.context["cl"].result_list) == [agent]
    assert inside.get(reverse("admin:accounts_user_change", args=[citizen.pk])).status_code == 302


def test_an_agent_is_added(inside):
    inside.post(
        reverse("admin:accounts_user_add"),
        {"email": "Nouvel.Agent@rivemont.example"},
    )

    user = User.objects.get(email="nouvel.agent@rivemont.example")
    assert user.is_staff
    assert not user.has_usable_password()
    assert not hasattr(user, "space")


def test_two_agents_cannot_share_an_email(inside):
    make_agent("deux@rivemont.example")

    response = inside.post(
        reverse("admin:accounts_user_add"),
        {"email": "DEUX@rivemont.example"},
    )

    assert "email" in response.context["adminform"].form.errors


@pytest.mark.parametrize(
    "page",
    [
        "index",
        "accounts_user_changelist",
        "accounts_user_add",
        "accounts_countercoderequest_changelist",
        "accounts_personalspace_changelist",
        "accounts_journalentry_changelist",
        "espace_citoyens_town_changelist",
        "auth_group_changelist",
    ],
)
def test_every_admin_page_opens(inside, rows, page):
    assert inside.get(reverse(f"admin:{page}")).status_code == 200


def test_nothing_else_is_in_the_admin():
    """Queued mails hold one-time codes, and allauth's tables every address."""
    assert {model._meta.label for model in admin.site._registry} == {
        "accounts.User",
        "accounts.CounterCodeRequest",
        "accounts.PersonalSpace",
        "accounts.Duplicate",
        "accounts.JournalEntry",
        "auth.Group",
        "espace_citoyens.Town",
        "franceconnect.Activation",
    }


@pytest.mark.parametrize("term", ['""', "''", '"" ""', "ab", " ", '"a"'])
def test_no_search_lists_everybody(inside, citizen, rows, term):
    response = inside.get(reverse("admin:accounts_journalentry_changelist"), {"q": term})

    assert response.context["cl"].result_count == 0


def test_who_became_an_agent_does_not_enter_with_franceconnect(client, citizen):
    client.force_login(citizen, backend="franceconnect.backends.FranceConnectBackend")
    User.objects.update(is_staff=True, is_superuser=True)

    assert client.get("/admin/").status_code == 302


def test_an_agent_does_not_give_themselves_rights(client, db):
    agent = make_agent("simple@rivemont.example")
    agent.is_superuser = False
    agent.save()
    agent.user_permissions.set(Permission.objects.filter(codename__in=["change_user", "view_user"]))
    sign_in_agent(client, agent)
    url = reverse("admin:accounts_user_change", args=[agent.pk])

    client.post(url, {"email": agent.email, "is_active": "on", "is_superuser": "on"})

    agent.refresh_from_db()
    assert not agent.is_superuser


@pytest.fixture
def manager(db):
    """An agent who looks after the accounts of the others, and nothing else."""
    names = ["view_user", "change_user", "delete_user", "recover_agent"]
    manager = User.objects.create_user("chef@rivemont.example", PASSWORD, is_staff=True)
    manager.user_permissions.set(Permission.objects.filter(codename__in=names))
    return manager


@pytest.mark.parametrize("page", ["change", "recover", "invite", "delete"])
@pytest.mark.parametrize("is_active", [True, False])
@pytest.mark.parametrize("right", ["every", "give_counter_code"])
def test_nobody_enters_as_a_colleague_with_more_rights(client, manager, page, is_active, right):
    other = make_agent("autre@rivemont.example", is_active=is_active)
    if right != "every":
        User.objects.filter(pk=other.pk).update(is_superuser=False)
        other.user_permissions.set(Permission.objects.filter(codename=right))
    sign_in_agent(client, manager)
    sent = {"email": "moi@ailleurs.example", "reason": "motif assez long", "post": "yes"}

    response = client.post(reverse(f"admin:accounts_user_{page}", args=[other.pk]), sent)

    assert response.status_code == 403
    stored = User.objects.get(pk=other.pk)
    assert stored.email == "autre@rivemont.example"
    assert stored.check_password(PASSWORD)


def test_nobody_chooses_the_password_of_a_colleague(inside):
    other = make_agent("autre@rivemont.example")

    assert inside.get(f"/admin/accounts/user/{other.pk}/password/").status_code == 302
    page = inside.get(reverse("admin:accounts_user_change", args=[other.pk]))
    assert b'type="password"' not in page.content


def test_the_address_where_invitations_go_is_moved_by_who_has_every_right(client, manager):
    other = User.objects.create_user("autre@rivemont.example", PASSWORD, is_staff=True)
    sign_in_agent(client, manager)
    url = reverse("admin:accounts_user_change", args=[other.pk])

    client.post(url, {"email": "moi@ailleurs.example", "is_active": "on"})

    other.refresh_from_db()
    assert other.email == "autre@rivemont.example"


def test_an_agent_gives_no_right_to_a_group_of_theirs(client, agent):
    """Whatever Django's own permission on groups says: rights of a group are rights."""
    group = Group.objects.create(name="équipe")
    agent.is_superuser = False
    agent.save()
    agent.groups.add(group)
    agent.user_permissions.set(Permission.objects.filter(content_type__model="group"))
    sign_in_agent(client, agent)
    right = Permission.objects.get(codename="give_counter_code")

    response = client.post(
        reverse("admin:auth_group_change", args=[group.pk]),
        {"name": "équipe", "permissions": [right.pk]},
    )

    assert response.status_code == 403
    assert not group.permissions.exists()
