"""Every address of the admin, asked by every role: each opens its own pages, and no other.

A page that somebody adds later is refused to every role until it is named here.
"""

from importlib import import_module

import pytest
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from accounts import journal
from accounts.models import (
    CounterCodeRequest,
    Duplicate,
    DuplicateKind,
    IdentityDocument,
    JournalKind,
    User,
)
from espace_citoyens import roles
from tests.accounts.agents import sign_in_agent
from tests.accounts.factories import PASSWORD, make_agent, make_citizen

MIGRATION = import_module("espace_citoyens.migrations.0003_roles")
WELCOME, CASES, PORTAL, OFFICER = MIGRATION.ROLES
DOOR = {"login", "agent_second_factor", "agent_enrol", "agent_invitation", "agent_leave"}
# For whoever is in: their own access, and what explains the roles.
OWN = {
    *("index", "app_list", "jsi18n", "password_change", "password_change_done", "logout"),
    *("agent_access", "agent_recovery_codes", "agent_factor_change", "agent_session_end"),
    "auth_group_changelist",
}
FILE = {"accounts_personalspace_changelist", "accounts_personalspace_change"}
FILE |= {"accounts_personalspace_history"}
TOWN = {f"espace_citoyens_town_{name}" for name in ("changelist", "preview", "publish", "discard")}
PLATFORM = {
    "franceconnect_activation",
    *(f"franceconnect_activation_{name}" for name in ("changelist", "switch", "test", "artwork")),
    *(f"franceconnect_activation_{name}" for name in ("artwork_removal", "maintenance")),
    "franceconnect_activation_maintenance_removal",
}
PAIRS = {f"accounts_duplicate_{name}" for name in ("changelist", "compare", "take", "leave")}
PAIRS |= {f"accounts_duplicate_{name}" for name in ("dismiss", "merge", "preview", "undo")}
PAGES = {
    WELCOME: FILE
    | {f"accounts_personalspace_{name}" for name in ("check_identity", "end_sessions")}
    | {f"accounts_personalspace_{name}" for name in ("resend_mail", "give_code", "cancel_code")}
    | {"accounts_countercoderequest_changelist"},
    CASES: FILE
    | PAIRS
    | {
        f"accounts_personalspace_{name}" for name in ("correct", "block", "unblock", "end_sessions")
    },
    PORTAL: TOWN
    | PLATFORM
    | {"espace_citoyens_dashboard"}
    | {f"accounts_user_{name}" for name in ("changelist", "add", "change", "history")}
    | {f"accounts_user_{name}" for name in ("invite", "recover")},
    OFFICER: FILE
    | {f"accounts_personalspace_{name}" for name in ("start_erasure", "stop_erasure", "export")}
    | {f"accounts_journalentry_{name}" for name in ("changelist", "change", "history")}
    | {"espace_citoyens_dashboard"},
    "no role": set(),
}


def named_routes(patterns):
    for pattern in patterns:
        if hasattr(pattern, "url_patterns"):
            yield from named_routes(pattern.url_patterns)
        elif pattern.name:
            yield pattern.name, tuple(pattern.pattern.converters)


ROUTES = dict(named_routes(admin.site.get_urls()))


@pytest.fixture
def town_roles(db):
    """As a new town receives them: the tables of the tests may have been emptied since."""
    Group.objects.all().delete()
    MIGRATION.make_roles(apps, None)


def agent_of(role: str) -> User:
    agent = User.objects.create_user("un.agent@rivemont.example", PASSWORD, is_staff=True)
    if role in MIGRATION.ROLES:
        agent.groups.add(Group.objects.get(name=role))
    return agent


@pytest.fixture
def rows(town_roles):
    """One row of everything that an address may name, by the part of its name that says so."""
    citizen, other = make_citizen(), make_citizen("autre@rivemont.example")
    colleague = User.objects.create_user("collegue@rivemont.example", None, is_staff=True)
    boss = make_agent("chef@rivemont.example")
    first, second = sorted([citizen.space.pk, other.space.pk])
    line = journal.record(
        JournalKind.MAIL_SENT, citizen=citizen, code="accounts/email/space_opened"
    )
    Authenticator.objects.create(user=citizen, type="totp", data={})
    CounterCodeRequest.objects.create(
        space=citizen.space, asked_by=boss, document=IdentityDocument.PASSPORT
    )
    return {
        "accounts_user": colleague.pk,
        "accounts_personalspace": citizen.space.pk,
        "accounts_journalentry": line.pk,
        "accounts_duplicate": Duplicate.objects.create(
            first_id=first, second_id=second, kind=DuplicateKind.SAME
        ).pk,
        "auth_group": Group.objects.get(name=WELCOME).pk,
    }


