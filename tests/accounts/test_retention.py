"""What time erases, and what it leaves: each category on both sides of its limit."""

import datetime
from datetime import timedelta
from io import StringIO

import pytest
import time_machine
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core.management import call_command
from post_office.models import STATUS, Email

from accounts import exports, journal, services
from accounts.codes import make_code
from accounts.counter import ask_code, give_code
from accounts.models import (
    CodePurpose,
    CounterCode,
    CounterCodeRequest,
    DataExport,
    IdentityDocument,
    JournalEntry,
    JournalKind,
    OneTimeCode,
    PersonalSpace,
    TypedForm,
    User,
)
from accounts.retention import all_categories, months_after
from accounts.services import Identity
from tests.accounts.factories import PASSWORD, make_citizen
from tests.accounts.test_space import sign_in

START = datetime.datetime(2026, 1, 10, 9, tzinfo=datetime.UTC)


@pytest.fixture
def at():
    """Go to so many days after the start: `at(30)`."""
    with time_machine.travel(START, tick=False) as traveller:
        yield lambda days: traveller.move_to(START + timedelta(days=days))


@pytest.fixture
def idle(at, citizen):
    """Somebody who signed in at the start, and not since."""
    User.objects.update(last_login=START, date_joined=START - timedelta(days=30))
    return citizen


def purge():
    call_command("purge", execute=True, stdout=StringIO())


def exists(citizen):
    return User.objects.filter(pk=citizen.pk).exists()


def subjects(mails):
    return [mail.subject for mail in mails()]


# --- Unused spaces: 24 months are 730 days from the start ---


def test_nobody_is_warned_before_the_time(idle, at, mails):
    at(730 - 61)
    purge()

    assert mails() == []
    assert idle.journal.count() == 0


def test_an_unused_space_is_warned_twice_then_erased(idle, at, mails):
    warned = []
    for day in range(730 - 62, 731):
        at(day)
        before = Email.objects.count()
        purge()
        warned += [day] if Email.objects.count() > before else []
    assert warned == [730 - 59, 730 - 14]
    assert set(subjects(mails)) == {"Votre espace personnel va être effacé"}
    assert [entry.kind for entry in idle.journal.all()] == [JournalKind.UNUSED_WARNED] * 2
    assert exists(idle)

    at(732)
    purge()

    assert not exists(idle)
    assert subjects(mails)[-1] == "Votre espace personnel est effacé"
    assert JournalEntry.objects.get().code == "unused"


def test_each_warning_says_when_and_how_to_keep_the_space(idle, at, mails):
    at(730 - 59)
    purge()

    (mail,) = mails()
    assert "10 janvier 2026" in mail.message
    assert "11 janvier 2028" in mail.message
    assert "/connexion/" in mail.message


def test_a_purge_that_slept_still_leaves_the_whole_notice(idle, at, mails):
    """An old database, or a worker stopped for months: nobody is erased without both warnings."""
    at(1500)
    purge()
    purge()
    assert "19 avril 2030" in mails()[-1].message

    for day, warnings in [(1500 + 44, 1), (1500 + 46, 2), (1500 + 60, 2)]:
        at(day)
        purge()
        assert PersonalSpace.objects.get().unused_warnings == warnings
    at(1500 + 62)
    purge()
    assert not exists(idle)


def test_signing_in_cancels_everything(idle, at, client, mails):
    at(730 - 59)
    purge()
    at(730 - 14)
    purge()
    sign_in(client, idle)
    at(735)
    purge()
    assert exists(idle)
    assert PersonalSpace.objects.get().unused_warnings == 2

    at(730 - 14 + 730 - 58)
    purge()

    assert subjects(mails)[-1] == "Votre espace personnel va être effacé"
    space = PersonalSpace.objects.get()
    assert space.unused_warnings == 1
    at(730 - 14 + 731)
    purge()
    assert exists(idle)


def test_a_space_never_signed_into_counts_from_its_opening(idle, at):
    User.objects.update(last_login=None)
    at(730 - 59 - 30)
    purge()

    assert PersonalSpace.objects.get().unused_warnings == 1


def test_a_space_without_any_address_goes_too(at, mails):
    citizen = make_citizen(None)
    User.objects.update(last_login=START)
    for day in (680, 726, 742):
        at(day)
        purge()

    assert not exists(citizen)
    assert mails() == []


@pytest.mark.parametrize("fields", [{"is_active": False}, {"is_staff": True}])
def test_a_blocked_space_and_an_agent_are_left_alone(idle, at, fields, mails):
    User.objects.update(**fields)
    for day in (680, 726, 742):
        at(day)
        purge()

    assert exists(idle)
    assert mails() == []


def test_agents_are_never_purged(at, agent):
    at(5000)
    purge()

    assert exists(agent)


# --- Registrations ---


