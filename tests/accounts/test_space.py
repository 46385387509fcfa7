"""The personal space: its pages, what may be changed, by whom, and how it goes."""

import time

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import Client

from accounts import journal, services
from accounts.models import (
    JournalEntry,
    JournalKind,
    PersonalSpace,
    Provenance,
    User,
)
from tests.accounts.agents import sign_in_agent
from tests.accounts.factories import PASSWORD
from tests.accounts.test_sign_up import code_in

PAGES = [
    "/mon-espace/",
    "/mon-espace/profil/",
    "/mon-espace/profil/modifier/",
    "/mon-espace/identifiants/",
    "/mon-espace/profil/adresse-e-mail/",
    "/mon-espace/identifiants/adresse-e-mail/",
    "/mon-espace/identifiants/mot-de-passe/",
    "/mon-espace/mes-donnees/",
    "/mon-espace/supprimer/",
    "/franceconnect/certifier/",
    "/franceconnect/dissocier/",
    "/confirmation-identite/",
    "/mon-espace/identifiants/sessions/",
    "/mon-espace/identifiants/sessions/fermer-les-autres/",
]
CHANGES = {
    "birth_family_name": "PERRER",
    "usual_name": "",
    "given_names": "Ines",
    "birthdate": "12/04/1985",
    "contact_email": "nouvelle@rivemont.example",
    "phone": "",
    "street": "1 place de la Mairie",
    "street_extra": "",
    "postcode": "44100",
    "city": "Nantes",
    "country": "France",
}


def sign_in(client, citizen):
    client.post("/connexion/", {"login": citizen.email, "password": PASSWORD})


def prove_again(client):
    client.post("/confirmation-identite/", {"password": PASSWORD, "next": "/mon-espace/"})


@pytest.fixture
def owner(client, citizen):
    sign_in(client, citizen)
    prove_again(client)
    return client


@pytest.mark.parametrize("page", PAGES)
def test_each_page_is_shown_to_its_owner_alone(owner, stranger, agent, page):
    other, staff = Client(), Client()
    sign_in(other, stranger)
    prove_again(other)
    sign_in_agent(staff, agent)

    assert Client().get(page)["Location"].startswith("/connexion/")
    mine, theirs = owner.get(page), other.get(page)
    assert mine.status_code == theirs.status_code == 200
    assert "ROUSSET" not in mine.content.decode()
    assert "PERRER" not in theirs.content.decode()
    assert staff.get(page).status_code in (302, 403)


@pytest.mark.parametrize("page", PAGES)
def test_no_page_is_kept_by_a_cache(owner, page):
    assert "no-store" in owner.get(page).get("Cache-Control", "")


def test_a_get_changes_nothing(owner, citizen):
    before = snapshot()

    for page in [*PAGES, "/deconnexion/", "/inscription/", "/mot-de-passe-oublie/"]:
        owner.get(page)

    assert snapshot() == before


def snapshot():
    return (
        list(User.objects.values()),
        list(PersonalSpace.objects.values()),
        list(JournalEntry.objects.values()),
        list(EmailAddress.objects.values()),
    )


def test_mon_espace_says_how_the_session_was_opened(owner):
    response = owner.get("/mon-espace/")

    assert response.context["opening"].label == "mot de passe"
    assert len(response.context["recent_sign_ins"]) == 1


def test_a_profile_is_changed_and_dated(owner, citizen):
    response = owner.post("/mon-espace/profil/modifier/", CHANGES)

    space = PersonalSpace.objects.get(user=citizen)
    assert response["Location"] == "/mon-espace/profil/adresse-e-mail/"
    assert space.street == "1 place de la Mairie"
    assert space.contact_email == "ines.perrer@rivemont.example"
    assert space.address_provenance_at > space.created_at
    assert space.identity_provenance_at < space.address_provenance_at
    assert citizen.journal.first().kind == JournalKind.PROFILE_CHANGED
    citizen.refresh_from_db()
    assert citizen.email == "ines.perrer@rivemont.example"


def test_saving_a_profile_unchanged_writes_nothing(owner, citizen):
    page = owner.get("/mon-espace/profil/modifier/")
    values = {
        name: field.field.prepare_value(field.value()) or ""
        for name, field in ((bound.name, bound) for bound in page.context["form"])
    }
    values["birthdate"] = "12/04/1985"
    owner.post("/mon-espace/profil/modifier/", values)

    assert JournalKind.PROFILE_CHANGED not in citizen.journal.values_list("kind", flat=True)


@pytest.mark.parametrize("provenance", [Provenance.FRANCECONNECT, Provenance.COUNTER])
def test_a_certified_identity_is_read_only_by_form_and_by_forged_post(owner, citizen, provenance):
    PersonalSpace.objects.update(identity_provenance=provenance)

    page = owner.get("/mon-espace/profil/modifier/")
    owner.post(
        "/mon-espace/profil/modifier/",
        CHANGES | {"birth_family_name": "FAUX", "given_names": "Faux", "birthdate": "01/01/2000"},
    )

    space = PersonalSpace.objects.get(user=citizen)
    assert not {"birth_family_name", "given_names", "birthdate"} & set(page.context["form"].fields)
    assert (space.birth_family_name, space.given_names) == ("PERRER", ["Ines"])
    assert space.birthdate_text == "1985-04-12"
    assert space.street == "1 place de la Mairie"


