"""Opening a space with an e-mail and a password, signing in, getting back in."""

import datetime
import re
import time

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.test import Client

from accounts.models import JournalEntry, JournalKind, PersonalSpace, User
from tests.accounts.factories import PASSWORD, make_citizen

ADA = {
    "email": "Ada.Verne@rivemont.example",
    "password1": "un hibou sur le clocher",
    "birth_family_name": "VERNE",
    "usual_name": "",
    "given_names": "Ada, Marie Lou",
    "birthdate": "24/08/1990",
    "street": "3 rue des Tilleuls",
    "street_extra": "",
    "postcode": "44000",
    "city": "Nantes",
    "country": "France",
    "phone": "06 12 34 56 78",
}


def code_in(mail):
    return re.search(r"\b(\d{6})\b", mail.message).group(1)


def sign_up(client, **changes):
    return client.post("/inscription/", ADA | changes)


def user_id(client):
    return client.session.get("_auth_user_id")


def test_a_space_is_opened_by_the_code_typed_in_the_same_browser(client, db, mails):
    response = sign_up(client)
    assert response["Location"] == "/verification-adresse/"
    assert User.objects.get().email is None

    response = client.post("/verification-adresse/", {"code": code_in(mails()[0])})

    user, space = User.objects.get(), PersonalSpace.objects.get()
    assert response["Location"] == "/mon-espace/"
    assert user_id(client) == str(user.pk)
    assert user.email == "ada.verne@rivemont.example"
    assert space.given_names == ["Ada", "Marie Lou"]
    assert space.birthdate == datetime.date(1990, 8, 24)
    assert space.birthdate_text == "1990-08-24"
    assert space.contact_email == "ada.verne@rivemont.example"
    assert list(JournalEntry.objects.values_list("kind", flat=True)) == [
        JournalKind.SIGNED_IN,
        JournalKind.SPACE_CREATED,
    ]


def test_the_code_is_in_the_body_only(client, db, mails):
    sign_up(client)

    code = code_in(mails()[0])
    assert code not in mails()[0].subject
    assert "VERNE" not in mails()[0].subject
    assert code in mails()[0].html_message


def test_the_code_opens_nothing_in_another_browser(client, db, mails):
    sign_up(client)
    other = Client()

    other.post("/verification-adresse/", {"code": code_in(mails()[0])})

    assert user_id(other) is None
    assert not EmailAddress.objects.get().verified


def test_the_code_dies_after_five_tries(client, db, mails):
    sign_up(client)
    for _ in range(5):
        client.post("/verification-adresse/", {"code": "000000"})

    client.post("/verification-adresse/", {"code": code_in(mails()[0])})

    assert user_id(client) is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "pas une adresse"),
        ("password1", "court"),
        ("password1", "123456789012345"),
        ("password1", "passwordpassword"[:8]),
        ("birth_family_name", ""),
        ("birth_family_name", "X" * 256),
        ("birth_family_name", "a\x00b"),
        ("given_names", " , "),
        ("birthdate", "31/02/1990"),
        ("birthdate", "hier"),
        ("birthdate", "24/08/2999"),
        ("birthdate", "24/08/1789"),
        ("postcode", ""),
        ("city", ""),
        ("phone", "appelez-moi"),
    ],
)
def test_bad_input_is_said_at_its_field_and_keeps_the_rest(client, db, field, value):
    response = sign_up(client, **{field: value})

    assert response.status_code == 200
    assert list(response.context["form"].errors) == [field]
    assert "3 rue des Tilleuls" in response.content.decode()
    assert not User.objects.exists()


def test_the_answer_is_the_same_when_the_account_exists(client, citizen, mails):
    known = sign_up(client, email=citizen.email)
    known_page = client.get(known["Location"])
    unknown_client = Client()
    unknown = sign_up(unknown_client)
    unknown_page = unknown_client.get(unknown["Location"])

    assert known["Location"] == unknown["Location"]
    assert neutral(known_page, citizen.email) == neutral(unknown_page, ADA["email"].lower())
    assert User.objects.count() == 2
    assert not re.search(r"\b\d{6}\b", mails()[0].message)


def neutral(response, email):
    text = response.content.decode().replace(email, "")
    return re.sub(r'value="\w{64}"', "", text)


def test_an_unverified_stranger_does_not_hold_somebodys_address(client, db, mails):
    squatter = Client()
    with time_machine.travel(time.time() - 60):
        sign_up(squatter, birth_family_name="SQUATTEUR")

    sign_up(client)
    response = client.post("/verification-adresse/", {"code": code_in(mails()[1])})

    assert response["Location"] == "/mon-espace/"
    assert User.objects.get(email="ada.verne@rivemont.example").space.birth_family_name == "VERNE"
    squatter.post("/verification-adresse/", {"code": code_in(mails()[0])})
    assert user_id(squatter) is None


def test_an_address_verified_twice_at_once_is_refused_without_a_crash(client, db, mails):
    sign_up(client)
    other = Client()
    sign_up(other, email="autre.adresse@rivemont.example")
    make_citizen("autre.adresse@rivemont.example")

    response = other.post("/verification-adresse/", {"code": code_in(mails()[1])})

    assert response.status_code == 200
    assert user_id(other) is None


