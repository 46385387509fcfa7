"""Row 6: an existing space proven by a mailed code, and each way to abuse it."""

import datetime
import re

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from accounts.codes import MAX_TRIES
from accounts.models import JournalEntry, JournalKind, OneTimeCode, PersonalSpace, User
from franceconnect import codes, linking
from franceconnect.models import Link
from tests.accounts.factories import make_agent, make_citizen
from tests.franceconnect.fixtures import Traveller

REQUEST, ENTRY = reverse("franceconnect:code_request"), reverse("franceconnect:code_entry")
LINK, FIRST_TIME = reverse("franceconnect:link"), reverse("franceconnect:first_time")
EMAIL = "ines.perrer@rivemont.example"
WRONG = "Ce code n’est pas le bon"


def code_in(mail) -> str:
    return re.search(r"\b\d{6}\b", mail.message).group()


def other_than(code) -> str:
    return "000000" if code != "000000" else "111111"


def ask(traveller, email=EMAIL):
    """Identified by FranceConnect, ask for a code; the answer to the request."""
    return traveller.client.post(REQUEST, {"email": email})


def type_in(traveller, code):
    return traveller.client.post(ENTRY, {"code": code})


@pytest.fixture
def identified(traveller):
    """Ines, identified by FranceConnect, whose `sub` nobody knows here."""
    traveller.go()
    return traveller


# --- The way it is meant ---


def test_the_code_opens_the_space_then_the_tie_is_confirmed(identified, citizen, mails):
    response = ask(identified, " Ines.Perrer@Rivemont.example ")
    code = code_in(mails()[-1])

    opened = type_in(identified, f"{code[:3]} {code[3:]}")
    comparison = identified.client.get(LINK)
    identified.client.post(LINK)

    assert (response["Location"], opened["Location"]) == (ENTRY, LINK)
    assert comparison.context["pending"].identity.family_name == "PERRER"
    assert identified.user_id == citizen.pk
    assert citizen.franceconnect_links.active().count() == 1
    assert not OneTimeCode.objects.exists()
    entries = JournalEntry.objects.filter(citizen=citizen, kind=JournalKind.SIGNED_IN)
    assert entries.get().means == "code reçu par e-mail"


def test_the_mail_names_who_asks_and_its_subject_says_nothing(identified, citizen, mails):
    ask(identified)
    mail = mails()[-1]

    assert mail.to == [EMAIL]
    assert "Ines" in mail.message
    assert "PERRER" in mail.message
    assert code_in(mail) in mail.html_message
    assert code_in(mail) not in mail.subject
    assert "PERRER" not in mail.subject
    assert "http" not in mail.message  # a mail scanner has nothing to open


def test_the_session_changes_its_key(identified, citizen, mails):
    ask(identified)
    before = identified.client.session.session_key
    type_in(identified, code_in(mails()[-1]))

    assert identified.client.session.session_key != before


def test_without_the_confirmation_nothing_is_tied(identified, citizen, mails):
    ask(identified)
    type_in(identified, code_in(mails()[-1]))
    identified.client.post(LINK, {"cancel": "1"})

    assert not Link.objects.exists()


def test_only_digests_are_stored(identified, citizen, mails):
    ask(identified)
    code = code_in(mails()[-1])
    row = OneTimeCode.objects.values().get()
    key = identified.client.session["franceconnect_pending_identity"]["code_key"]

    assert code not in str(row)
    assert key not in str(row)


# --- The same answer whether or not an account exists ---


def test_the_pages_are_the_same_for_an_address_that_opens_nothing(
    identified, another_traveller, citizen
):
    another_traveller.go()
    known, unknown = ask(identified), ask(another_traveller, "personne@rivemont.example")
    pages = [
        traveller.client.get(ENTRY).content.decode().replace(email, "ADRESSE")
        for traveller, email in (
            (identified, EMAIL),
            (another_traveller, "personne@rivemont.example"),
        )
    ]
    tokens = re.compile(r'name="csrfmiddlewaretoken" value="[^"]+"')

    assert known["Location"] == unknown["Location"]
    assert tokens.sub("", pages[0]) == tokens.sub("", pages[1])
    answers = [
        type_in(traveller, "000000").content.decode()
        for traveller in (identified, another_traveller)
    ]
    assert all(WRONG in answer for answer in answers)


def test_the_work_is_the_same_for_an_address_that_opens_nothing(identified, citizen):
    ask(identified, "avant@rivemont.example")
    counts = []
    for email in (EMAIL, "personne@rivemont.example"):
        with CaptureQueriesContext(connection) as queries:
            ask(identified, email)
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_an_address_that_opens_nothing_is_told_so_by_mail(identified, mails):
    ask(identified, "personne@rivemont.example")

    assert mails()[-1].to == ["personne@rivemont.example"]
    assert not re.search(r"\b\d{6}\b", mails()[-1].message)