def register(email="nouvelle@rivemont.example"):
    return services.register(
        email=email, password=PASSWORD, identity=Identity("VERNE", ("Ada",)), street=""
    )


def test_an_unverified_registration_goes_after_seven_days_without_a_mail(at, mails):
    user = register()
    at(6)
    purge()
    assert exists(user)

    at(8)
    purge()

    assert not exists(user)
    assert not EmailAddress.objects.exists()
    assert mails() == []


def test_a_verified_registration_stays(db, at):
    user = register()
    EmailAddress.objects.update(verified=True)
    at(8)
    purge()

    assert exists(user)


def test_a_space_opened_otherwise_stays_whatever_address_it_adds(db, at):
    citizen = make_citizen(None)
    User.objects.update(last_login=START)
    EmailAddress.objects.create(user=citizen, email="neuve@rivemont.example")
    at(8)
    purge()

    assert exists(citizen)


# --- What surrounds spaces ---


def test_the_journal_goes_after_twelve_months_lines_without_a_name_too(idle, at):
    journal.record(JournalKind.SIGNED_IN, citizen=idle)
    journal.record(JournalKind.SIGN_IN_REFUSED, citizen=None)
    at(364)
    recent = journal.record(JournalKind.SIGNED_IN, citizen=idle)
    purge()
    assert JournalEntry.objects.count() == 3

    at(366)
    purge()

    assert list(JournalEntry.objects.all()) == [recent]


@pytest.mark.parametrize("status", [STATUS.sent, STATUS.failed, STATUS.queued])
def test_mails_go_after_thirty_days(db, at, status):
    Email.objects.create(
        from_email="portail@rivemont.example", to="a@rivemont.example", status=status
    )
    at(29)
    purge()
    assert Email.objects.count() == 1

    at(31)
    purge()

    assert not Email.objects.exists()


def test_a_copy_goes_seven_days_after_it_was_made(idle, at):
    exports.ask_export(idle)
    at(20)
    purge()
    exports.make_waiting_exports()
    at(26)
    purge()
    assert DataExport.objects.count() == 1

    at(28)
    purge()

    assert not DataExport.objects.exists()


def test_codes_and_sessions_that_are_over_go(idle, at, client):
    sign_in(client, idle)
    make_code(CodePurpose.CONTACT_EMAIL, idle)
    purge()
    assert (Session.objects.count(), UserSession.objects.count()) == (1, 1)
    assert OneTimeCode.objects.count() == 1

    at(1)
    purge()

    assert (Session.objects.count(), UserSession.objects.count()) == (0, 0)
    assert not OneTimeCode.objects.exists()


def test_a_code_of_the_counter_goes_once_it_opens_nothing(idle, at, agent):
    give_code(idle.space, agent=agent, document=IdentityDocument.PASSPORT)
    at(6)
    purge()
    assert CounterCode.objects.exists()

    at(8)
    purge()

    assert not CounterCode.objects.exists()


def test_a_code_asked_for_goes_once_no_second_agent_came(idle, at, agent):
    ask_code(idle.space, agent=agent, document=IdentityDocument.PASSPORT)
    at(0.9)
    purge()
    assert CounterCodeRequest.objects.exists()

    at(1.1)
    purge()

    assert not CounterCodeRequest.objects.exists()


def test_what_was_typed_goes_once_its_hour_is_over(idle, at):
    TypedForm.objects.create(owner=idle, path="/mon-espace/profil/modifier/", content="scellé")
    at(0.04)
    purge()
    assert TypedForm.objects.exists()

    at(0.05)
    purge()

    assert not TypedForm.objects.exists()


def test_the_device_of_a_session_alive_stays(idle, at, client):
    sign_in(client, idle)
    at(0.02)
    purge()

    assert UserSession.objects.count() == 1
    assert client.get("/mon-espace/").status_code == 200


def test_each_delay_is_a_setting(idle, at, settings):
    settings.RETENTION = settings.RETENTION | {"journal_months": 6}
    journal.record(JournalKind.SIGNED_IN, citizen=idle)
    at(185)
    purge()

    assert not JournalEntry.objects.exists()


def test_every_category_has_a_name_of_its_own(db):
    names = [category.name for category in all_categories()]

    assert len(names) == len(set(names)) == 17


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        ((2028, 2, 29), -24, (2026, 2, 28)),
        ((2026, 1, 31), 1, (2026, 2, 28)),
        ((2026, 12, 15), 1, (2027, 1, 15)),
        ((2026, 1, 15), -1, (2025, 12, 15)),
        ((2026, 3, 31), -12, (2025, 3, 31)),
    ],
)
def test_months_are_those_of_the_calendar(day, months, expected):
    date = datetime.datetime(*day, tzinfo=datetime.UTC)

    assert months_after(date, months) == datetime.datetime(*expected, tzinfo=datetime.UTC)