def test_signing_in_and_out(client, citizen):
    client.get("/")
    response = client.post("/connexion/", {"login": citizen.email.upper(), "password": PASSWORD})
    assert response["Location"] == "/mon-espace/"

    assert client.get("/deconnexion/").status_code == 200
    assert user_id(client) == str(citizen.pk)
    assert client.post("/deconnexion/")["Location"] == "/"
    assert user_id(client) is None


def test_signing_in_leads_to_the_page_asked_for(client, citizen):
    asked = client.get("/mon-espace/profil/")
    response = client.post(
        asked["Location"],
        {"login": citizen.email, "password": PASSWORD, "next": "/mon-espace/profil/"},
    )

    assert response["Location"] == "/mon-espace/profil/"


@pytest.mark.parametrize("next_url", ["https://evil.example", "//evil.example"])
def test_signing_in_never_leads_elsewhere(client, citizen, next_url):
    response = client.post(
        "/connexion/", {"login": citizen.email, "password": PASSWORD, "next": next_url}
    )

    assert response["Location"] == "/mon-espace/"


def test_a_wrong_password_and_an_unknown_email_get_the_same_answer(client, citizen):
    wrong = client.post("/connexion/", {"login": citizen.email, "password": "faux"})
    unknown = client.post("/connexion/", {"login": "x@rivemont.example", "password": "faux"})

    assert wrong.context["form"].non_field_errors() == unknown.context["form"].non_field_errors()
    assert wrong.status_code == unknown.status_code == 200


def test_guessing_a_password_is_stopped(client, citizen):
    for _ in range(5):
        client.post("/connexion/", {"login": citizen.email, "password": "faux"})

    response = client.post("/connexion/", {"login": citizen.email, "password": PASSWORD})

    assert response.status_code == 200
    assert user_id(client) is None
    assert "cinq minutes" in str(response.context["form"].non_field_errors())


def test_a_blocked_person_does_not_enter(client, citizen):
    User.objects.update(is_active=False)

    response = client.post("/connexion/", {"login": citizen.email, "password": PASSWORD})

    assert response["Location"] == "/acces-bloque/"
    assert client.get("/acces-bloque/").status_code == 200
    assert user_id(client) is None


def test_an_agent_does_not_enter_by_the_citizens_door(client, agent):
    EmailAddress.objects.create(user=agent, email=agent.email, verified=True, primary=True)

    right = client.post("/connexion/", {"login": agent.email, "password": PASSWORD})
    wrong = client.post("/connexion/", {"login": "nul@rivemont.example", "password": PASSWORD})

    assert user_id(client) is None
    assert right.status_code == wrong.status_code == 200
    assert right.context["form"].errors == wrong.context["form"].errors


def test_a_lost_password_is_replaced_by_a_code(client, citizen, mails):
    response = client.post("/mot-de-passe-oublie/", {"email": citizen.email})
    assert response["Location"] == "/mot-de-passe-oublie/code/"

    response = client.post(response["Location"], {"code": code_in(mails()[0])})
    assert response["Location"] == "/mot-de-passe-oublie/nouveau/"
    client.post(response["Location"], {"password1": "une nouvelle phrase secrète"})

    citizen.refresh_from_db()
    assert citizen.check_password("une nouvelle phrase secrète")
    assert JournalKind.PASSWORD_CHANGED in citizen.journal.values_list("kind", flat=True)
    assert len(mails()) == 2


def test_a_lost_password_ends_the_other_sessions(client, citizen, mails):
    thief = Client()
    thief.post("/connexion/", {"login": citizen.email, "password": PASSWORD})
    client.post("/mot-de-passe-oublie/", {"email": citizen.email})
    client.post("/mot-de-passe-oublie/code/", {"code": code_in(mails()[0])})
    client.post("/mot-de-passe-oublie/nouveau/", {"password1": "une nouvelle phrase secrète"})

    assert thief.get("/mon-espace/")["Location"].startswith("/connexion/")


@pytest.mark.parametrize("kind", ["unknown", "unverified", "without password", "agent"])
def test_a_lost_password_says_the_same_to_everybody(client, citizen, mails, kind):
    email = "quelqu.un@rivemont.example"
    if kind == "unverified":
        user = make_citizen(None)
        EmailAddress.objects.create(user=user, email=email, verified=False, primary=True)
    elif kind == "without password":
        user = make_citizen(email)
        user.set_unusable_password()
        user.save()
    elif kind == "agent":
        User.objects.create_superuser(email, PASSWORD)
    known = client.post("/mot-de-passe-oublie/", {"email": citizen.email})
    known_page = client.get(known["Location"])
    other_client = Client()
    other = other_client.post("/mot-de-passe-oublie/", {"email": email})
    other_page = other_client.get(other["Location"])

    assert known["Location"] == other["Location"]
    assert neutral(known_page, citizen.email) == neutral(other_page, email)
    assert not re.search(r"\b\d{6}\b", mails()[1].message)
    assert "FranceConnect" in mails()[1].message
    response = other_client.post("/mot-de-passe-oublie/code/", {"code": ""})
    assert response.status_code == 200
