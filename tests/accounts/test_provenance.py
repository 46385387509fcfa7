"""Where each datum comes from, in words and with a date; and what FranceConnect changed since."""

import datetime
import re
from dataclasses import replace

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import services
from accounts.models import JournalKind, PersonalSpace, Provenance
from tests.accounts.agents import sign_in_agent
from tests.accounts.factories import make_citizen
from tests.accounts.test_space import CHANGES, sign_in

PROFILE, FORM = "/mon-espace/profil/", "/mon-espace/profil/modifier/"
SEEN = "/mon-espace/profil/changements-vus/"
DAY = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.UTC)
CERTIFIED = services.Identity(
    birth_family_name="PERRER",
    given_names=("Ines",),
    usual_name="DUMAS",
    gender="female",
    birthdate_text="1985-04-12",
    birthdate=datetime.date(1985, 4, 12),
    birthplace="44109",
    birthcountry="99100",
)


@pytest.fixture
def owner(client, citizen):
    sign_in(client, citizen)
    return client


def words(response):
    """The text of a page, on one line."""
    text = re.sub(r"<[^>]+>", " ", response.content.decode())
    return re.sub(r"\s+", " ", text)


def space_of(citizen):
    return PersonalSpace.objects.get(user=citizen)


@pytest.mark.parametrize("page", [PROFILE, FORM])
@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (
            {"identity_provenance": Provenance.FRANCECONNECT},
            ["certifiée par FranceConnect le 1er mars 2026"],
        ),
        ({"identity_provenance": Provenance.COUNTER}, ["vérifiée en mairie le 1er mars 2026"]),
        (
            {"identity_provenance": Provenance.FRANCECONNECT, "identity_checked_at": DAY},
            ["certifiée par FranceConnect le 1er mars 2026", "vérifiée en mairie le 1er mars 2026"],
        ),
    ],
)
def test_an_identity_says_who_vouches_for_it(owner, page, fields, said):
    PersonalSpace.objects.update(identity_provenance_at=DAY, **fields)

    text = words(owner.get(page))

    for sentence in said:
        assert text.count(sentence) == 1


def test_a_declared_profile_is_dated_group_by_group(owner):
    PersonalSpace.objects.update(
        identity_provenance_at=DAY,
        address_provenance_at=DAY + datetime.timedelta(days=1),
        contact_provenance_at=DAY + datetime.timedelta(days=2),
        contact_email_verified_at=DAY + datetime.timedelta(days=3),
        usual_name="DUMAS",
        usual_name_at=DAY + datetime.timedelta(days=4),
        phone="+33612345678",
    )

    text = words(owner.get(PROFILE))

    assert "Votre identité déclarée le 1er mars 2026" in text
    assert "Votre adresse déclarée le 2 mars 2026" in text
    assert "Vos coordonnées déclarées le 3 mars 2026" in text
    assert "vérifié par un code le 4 mars 2026" in text
    assert "Nom d’usage DUMAS déclaré le 5 mars 2026" in text
    assert "06 12 34 56 78" in text


def test_a_former_certification_says_until_when(owner):
    PersonalSpace.objects.update(identity_certified_until=DAY)

    assert "déclarée (certifiée par FranceConnect jusqu’au 1er mars 2026)" in words(
        owner.get(PROFILE)
    )


def test_each_group_is_dated_when_it_changes_and_alone(owner, citizen):
    PersonalSpace.objects.update(
        identity_provenance_at=DAY, contact_provenance_at=DAY, address_provenance_at=DAY
    )

    owner.post(FORM, CHANGES | {"usual_name": "DUMAS", "contact_email": citizen.email})

    space = space_of(citizen)
    assert space.contact_provenance_at == space.identity_provenance_at == DAY
    assert space.address_provenance_at > DAY
    assert space.usual_name_at > DAY


# --- What FranceConnect sends never overwrites what the citizen chose ---


def test_a_certification_leaves_contact_address_and_a_usual_name_of_one_s_own(db):
    citizen = make_citizen(
        usual_name="DURAND", phone="+33612345678", contact_email="choisie@rivemont.example"
    )
    names = (
        "contact_email",
        "phone",
        *services.ADDRESS_FIELDS,
        "usual_name",
        "contact_provenance_at",
    )
    before = PersonalSpace.objects.values(*names).get()

    services.certify_identity(citizen.space, replace(CERTIFIED, usual_name=""))

    assert PersonalSpace.objects.values(*names).get() == before
    assert not space_of(citizen).usual_name_is_certified


def test_a_certified_usual_name_is_dated_and_then_declared_when_the_tie_ends(citizen):
    services.certify_identity(citizen.space, CERTIFIED)
    certified = space_of(citizen)
    services.end_certification(certified)

    ended = space_of(citizen)
    assert certified.usual_name_is_certified
    assert certified.usual_name_at == certified.identity_provenance_at
    assert (ended.usual_name, ended.usual_name_is_certified) == ("DUMAS", False)
    assert ended.usual_name_at > certified.usual_name_at


