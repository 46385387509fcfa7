"""A code handed over at the counter: what it opens, and what ends it."""

import datetime

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import counter
from accounts.models import (
    REFERENCE_ALPHABET,
    CounterCode,
    CounterCodeRequest,
    IdentityDocument,
    JournalEntry,
    JournalKind,
    User,
)
from tests.accounts.agents import make_agent_with
from tests.accounts.factories import make_citizen

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


def test_giving_and_using_are_journalled_and_told_by_mail(code, citizen, agent, mails):
    counter.redeem_code(counter.find_code(code).pk)

    given, used = JournalEntry.objects.order_by("pk")
    assert (given.kind, given.actor, given.citizen) == (
        JournalKind.COUNTER_CODE_GIVEN,
        agent,
        citizen,
    )
    assert given.means == "passeport"
    assert (used.kind, used.actor) == (JournalKind.COUNTER_CODE_USED, None)
    assert [mail.to for mail in mails()] == [[citizen.email]] * 2
    assert all(code not in mail.message + mail.html_message + mail.subject for mail in mails())
    assert agent.agent_reference in mails()[0].message
    assert agent.email not in mails()[0].message


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


def test_a_blocked_agent_is_trusted_no_more(code, agent):
    found = counter.find_code(code)
    User.objects.filter(pk=agent.pk).update(is_active=False)

    assert counter.find_code(code) is None
    assert counter.redeem_code(found.pk) is None


def test_a_code_dies_with_a_blocking_even_undone(code, citizen):
    citizen.is_active = False
    citizen.save()
    User.objects.filter(pk=citizen.pk).update(is_active=True)

    assert counter.find_code(code) is None


def test_an_ordinary_save_leaves_the_code_alone(code, citizen):
    citizen.save(update_fields=["last_login"])

    assert counter.find_code(code) is not None


def test_one_agents_account_makes_few_codes_in_a_day(citizen, agent, monkeypatch):
    monkeypatch.setattr(counter, "CODES_OF_ONE_AGENT", 2)
    for _ in range(2):
        counter.give_code(citizen.space, agent=agent, document=PASSPORT)

    for act in (counter.ask_code, counter.give_code):
        with pytest.raises(counter.TooManyCodes):
            act(citizen.space, agent=agent, document=PASSPORT)
    with time_machine.travel(timezone.now() + datetime.timedelta(days=1, minutes=1)):
        assert counter.give_code(citizen.space, agent=agent, document=PASSPORT)


# --- Two agents for a space that is protected by more than a password ---


@pytest.fixture
def second_agent(db):
    return make_agent_with(counter.PERMISSION, email="second@rivemont.example")


@pytest.fixture
def protected(citizen):
    citizen.authenticator_set.create(type="webauthn", data={})
    return citizen


def ask(citizen, agent):
    counter.ask_code(citizen.space, agent=agent, document=PASSPORT)


def give(citizen, agent):
    return counter.give_code(citizen.space, agent=agent, document=PASSPORT)


@pytest.mark.parametrize("protection", ["totp", "webauthn", "email"])
def test_one_agent_alone_gives_no_code_for_a_strongly_protected_space(citizen, agent, protection):
    if protection == "email":
        User.objects.filter(pk=citizen.pk).update(wants_email_code=True)
    else:
        citizen.authenticator_set.create(type=protection, data={})

    with pytest.raises(counter.SecondAgentNeeded):
        give(citizen, agent)

    assert not CounterCode.objects.exists()
    assert not citizen.journal.exists()


def test_a_second_agent_gives_the_code(protected, agent, second_agent, mails):
    ask(protected, agent)
    code = give(protected, second_agent)

    found = counter.find_code(code)
    assert (found.asked_by, found.given_by) == (agent, second_agent)
    assert not CounterCodeRequest.objects.exists()
    asked, given = protected.journal.order_by("pk")
    assert (asked.kind, asked.actor) == (JournalKind.COUNTER_CODE_ASKED, agent)
    assert (given.kind, given.actor) == (JournalKind.COUNTER_CODE_GIVEN, second_agent)
    assert [mail.subject for mail in mails()] == [
        "Un code d’accès à votre espace a été demandé en mairie",
        "Un code d’accès à votre espace a été remis en mairie",
    ]
    assert counter.redeem_code(found.pk) == protected.space