def address_of(name: str, rows: dict) -> str:
    if name == "app_list":
        return "/admin/accounts/"
    model = "_".join(name.split("_")[:2])
    values = {
        "app_label": "accounts",
        "line": rows["accounts_journalentry"],
        "name": "franceconnect",
    }
    values |= dict.fromkeys(("object_id", "pk", "id"), rows.get(model, 1))
    return reverse(f"admin:{name}", kwargs={key: values[key] for key in ROUTES[name]})


def is_refused(response) -> bool:
    return response.status_code == 403 or "/admin/login/" in response.get("Location", "")


@pytest.mark.parametrize("role", PAGES)
def test_each_role_opens_its_own_pages_and_no_other(role, rows):
    client = sign_in_agent(Client(), agent_of(role))
    opened = set()

    for name in sorted(set(ROUTES) - DOOR - OWN - {"autocomplete", "view_on_site"}):
        # An empty form of their account blocks them.
        User.objects.filter(pk=rows["accounts_user"]).update(is_active=True)
        responses = [client.get(address_of(name, rows)), client.post(address_of(name, rows))]
        assert all(response.status_code < 500 for response in responses), name
        # A page that only answers a form refuses a look in its own way (405).
        if not all(is_refused(response) or response.status_code == 405 for response in responses):
            opened.add(name)

    assert opened == PAGES[role]


@pytest.mark.parametrize("who", ["a visitor", "a citizen", "a citizen made an agent"])
def test_nobody_opens_anything_without_passing_the_door(who, rows):
    client = Client()
    if who != "a visitor":
        citizen = make_citizen("encore@rivemont.example")
        client.post("/connexion/", {"login": citizen.email, "password": PASSWORD})
        if who == "a citizen made an agent":
            User.objects.filter(pk=citizen.pk).update(is_staff=True, is_superuser=True)

    for name in set(ROUTES) - DOOR - {"view_on_site"}:
        for response in (client.get(address_of(name, rows)), client.post(address_of(name, rows))):
            assert is_refused(response) or response.status_code in (404, 405) or name == "logout"


def test_the_roles_of_a_new_town_hold_rights_that_exist_and_are_explained(town_roles):
    for name, rights in MIGRATION.ROLES.items():
        assert set(roles.names_of(Group.objects.get(name=name))) == set(rights)
        assert roles.PURPOSES[name]


def test_every_right_that_is_explained_exists(db):
    assert roles.permissions_named(roles.WORDS).count() == len(roles.WORDS)


def test_a_role_of_the_town_that_is_there_already_stays(db):
    Group.objects.all().delete()
    Group.objects.create(name=WELCOME)

    MIGRATION.make_roles(apps, None)

    assert not Group.objects.get(name=WELCOME).permissions.exists()


def test_every_agent_reads_what_the_roles_allow(rows):
    page = sign_in_agent(Client(), agent_of("no role")).get(reverse("admin:auth_group_changelist"))

    text = page.content.decode()
    assert "Délégué à la protection des données" in text
    assert "Exporter une liste de personnes" in text
    assert "Modifier la qualité" not in text


def test_somebody_with_every_right_changes_a_role_and_it_is_journalled(rows, client):
    boss = User.objects.get(is_superuser=True)
    url = address_of("auth_group_change", rows)
    sign_in_agent(client, boss)

    page = client.get(url)
    client.post(url, {"name": "accueil", "rights": ["accounts.view_personalspace"]})

    assert "Remettre un code d’accès" in page.content.decode()
    assert roles.names_of(Group.objects.get(name=WELCOME)) == ["accounts.view_personalspace"]
    line = journal.own_lines(boss).get(kind=JournalKind.SETTINGS_CHANGED)
    assert (line.actor, line.code) == (boss, "roles")


def test_a_right_that_is_not_explained_is_not_given(rows, client):
    sign_in_agent(client, User.objects.get(is_superuser=True))

    response = client.post(
        address_of("auth_group_change", rows), {"name": "accueil", "rights": ["auth.add_group"]}
    )

    assert "rights" in response.context["adminform"].form.errors


def test_the_page_of_roles_costs_the_same_whatever_their_number(
    rows, client, django_assert_max_num_queries
):
    sign_in_agent(client, User.objects.get(is_superuser=True))
    for number in range(8):
        Group.objects.create(name=f"service {number}").permissions.set(
            roles.permissions_named(list(roles.WORDS)[:number])
        )

    with django_assert_max_num_queries(8):
        client.get(reverse("admin:auth_group_changelist"))