def test_a_usual_name_that_becomes_certified_as_it_was_is_no_news(citizen):
    services.certify_identity(citizen.space, replace(CERTIFIED, usual_name=""))
    services.update_space(citizen.space, {"usual_name": "DUMAS"})

    assert services.certify_identity(citizen.space, CERTIFIED) == ()

    assert space_of(citizen).usual_name_is_certified
    assert space_of(citizen).refreshed_parts == []


# --- What FranceConnect changed ---


@pytest.fixture
def certified(citizen):
    services.certify_identity(citizen.space, CERTIFIED)
    return citizen


def test_a_first_certification_is_no_refresh(certified):
    assert space_of(certified).refreshed_parts == []


@pytest.mark.parametrize(
    ("change", "parts", "heading"),
    [
        ({"usual_name": "ROUX"}, ("usual",), "Votre nom d’usage a changé"),
        ({"birth_family_name": "PÉRRER"}, ("family",), "Votre nom de naissance a changé"),
        ({"given_names": ("Inès",)}, ("given",), "Vos prénoms ont changé"),
        ({"gender": "male"}, ("gender",), "Votre sexe a changé"),
        (
            {"birthdate_text": "1985-04-13", "birthdate": datetime.date(1985, 4, 13)},
            ("date",),
            "Votre date de naissance a changé",
        ),
        ({"birthplace": "29019"}, ("place",), "Votre lieu de naissance a changé"),
        ({"usual_name": "ROUX", "gender": "male"}, ("usual", "gender"), "Votre identité a changé"),
    ],
)
def test_a_refreshed_identity_says_which_data_until_it_is_read(
    client, certified, change, parts, heading
):
    assert services.certify_identity(certified.space, replace(CERTIFIED, **change)) == parts
    sign_in(client, certified)

    for page in ("/mon-espace/", PROFILE, "/"):
        assert heading in words(client.get(page))
    assert client.post(SEEN, {"next": PROFILE})["Location"] == PROFILE
    assert heading not in words(client.get("/mon-espace/"))
    assert space_of(certified).refreshed_at is None


def test_two_refreshes_before_a_visit_add_up(certified):
    once = replace(CERTIFIED, gender="male")
    services.certify_identity(certified.space, once)
    services.certify_identity(certified.space, replace(once, usual_name="ROUX"))

    assert space_of(certified).refreshed_parts == ["usual", "gender"]


def test_several_parts_are_told_in_a_sentence(client, certified):
    changes = {"gender": "male", "usual_name": "ROUX", "given_names": ("Inès",)}
    services.certify_identity(certified.space, replace(CERTIFIED, **changes))
    sign_in(client, certified)

    assert "vos prénoms, votre nom d’usage et votre sexe." in words(client.get("/mon-espace/"))


def test_the_names_of_all_parts_fit_in_a_line_of_the_journal():
    assert len(" ".join(services.IDENTITY_PARTS)) <= 40
    fields = [name for names in services.IDENTITY_PARTS.values() for name in names]
    assert sorted(fields) == sorted(services.IDENTITY_FIELDS)


def test_the_word_is_dismissed_by_post_alone_and_leads_nowhere_else(owner, citizen):
    PersonalSpace.objects.update(refreshed_parts=["usual"])

    assert owner.get(SEEN)["Location"] == "/mon-espace/"
    assert space_of(citizen).refreshed_parts == ["usual"]
    assert owner.post(SEEN, {"next": "//mechant.example/"})["Location"] == "/mon-espace/"


def test_nobody_reads_or_dismisses_the_word_of_another(owner, citizen, stranger, agent):
    PersonalSpace.objects.filter(user=citizen).update(refreshed_parts=["usual"])
    other, staff = Client(), Client()
    sign_in(other, stranger)
    sign_in_agent(staff, agent)

    assert "a changé" not in words(other.get("/mon-espace/"))
    assert other.post(SEEN).status_code == 302
    assert staff.post(SEEN).status_code == 403
    assert Client().post(SEEN)["Location"].startswith("/connexion/")
    assert space_of(citizen).refreshed_parts == ["usual"]


def test_the_word_costs_no_query(owner, citizen):
    owner.get("/mon-espace/")
    with CaptureQueriesContext(connection) as without:
        owner.get("/mon-espace/")
    PersonalSpace.objects.update(refreshed_parts=["usual"])

    with CaptureQueriesContext(connection) as with_it:
        owner.get("/mon-espace/")

    assert len(with_it) == len(without)


def test_the_journal_names_the_data_and_not_their_values(traveller, link_of):
    citizen = make_citizen()
    link_of(citizen)
    traveller.go()
    PersonalSpace.objects.update(
        birth_family_name="ANCIEN", birthplace="29019", phone="+33612345678"
    )

    traveller.go()

    entry = citizen.journal.filter(kind=JournalKind.IDENTITY_REFRESHED).first()
    page = words(traveller.client.get("/mon-espace/"))
    assert entry.code == "family place"
    assert "votre nom de naissance et votre lieu de naissance" in page
    assert space_of(citizen).phone == "+33612345678"