@pytest.mark.parametrize("kind", ["agent", "blocked", "unverified"])
def test_whoever_cannot_be_opened_so_receives_no_code(identified, mails, kind):
    if kind == "agent":
        make_agent(EMAIL)
    elif kind == "blocked":
        User.objects.filter(pk=make_citizen(EMAIL).pk).update(is_active=False)
    else:
        user = make_citizen(None)
        EmailAddress.objects.create(user=user, email=EMAIL, verified=False, primary=True)

    ask(identified, EMAIL)

    assert not re.search(r"\b\d{6}\b", mails()[-1].message)
    assert OneTimeCode.objects.get().citizen is None


# --- Abuse ---


def assert_ends_with_nothing(traveller):
    assert traveller.user_id is None
    assert not Link.objects.exists()
    assert traveller.client.get(LINK).status_code == 302


def test_a_code_is_no_use_in_another_browser(identified, another_traveller, citizen, mails):
    ask(identified)
    code = code_in(mails()[-1])
    another_traveller.go()
    ask(another_traveller, "personne@rivemont.example")

    response = type_in(another_traveller, code)

    assert WRONG in response.content.decode()
    assert_ends_with_nothing(another_traveller)


def test_a_browser_that_asked_for_nothing_has_nowhere_to_type(another_traveller, citizen):
    assert another_traveller.client.get(ENTRY)["Location"] == "/"
    assert type_in(another_traveller, "123456")["Location"] == "/"
    another_traveller.go()
    assert type_in(another_traveller, "123456")["Location"] == REQUEST


def test_a_code_is_no_use_for_a_second_identity(identified, citizen, mails):
    """The same browser, identified again: as somebody else, perhaps."""
    ask(identified)
    code = code_in(mails()[-1])
    identified.go("test")

    assert type_in(identified, code)["Location"] == REQUEST
    assert_ends_with_nothing(identified)


def test_five_wrong_tries_kill_a_code(identified, citizen, mails):
    ask(identified)
    code = code_in(mails()[-1])
    for _ in range(MAX_TRIES):
        type_in(identified, other_than(code))

    assert WRONG in type_in(identified, code).content.decode()
    assert_ends_with_nothing(identified)


def test_four_wrong_tries_do_not(identified, citizen, mails):
    ask(identified)
    code = code_in(mails()[-1])
    for _ in range(MAX_TRIES - 1):
        type_in(identified, other_than(code))

    assert type_in(identified, code)["Location"] == LINK


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "１２３４５６", "12 34 5"])
def test_what_is_no_code_costs_no_try(identified, citizen, code):
    ask(identified)

    assert type_in(identified, code).status_code == 200
    assert OneTimeCode.objects.get().tries == 0


def test_a_code_dies_with_use(identified, citizen, mails):
    ask(identified)
    code = code_in(mails()[-1])
    key = identified.client.session["franceconnect_pending_identity"]["code_key"]
    type_in(identified, code)

    assert codes.redeem_code(key=key, email=EMAIL, code=code) is None


def test_a_code_dies_with_time(identified, citizen, mails):
    ask(identified)
    code = code_in(mails()[-1])
    key = identified.client.session["franceconnect_pending_identity"]["code_key"]

    with time_machine.travel(timezone.now() + datetime.timedelta(minutes=11)):
        assert codes.redeem_code(key=key, email=EMAIL, code=code) is None


def test_a_code_does_not_outlive_the_identity_that_waits(identified, citizen, mails):
    ask(identified)
    code = code_in(mails()[-1])

    with time_machine.travel(timezone.now() + datetime.timedelta(minutes=11)):
        assert type_in(identified, code)["Location"] == "/"
    assert_ends_with_nothing(identified)


def test_a_new_code_ends_the_one_before(identified, citizen, mails):
    ask(identified)
    first = code_in(mails()[-1])
    ask(identified)
    second = code_in(mails()[-1])

    if first != second:
        assert WRONG in type_in(identified, first).content.decode()
    assert type_in(identified, second)["Location"] == LINK


def test_a_code_dies_with_an_unlink(identified, citizen, mails):
    Link.objects.create(
        issuer=identified.simulator.issuer, sub="another", citizen=citizen, level="eidas1"
    )
    ask(identified)
    code = code_in(mails()[-1])
    linking.apply_unlink(citizen, identified.simulator.issuer)

    assert WRONG in type_in(identified, code).content.decode()
    assert identified.user_id is None


