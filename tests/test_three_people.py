"""Every address of the portal, asked by four people: a visitor, an agent, a stranger, the owner.

A page that somebody adds later is tested from its first day. It is private unless it is named here.
"""

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.core import serializers
from django.test import Client
from django.urls import get_resolver, reverse

from accounts.models import PersonalSpace, User
from accounts.open_sessions import handle_of
from franceconnect.models import Link
from tests.accounts.agents import sign_in_agent
from tests.accounts.factories import PASSWORD, make_citizen

# For everybody: the door, what leads through it, and what says nothing of anybody.
OPEN = {
    "home",
    "help_franceconnect",
    "legal_notice",
    "personal_data",
    "town_colours",
    "town_logo",
    "health_live",
    "health_ready",
    "metrics",
    "account_login",
    "account_logout",
    "account_inactive",
    "account_signup",
    "account_email_verification_sent",
    "account_reset_password",
    "account_confirm_password_reset_code",
    "account_complete_password_reset",
    "account_password_reset_completed",
    "account_confirm_login_code",
    "mfa_authenticate",
    "mfa_login_webauthn",
    "accounts:session_over",
    "counter:code",
    "counter:email",
    "counter:proof",
    "counter:password",
    "franceconnect:start",
    "franceconnect:callback",
    "franceconnect:logout_callback",
    "franceconnect:sector_identifier",
    "franceconnect:plus_start",
    "franceconnect:plus_callback",
    "franceconnect:plus_logout_callback",
    "franceconnect:plus_sector_identifier",
    "franceconnect:plus_jwks",
    "franceconnect:plus_step_up",
    "franceconnect:first_time",
    "franceconnect:code_request",
    "franceconnect:code_entry",
    "franceconnect:counter_code",
    "franceconnect:counter_link",
    "franceconnect:prepared_request",
    "franceconnect:prepared_entry",
    "franceconnect:failure",
    "franceconnect:artwork",
    "franceconnect:plus_artwork",
}
# What names the owner, wherever it shows.
LAST_NAME, PASSKEY_NAME, STREET = "PERRIGAUD-SEUL", "Clef du salon bleu", "977 chemin des Ormes"
EMAIL, PHONE, SUB = "owner.alone@rivemont.example", "+33612345977", "f" * 64
DATA = {LAST_NAME, PASSKEY_NAME, STREET, EMAIL, PHONE, "6 12 34 59 77", SUB}
PASSKEY_PK = 977_977


def named_routes(resolver, namespace=""):
    """The full name of each address, and the parameters that it takes."""
    for pattern in resolver.url_patterns:
        if not hasattr(pattern, "url_patterns"):
            yield namespace + pattern.name, tuple(pattern.pattern.converters)
        elif pattern.namespace != "admin":
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from named_routes(pattern, inner)


ROUTES = dict(named_routes(get_resolver()))
PRIVATE = sorted(set(ROUTES) - OPEN)


def address_of(name: str) -> str:
    return reverse(name, kwargs=dict.fromkeys(ROUTES[name], PASSKEY_PK))


def signed_in(user: User) -> Client:
    client = Client()
    client.post("/connexion/", {"login": user.email, "password": PASSWORD})
    return client


@pytest.fixture
def owner(db, settings) -> User:
    user = make_citizen(
        EMAIL, birth_family_name=LAST_NAME, street=STREET, phone=PHONE, contact_email=EMAIL
    )
    Authenticator.objects.create(
        pk=PASSKEY_PK, user=user, type="webauthn", data={"name": PASSKEY_NAME, "credential": {}}
    )
    Link.objects.create(citizen=user, issuer=settings.FRANCECONNECT["issuer"], sub=SUB)
    return user


def everything_of(user: User) -> str:
    rows = [User.objects.get(pk=user.pk), PersonalSpace.objects.get(user=user)]
    for model in (EmailAddress, Authenticator, UserSession):
        rows += model.objects.filter(user=user).order_by("pk")
    rows += [*Link.objects.filter(citizen=user), *user.journal.order_by("pk")]
    return serializers.serialize("json", rows)


def answers(client: Client, name: str, owner: User):
    """What this browser is answered: to a look, and to a form that names what is the owner's."""
    session = UserSession.objects.filter(user=owner).first()
    form = {
        "session": handle_of(session.session_key) if session else "",
        "next": "https://ailleurs.example/",
        "action": "remove",
    }
    return [client.get(address_of(name)), client.post(address_of(name), form)]


def says(response) -> str:
    body = response.content.decode(errors="replace") if not response.streaming else ""
    return body + str(response.headers)


@pytest.fixture
def staff(agent) -> Client:
    client = Client()
    sign_in_agent(client, agent)
    return client


def test_every_open_address_exists():
    assert set(ROUTES) >= OPEN


@pytest.mark.parametrize("name", PRIVATE)
def test_a_visitor_is_led_to_the_sign_in_page(name, owner):
    for response in answers(Client(), name, owner):
        assert response.status_code == 302
        assert response["Location"].startswith(f"/connexion/?next={address_of(name)}")


@pytest.mark.parametrize("name", sorted(ROUTES))
def test_each_address_answers_its_owner_alone(name, owner, stranger, staff, simulator, plus):
    mine, before = signed_in(owner), everything_of(owner)

    for client in (Client(), signed_in(stranger), staff):
        for response in answers(client, name, owner):
            assert response.status_code < 500
            assert not {datum for datum in DATA if datum in says(response)}
            if client is staff and name in PRIVATE:
                assert response.status_code in {302, 400, 403}
                assert "/confirmation-identite/" not in response.headers.get("Location", "")
    assert everything_of(owner) == before
    for response in answers(mine, name, owner):
        assert response.status_code < 500
        assert "ailleurs.example" not in response.headers.get("Location", "")
