"""Rows 7, 8 and 9: spaces that the counter opens, and each way to abuse it."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts import counter as counter_codes
from accounts.codes import MAX_TRIES
from accounts.models import CounterCode, JournalEntry, JournalKind, PersonalSpace, User
from franceconnect.models import EndCause, Link
from tests.accounts.factories import make_citizen
from tests.franceconnect.fixtures import Traveller

FIRST_TIME, LINK = reverse("franceconnect:first_time"), reverse("franceconnect:link")
CODE, CONFIRM = reverse("franceconnect:counter_code"), reverse("franceconnect:counter_link")
REQUEST = reverse("franceconnect:prepared_request")
ENTRY = reverse("franceconnect:prepared_entry")
PREPARED = "Un espace a été préparé pour vous en mairie"
WRONG = "Ce code n’est pas le bon"
# The civil status of Ines at the simulator, as an agent types it.
INES = {
    "birth_family_name": "Perrer",
    "given_names": ["Inès"],
    "gender": "female",
    "birthdate_text": "1985-04-12",
    "birthplace": "44109",
    "birthcountry": "99100",
}
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="[^"]+"')


def give(agent, citizen):
    return counter_codes.give_code(citizen.space, agent=agent, document="passport")


def type_in(traveller, code):
    return traveller.client.post(CODE, {"code": code})


def page_of(traveller) -> str:
    """The page of the first time, without what differs at each display."""
    return TOKEN.sub("", traveller.client.get(FIRST_TIME).content.decode())


def code_in(mail) -> str:
    return re.search(r"\b\d{6}\b", mail.message).group()


@pytest.fixture
def prepared(db):
    """A space that an agent opened for Ines, who has never entered it."""
    return make_citizen(
        None, **INES, identity_provenance="counter", contact_email="ines.papier@rivemont.example"
    )


@pytest.fixture
def identified(traveller):
    traveller.go()
    return traveller


# --- Row 9: a code given at the counter ---


def test_row_9_a_code_of_the_counter_links_its_space_once(identified, citizen, agent, mails):
    code = give(agent, citizen)

    typed = type_in(identified, code)
    comparison = identified.client.get(typed["Location"])
    assert not Link.objects.exists()  # nothing before the confirmation
    assert identified.user_id is None
    response = identified.client.post(CONFIRM)

    assert typed["Location"] == CONFIRM
    assert comparison.context["space"] == citizen.space
    assert response["Location"] == "/mon-espace/"
    assert identified.user_id == citizen.pk
    link = citizen.franceconnect_links.get()
    assert link.ended_at is None
    assert not link.has_strong_mismatch
    citizen.space.refresh_from_db()
    assert citizen.space.is_certified
    assert [entry.kind for entry in citizen.journal.order_by("pk")] == [
        JournalKind.COUNTER_CODE_GIVEN,
        JournalKind.COUNTER_CODE_USED,
        JournalKind.LINKED,
        JournalKind.SIGNED_IN,
    ]
    assert [mail.subject for mail in mails()] == [
        "Un code d’accès à votre espace a été remis en mairie",
        "Un code remis en mairie a ouvert votre espace",
        "Votre espace est certifié avec FranceConnect",
    ]
    assert not CounterCode.objects.exists()


def test_row_9_one_agent_alone_opens_no_strongly_protected_space(identified, citizen, agent):
    code = give(agent, citizen)
    type_in(identified, code)
    User.objects.update(wants_email_code=True)  # chosen since the code was given

    assert WRONG in type_in(identified, code).content.decode()
    assert identified.client.post(CONFIRM)["Location"] == CODE
    assert not Link.objects.exists()


def test_row_9_the_session_was_opened_by_franceconnect(identified, citizen, agent):
    type_in(identified, give(agent, citizen))
    before = identified.client.session.session_key
    identified.client.post(CONFIRM)

    space = identified.client.get("/mon-espace/")
    assert identified.client.session.session_key != before
    assert space.context["opening"].label == "FranceConnect"


def test_row_9_a_corrected_civil_status_ends_the_old_link(
    identified, another_traveller, citizen, agent, mails
):
    """A new civil status is a new `sub`: the old one must not open the space any more."""
    old = another_traveller.sub_of("test")
    issuer = identified.client.session["franceconnect_pending_identity"]["issuer"]
    Link.objects.create(issuer=issuer, sub=old, citizen=citizen, level="eidas1")
    identified.client.force_login(User.objects.get(pk=citizen.pk))
    identified.client.logout()
    identified.go()
    code = give(agent, citizen)

    type_in(identified, code)
    page = identified.client.get(CONFIRM).content.decode()
    identified.client.post(CONFIRM)

    assert "ce rattachement prend fin" in page
    ended = Link.objects.get(sub=old)
    assert ended.end_cause == EndCause.COUNTER
    assert citizen.franceconnect_links.active().get().sub != old
    line = citizen.journal.get(kind=JournalKind.UNLINKED)
    assert line.code == "counter"
    assert "Le rattachement précédent de cet espace" in mails()[-1].message
    assert identified.user_id == citizen.pk


def test_row_9_the_sessions_of_the_old_link_end(identified, citizen, agent, link_of, client):
    link_of(citizen, "test")
    client.force_login(citizen, backend="franceconnect.backends.FranceConnectBackend")
    type_in(identified, give(agent, citizen))
    identified.client.post(CONFIRM)

    assert client.get("/mon-espace/").status_code == 302
    assert identified.client.get("/mon-espace/").status_code == 200


@pytest.mark.parametrize(("same_person", "ends"), [(True, False), (False, True)])
def test_row_9_the_other_platform_gives_way_when_the_person_is_another(
    identified, citizen, agent, same_person, ends
):
    if not same_person:
        PersonalSpace.objects.update(birth_family_name="ROUSSET")
        citizen = User.objects.get(pk=citizen.pk)
    Link.objects.create(issuer="https://plus.example", sub="x", citizen=citizen, level="eidas2")

    type_in(identified, give(agent, citizen))
    identified.client.post(CONFIRM, {"same_person": "on"})

    other = Link.objects.get(issuer="https://plus.example")
    assert (other.ended_at is not None) is ends
    assert citizen.franceconnect_links.active().count() == (1 if ends else 2)


def test_row_9_a_strong_mismatch_asks_for_a_tick(identified, stranger, agent):
    type_in(identified, give(agent, stranger))

    refused = identified.client.post(CONFIRM)
    assert refused.context["form"].errors["same_person"]
    assert not Link.objects.exists()
    identified.client.post(CONFIRM, {"same_person": "on"})

    assert Link.objects.get().has_strong_mismatch


def test_row_9_who_cancels_keeps_the_code(identified, citizen, agent):
    code = give(agent, citizen)
    type_in(identified, code)
    identified.client.post(CONFIRM, {"cancel": "1"})

    assert not Link.objects.exists()
    assert counter_codes.find_code(code) is not None
    assert "franceconnect_pending_identity" not in identified.client.session


@pytest.mark.parametrize("fields", [{"is_staff": True}, {"is_active": False}])
@pytest.mark.parametrize("when", ["before", "after"])
def test_row_9_no_code_opens_an_agents_space_or_a_blocked_one(
    identified, citizen, agent, fields, when
):
    code = give(agent, citizen)
    if when == "after":
        type_in(identified, code)
    User.objects.filter(pk=citizen.pk).update(**fields)

    page = type_in(identified, code).content.decode()
    response = identified.client.post(CONFIRM)

    assert WRONG in page  # neutral: the words of any wrong code
    assert response["Location"] == CODE
    assert identified.user_id is None
    assert not Link.objects.exists()


def test_row_9_a_code_given_again_meanwhile_opens_nothing(identified, citizen, agent):
    type_in(identified, give(agent, citizen))
    give(agent, citizen)

    response = identified.client.post(CONFIRM, follow=True)

    assert "ne vaut plus rien" in response.content.decode()
    assert not Link.objects.exists()


def test_row_9_a_code_spent_between_the_page_and_the_tie_opens_nothing(
    identified, another_traveller, citizen, agent
):
    code = give(agent, citizen)
    another_traveller.go("test")
    for traveller in (identified, another_traveller):
        type_in(traveller, code)

    another_traveller.client.post(CONFIRM, {"same_person": "on"})
    response = identified.client.post(CONFIRM)

    assert response["Location"] == CODE
    assert identified.user_id is None
    assert Link.objects.get().citizen == citizen


def test_row_9_a_person_linked_meanwhile_is_refused_and_the_code_stays(
    identified, citizen, stranger, agent
):
    code = give(agent, citizen)
    type_in(identified, code)
    pending = identified.client.session["franceconnect_pending_identity"]
    Link.objects.create(
        issuer=pending["issuer"], sub=pending["sub"], citizen=stranger, level="eidas1"
    )

    response = identified.client.post(CONFIRM)

    assert response.status_code == 403
    assert counter_codes.find_code(code) is not None
    assert not citizen.franceconnect_links.exists()
    assert not JournalEntry.objects.filter(kind=JournalKind.COUNTER_CODE_USED).exists()


def test_a_stolen_code_without_franceconnect_is_worth_nothing(client, citizen, agent):
    code = give(agent, citizen)

    for page in (CODE, CONFIRM, ENTRY):
        assert client.get(page)["Location"] == "/"
        assert client.post(page, {"code": code})["Location"] == "/"
    assert client.post(REQUEST)["Location"] == FIRST_TIME
    assert not Link.objects.exists()


def test_a_typed_code_is_no_use_to_another_browser(identified, another_traveller, citizen, agent):
    type_in(identified, give(agent, citizen))
    another_traveller.go("test")

    assert another_traveller.client.post(CONFIRM)["Location"] == CODE
    assert not Link.objects.exists()


def test_somebody_identified_again_types_the_code_again(identified, citizen, agent):
    """The same browser, perhaps another person: what the first one typed is not theirs."""
    type_in(identified, give(agent, citizen))
    identified.abroad.cookies.clear()
    identified.go("test")

    assert identified.client.get(CONFIRM)["Location"] == CODE


def test_somebody_signed_in_is_led_to_the_comparison(client, citizen):
    client.force_login(citizen)

    for page in (CODE, CONFIRM, REQUEST, ENTRY):
        assert client.get(page)["Location"] == LINK


def test_guesses_are_few_for_a_person(identified, simulator, citizen, agent):
    code = give(agent, citizen)
    for _ in range(10):
        assert WRONG in type_in(identified, "2345-6789-BCDF").content.decode()

    again = Traveller(simulator)
    again.go()
    for traveller in (identified, again):  # another browser changes nothing
        response = type_in(traveller, code)
        assert "Attendez une heure" in response.content.decode()
        assert response.context["form"]["code"].value() == code


def test_guesses_are_few_for_an_address(identified, citizen, agent, monkeypatch):
    monkeypatch.setattr("franceconnect.counter_views.RATES_BY_ADDRESS", "3/h/ip")
    for _ in range(3):
        type_in(identified, "2345-6789-BCDF")

    assert "Attendez une heure" in type_in(identified, give(agent, citizen)).content.decode()


@pytest.mark.parametrize("code", ["", "7K3M", "7K3M-92QX-BCDF-GHJK", "\0" * 12, "é" * 200, "<b>"])
def test_what_is_no_code_says_so_and_is_kept(identified, code):
    response = type_in(identified, code)

    assert response.status_code == 200
    assert response.context["form"].errors["code"]
    assert response.context["form"]["code"].value() == code


# --- Row 7: a space prepared at the counter ---


def test_row_7_the_space_is_proposed_without_its_content(identified, prepared):
    page = page_of(identified)

    assert PREPARED in page
    assert prepared.space.reference not in page
    assert "ines.papier" not in page
    assert "avenue Victor Hugo" not in page


def test_row_7_a_code_mailed_to_the_address_on_file_opens_it(identified, prepared, mails):
    asked = identified.client.post(REQUEST)
    mail = mails()[-1]
    entry = identified.client.get(asked["Location"]).content.decode()
    response = identified.client.post(ENTRY, {"code": code_in(mail)})

    assert asked["Location"] == ENTRY
    assert mail.to == ["ines.papier@rivemont.example"]
    assert "PERRER" in mail.message
    assert code_in(mail) not in mail.subject
    assert "ines.papier" not in entry
    assert response["Location"] == "/mon-espace/"
    assert identified.user_id == prepared.pk
    assert prepared.franceconnect_links.active().count() == 1
    prepared.space.refresh_from_db()
    assert prepared.space.is_certified
    assert PersonalSpace.objects.count() == 1


def test_row_7_the_code_of_the_counter_opens_it_too(identified, prepared, agent):
    type_in(identified, give(agent, prepared))
    identified.client.post(CONFIRM)

    assert identified.user_id == prepared.pk


def test_row_7_without_an_address_only_the_counters_code_is_proposed(identified, prepared, mails):
    PersonalSpace.objects.update(contact_email="")

    page = page_of(identified)

    assert PREPARED in page
    assert "M’envoyer un code" not in page
    assert identified.client.post(REQUEST)["Location"] == FIRST_TIME
    assert mails() == []


@pytest.mark.parametrize(
    "fields",
    [
        {"birth_family_name": "PERRIER"},
        {"given_names": ["Inès", "Marie"]},
        {"birthdate_text": "1985-04-13"},
        {"gender": "unspecified"},
        {"birthplace": "44001"},
        {"birthcountry": "99134"},
        {"identity_provenance": "declared"},
        {"contact_email": "x@rivemont.example", "identity_provenance": "franceconnect"},
    ],
)
def test_rows_5_6_and_8_read_the_same_word_for_word(
    identified, another_traveller, fields, prepared
):
    """Another person's space, or one that no agent checked: the page of somebody unknown."""
    PersonalSpace.objects.update(**fields)
    page = page_of(identified)
    User.objects.all().delete()

    assert page == page_of(identified)
    assert PREPARED not in page