def test_the_service_itself_keeps_a_certified_identity(citizen):
    PersonalSpace.objects.update(identity_provenance=Provenance.FRANCECONNECT)

    services.update_space(citizen.space, {"birth_family_name": "FAUX", "usual_name": "DUMAS"})

    space = PersonalSpace.objects.get(user=citizen)
    assert space.birth_family_name == "PERRER"
    assert space.usual_name == "DUMAS"


def test_a_certified_usual_name_is_kept_too(citizen):
    PersonalSpace.objects.update(
        identity_provenance=Provenance.FRANCECONNECT,
        usual_name="DUMAS",
        usual_name_is_certified=True,
    )

    services.update_space(citizen.space, {"usual_name": "FAUX"})

    assert PersonalSpace.objects.get(user=citizen).usual_name == "DUMAS"


def test_the_password_is_changed(owner, citizen):
    response = owner.post(
        "/mon-espace/identifiants/mot-de-passe/",
        {"oldpassword": PASSWORD, "password1": "une toute autre phrase"},
    )

    citizen.refresh_from_db()
    assert response["Location"] == "/mon-espace/identifiants/"
    assert citizen.check_password("une toute autre phrase")
    assert owner.get("/mon-espace/").status_code == 200


def test_the_password_is_not_changed_without_the_present_one(owner, citizen):
    response = owner.post(
        "/mon-espace/identifiants/mot-de-passe/",
        {"oldpassword": "faux", "password1": "une toute autre phrase"},
    )

    assert list(response.context["form"].errors) == ["oldpassword"]
    citizen.refresh_from_db()
    assert citizen.check_password(PASSWORD)


def test_the_login_email_changes_when_its_code_is_typed(owner, citizen, mails):
    response = owner.post(
        "/mon-espace/identifiants/adresse-e-mail/",
        {"email": "neuve@rivemont.example", "action_add": "1"},
    )
    assert response["Location"] == "/verification-adresse/"
    citizen.refresh_from_db()
    assert citizen.email == "ines.perrer@rivemont.example"

    owner.post("/verification-adresse/", {"code": code_in(mails()[-1])})

    citizen.refresh_from_db()
    assert citizen.email == "neuve@rivemont.example"
    assert list(EmailAddress.objects.values_list("email", "verified", "primary")) == [
        ("neuve@rivemont.example", True, True)
    ]
    assert "ines.perrer@rivemont.example" in [mail.to[0] for mail in mails()]
    assert citizen.journal.first().kind == JournalKind.EMAIL_CHANGED


def test_the_login_email_of_another_cannot_be_taken(owner, citizen, stranger, mails):
    response = owner.post(
        "/mon-espace/identifiants/adresse-e-mail/", {"email": stranger.email, "action_add": "1"}
    )

    assert response["Location"] == "/verification-adresse/"
    owner.post("/verification-adresse/", {"code": "123456"})
    citizen.refresh_from_db()
    assert citizen.email == "ines.perrer@rivemont.example"


def test_sensitive_pages_ask_again_after_ten_minutes(owner):
    with time_machine.travel(time.time() + 601):
        for page in ("/mon-espace/identifiants/adresse-e-mail/", "/mon-espace/supprimer/"):
            assert owner.get(page)["Location"].startswith("/confirmation-identite/")


# --- The database has the last word ---


def test_two_citizens_may_share_a_contact_email(citizen, stranger):
    PersonalSpace.objects.update(contact_email="foyer@rivemont.example")

    assert PersonalSpace.objects.filter(contact_email="foyer@rivemont.example").count() == 2


def test_a_login_email_is_unique_whatever_its_case(citizen):
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create_user("INES.PERRER@rivemont.example")
    with pytest.raises(IntegrityError), transaction.atomic():
        User(email="Ines.Perrer@rivemont.example", password="!").save()


def test_many_people_have_no_login_email(db):
    User.objects.create_user()
    User.objects.create_user()

    assert User.objects.filter(email__isnull=True).count() == 2


@pytest.mark.parametrize(
    "fields",
    [
        {"gender": "x"},
        {"identity_provenance": "x"},
        {"contact_provenance": "franceconnect"},
        {"address_provenance": "franceconnect"},
        {"birth_family_name": ""},
        {
            "identity_provenance": "franceconnect",
            "identity_certified_until": "2026-01-01T00:00:00+00:00",
        },
    ],
)
def test_a_space_that_makes_no_sense_is_refused(citizen, fields):
    with pytest.raises(IntegrityError), transaction.atomic():
        PersonalSpace.objects.update(**fields)


def test_a_citizen_has_one_space(citizen):
    with pytest.raises(IntegrityError), transaction.atomic():
        PersonalSpace.objects.create(user=citizen, birth_family_name="X", given_names=["X"])


def test_the_journal_is_append_only_even_in_sql(citizen):
    entry = journal.record(JournalKind.SIGNED_IN, citizen=citizen)

    with pytest.raises(TypeError):
        entry.save()
    with pytest.raises(TypeError):
        JournalEntry.objects.update(code="changed")
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_journalentry SET code = 'changed'")


def test_str_and_repr_show_no_personal_datum(citizen):
    for item in (citizen, citizen.space, journal.record(JournalKind.SIGNED_IN, citizen=citizen)):
        assert "PERRER" not in f"{item} {item!r}"
        assert "rivemont" not in f"{item} {item!r}"


def test_a_reference_can_be_read_aloud(citizen):
    assert len(citizen.space.reference) == 9
    assert not set(citizen.space.reference) & set("AEIOUYL01")