def test_a_code_dies_with_the_sessions_of_its_owner(identified, citizen, mails):
    ask(identified)
    citizen.end_sessions()

    assert WRONG in type_in(identified, code_in(mails()[-1])).content.decode()


def test_a_code_dies_with_a_change_of_login_email(identified, citizen, mails):
    ask(identified)
    User.objects.filter(pk=citizen.pk).update(email="neuve@rivemont.example")

    assert WRONG in type_in(identified, code_in(mails()[-1])).content.decode()


def test_a_code_dies_with_the_promotion_of_its_owner(identified, citizen, mails):
    ask(identified)
    citizen.is_staff = True
    citizen.save()

    assert WRONG in type_in(identified, code_in(mails()[-1])).content.decode()


def test_a_mail_scanner_that_opens_everything_changes_nothing(identified, citizen, client):
    ask(identified)
    for page in (REQUEST, ENTRY):
        client.get(page)
        identified.client.get(page)

    assert OneTimeCode.objects.get().tries == 0
    assert_ends_with_nothing(identified)


def test_a_stranger_who_typed_the_victims_email_before_ends_with_nothing(identified, mails):
    """They registered it, unverified: the code goes to nobody, least of all to their space."""
    intruder = make_citizen(None, birth_family_name="INTRUS", contact_email="intrus@x.example")
    EmailAddress.objects.create(user=intruder, email=EMAIL, verified=False, primary=True)

    ask(identified)

    assert [mail.to for mail in mails()] == [[EMAIL]]
    assert not re.search(r"\b\d{6}\b", mails()[-1].message)
    assert not Link.objects.filter(citizen=intruder).exists()


def test_a_stranger_who_declared_the_victims_civil_status_before_ends_with_nothing(
    identified, mails
):
    """Same name, same birth, their own e-mail: the victim is not led there."""
    intruder = make_citizen("intrus@rivemont.example")

    page = identified.client.get(FIRST_TIME).content.decode()
    ask(identified)
    identified.client.post(FIRST_TIME, {"contact_email": EMAIL})

    assert "intrus" not in page
    assert all("intrus@rivemont.example" not in mail.to for mail in mails())
    assert not Link.objects.filter(citizen=intruder).exists()
    assert PersonalSpace.objects.count() == 2
    assert identified.user_id != intruder.pk


def test_somebody_elses_code_leads_to_a_comparison_that_says_so(identified, mails, stranger):
    """Read aloud to a swindler, a code still shows both identities, and asks for a tick."""
    ask(identified, stranger.email)
    type_in(identified, code_in(mails()[-1]))

    response = identified.client.post(LINK)

    assert response.status_code == 200
    assert "same_person" in response.context["form"].errors
    assert not Link.objects.exists()


def test_codes_are_few_whoever_they_are_sent_to(identified, mails):
    for number in range(5):
        ask(identified, f"personne{number}@rivemont.example")

    response = ask(identified, "encore@rivemont.example")

    assert response.status_code == 200
    assert "Attendez une heure" in response.content.decode()
    assert len(mails()) == 5
    assert 'value="encore@rivemont.example"' in response.content.decode()


def test_codes_are_few_whoever_asks(simulator, citizen, mails):
    for login in ("ines", "test", "avec_nom_dusage"):
        traveller = Traveller(simulator)
        traveller.go(login)
        for _ in range(3):
            ask(traveller)

    assert len(mails()) == 6


@pytest.mark.parametrize(
    "email",
    [
        "ines@",
        '"x,victime@b.example,autre@c.example,y"@rivemont.example',
        '"<b>"@rivemont.example',
        "İ@rivemont.example",
        "ines@rivemont.example\n",
        "ines@rivemont.example,autre@rivemont.example",
    ],
)
def test_an_address_that_is_not_exactly_one_says_so_and_keeps_what_was_typed(
    identified, email, mails
):
    response = ask(identified, email)
    if email.strip() == "ines@rivemont.example":  # what surrounds an address is dropped
        assert mails()[-1].to == ["ines@rivemont.example"]
        return

    assert response.status_code == 200
    assert f'value="{escape(email)}"' in response.content.decode()
    assert not OneTimeCode.objects.exists()
    assert mails() == []


def test_somebody_signed_in_is_led_to_the_comparison(client, citizen):
    client.force_login(citizen)

    assert client.get(REQUEST)["Location"] == LINK
    assert client.get(ENTRY)["Location"] == LINK


def test_old_codes_are_swept_away(identified, citizen):
    ask(identified)
    OneTimeCode.objects.update(created_at=timezone.now() - datetime.timedelta(minutes=11))
    ask(identified)

    assert OneTimeCode.objects.count() == 1