@pytest.mark.parametrize("way_in", ["email", "password", "link", "passkey", "login", "blocked"])
def test_row_8_a_space_that_was_opened_once_is_not_proposed(identified, prepared, way_in):
    if way_in == "email":
        User.objects.update(email="ines.perrer@rivemont.example")
    elif way_in == "password":
        prepared.set_password("quatre chevaux au galop")
        prepared.save()
    elif way_in == "link":
        Link.objects.create(issuer="https://x.example", sub="x", citizen=prepared, level="eidas1")
    elif way_in == "passkey":
        prepared.authenticator_set.create(type="webauthn", data={})
    elif way_in == "login":
        User.objects.update(last_login=prepared.date_joined)
    else:
        User.objects.update(is_active=False)

    page = page_of(identified)

    assert PREPARED not in page
    assert identified.client.post(REQUEST)["Location"] == FIRST_TIME
    User.objects.all().delete()
    assert page == page_of(identified)


def test_row_8_two_prepared_spaces_are_not_proposed(identified, prepared):
    make_citizen(None, **INES, identity_provenance="counter")

    assert PREPARED not in page_of(identified)


def test_row_7_a_stranger_who_declared_the_same_civil_status_hides_nothing(identified, prepared):
    make_citizen("intrus@rivemont.example", **INES)

    assert PREPARED in page_of(identified)