def test_the_agent_who_asked_does_not_confirm(protected, agent):
    ask(protected, agent)

    with pytest.raises(counter.SecondAgentNeeded):
        give(protected, agent)
    with pytest.raises(counter.AskedAlready):
        ask(protected, agent)


def test_the_database_refuses_one_agent_twice(protected, agent):
    with pytest.raises(IntegrityError), transaction.atomic():
        CounterCode.objects.create(
            space=protected.space,
            asked_by=agent,
            given_by=agent,
            document=PASSPORT,
            code_digest="one",
        )


@pytest.mark.parametrize(
    "fields",
    [
        {"document": "library_card"},
        {"expires_at": timezone.now() - datetime.timedelta(days=30)},
    ],
)
def test_the_database_refuses_an_impossible_request(citizen, agent, fields):
    values = {"space": citizen.space, "asked_by": agent, "document": PASSPORT}

    with pytest.raises(IntegrityError), transaction.atomic():
        CounterCodeRequest.objects.create(**values | fields)


@pytest.mark.parametrize("change", ["blocked", "no agent any more", "without the right", "late"])
def test_a_request_is_worth_what_its_agent_is(protected, second_agent, agent, change):
    asker = make_agent_with(counter.PERMISSION)
    ask(protected, asker)
    later = datetime.timedelta(hours=25 if change == "late" else 0)
    if change == "blocked":
        User.objects.filter(pk=asker.pk).update(is_active=False)
    elif change == "no agent any more":
        User.objects.filter(pk=asker.pk).update(is_staff=False)
    elif change == "without the right":
        asker.user_permissions.clear()

    with time_machine.travel(timezone.now() + later):
        with pytest.raises(counter.SecondAgentNeeded):
            give(protected, second_agent)
        ask(protected, agent)  # what is worth nothing stops nobody
        assert give(protected, second_agent)


def test_a_code_of_two_dies_with_the_blocking_of_the_first(protected, agent, second_agent):
    ask(protected, agent)
    code = give(protected, second_agent)
    User.objects.filter(pk=agent.pk).update(is_active=False)

    assert counter.find_code(code) is None


def test_a_protection_chosen_since_then_kills_the_code_of_one_agent(code, citizen):
    found = counter.find_code(code)
    citizen.authenticator_set.create(type="totp", data={})

    assert counter.find_code(code) is None
    assert counter.redeem_code(found.pk) is None


def test_a_request_dies_with_a_blocking(protected, agent, second_agent):
    ask(protected, agent)
    protected.is_active = False
    protected.save()

    assert not CounterCodeRequest.objects.exists()


# --- Cancelled ---


@pytest.mark.parametrize("by_agent", [False, True])
def test_a_code_is_cancelled_by_its_owner_or_an_agent(code, citizen, agent, by_agent):
    assert counter.cancel_codes(citizen.space, agent=agent if by_agent else None)

    assert counter.find_code(code) is None
    line = citizen.journal.first()
    assert (line.kind, line.code) == (JournalKind.COUNTER_CODE_GIVEN, counter.CANCELLED)
    assert line.actor == (agent if by_agent else None)
    assert not counter.cancel_codes(citizen.space)
    assert citizen.journal.count() == 2


def test_a_request_is_cancelled_too(protected, agent, second_agent):
    ask(protected, agent)
    counter.cancel_codes(protected.space)

    with pytest.raises(counter.SecondAgentNeeded):
        give(protected, second_agent)
    assert protected.journal.first().kind == JournalKind.COUNTER_CODE_ASKED