def test_row_7_a_namesake_identified_elsewhere_is_proposed_nothing(traveller, prepared):
    traveller.go("test")

    assert PREPARED not in page_of(traveller)
    assert traveller.client.post(REQUEST)["Location"] == FIRST_TIME


def test_row_7_the_code_dies_after_five_tries(identified, prepared, mails):
    identified.client.post(REQUEST)
    code = code_in(mails()[-1])
    wrong = "000000" if code != "000000" else "111111"
    for _ in range(MAX_TRIES):
        assert WRONG in identified.client.post(ENTRY, {"code": wrong}).content.decode()

    assert WRONG in identified.client.post(ENTRY, {"code": code}).content.decode()
    assert identified.user_id is None


def test_row_7_the_code_is_no_use_in_another_browser(identified, simulator, prepared, mails):
    identified.client.post(REQUEST)
    other = Traveller(simulator)
    other.go()

    assert other.client.post(ENTRY, {"code": code_in(mails()[-1])})["Location"] == FIRST_TIME
    assert other.user_id is None


def test_row_7_a_space_opened_meanwhile_is_not_opened_again(identified, prepared, mails):
    identified.client.post(REQUEST)
    User.objects.update(last_login=prepared.date_joined)

    response = identified.client.post(ENTRY, {"code": code_in(mails()[-1])})

    assert response.status_code == 403
    assert not Link.objects.exists()


def test_row_7_mails_are_few(identified, prepared, mails):
    for _ in range(6):
        response = identified.client.post(REQUEST, follow=True)

    assert len(mails()) == 5
    assert "Trop de codes" in response.content.decode()


# --- What the pages cost ---


def test_each_page_asks_the_database_a_bounded_number_of_times(identified, prepared, agent):
    """Whoever was born that day: one look-up, however many they are."""
    type_in(identified, give(agent, prepared))
    page_of(identified)  # what every page keeps is read
    few, many = [], []
    for counts in (few, many):
        for page in (FIRST_TIME, CODE, CONFIRM):
            with CaptureQueriesContext(connection) as queries:
                assert identified.client.get(page).status_code == 200
            counts.append(len(queries))
        for number in range(10):
            make_citizen(f"voisin{number}{len(many)}@rivemont.example", birth_family_name="AUTRE")

    assert few == many
    assert max(few) <= 12
