"""Probable duplicates: which pairs are found, by whom they are worked on, how they are put away."""

from datetime import timedelta

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import duplicates, services
from accounts.likeness import is_near, likeness, may_be_one_day
from accounts.models import (
    Duplicate,
    DuplicateKind,
    DuplicateState,
    JournalKind,
    PersonalSpace,
)
from tests.accounts.duplicates import REASON, make_pair
from tests.accounts.factories import make_agent, make_citizen

OTHER = "autre@rivemont.example"
MERCIER = {"birth_family_name": "MERCIER-DUVAL", "given_names": ["Anne Sophie", "Léa"]}


def space(**fields):
    return PersonalSpace(**{"birthdate_text": "1985-04-12"} | MERCIER | fields)


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({}, DuplicateKind.SAME),
        ({"birth_family_name": "mercier duval"}, DuplicateKind.SAME),
        ({"given_names": ["Lea", "ANNE-SOPHIE"]}, DuplicateKind.SAME),
        ({"birthdate_text": "1985-04-00"}, DuplicateKind.NEAR),
        ({"birth_family_name": "MERCYER DUVAL"}, DuplicateKind.NEAR),
        ({"given_names": ["Anne"]}, DuplicateKind.NEAR),
        ({"given_names": ["Anne Sofie"]}, DuplicateKind.NEAR),
        ({"birth_family_name": "ROUX", "usual_name": "Mercier-Duval"}, DuplicateKind.NEAR),
        ({"given_names": ["Paul"]}, None),
        ({"birth_family_name": "ROUX"}, None),
    ],
)
def test_names_are_compared_as_people_type_them(fields, kind):
    assert likeness(space(), space(**fields)) == kind
    assert likeness(space(**fields), space()) == kind


@pytest.mark.parametrize(
    ("one", "other", "near"),
    [
        ("lea", "leo", False),
        ("ines", "inez", True),
        ("ines", "iris", False),
        ("christophe", "kristophe", True),
        ("martin", "martineau", False),
    ],
)
def test_a_slip_counts_in_long_names_alone(one, other, near):
    assert is_near(one, other) is near


@pytest.mark.parametrize(
    ("one", "other", "may"),
    [
        ("1985-04-12", "1985-04-00", True),
        ("1985-00-00", "1985-04-12", True),
        ("1985-04-12", "1985-05-00", False),
        ("1984-00-00", "1985-00-00", False),
    ],
)
def test_an_unknown_day_or_month_may_be_any(one, other, may):
    assert may_be_one_day(one, other) is may


def pairs():
    return [(row.first.user.email, row.second.user.email) for row in Duplicate.objects.all()]


def test_a_new_space_is_compared_to_those_born_that_day(citizen, stranger):
    other = make_citizen(OTHER.replace("autre", "ines"), given_names=["Inès"])

    assert duplicates.compare_changed() == 3
    assert pairs() == [(citizen.email, other.email)]
    assert Duplicate.objects.get().kind == DuplicateKind.SAME
    assert duplicates.compare_changed() == 0


def test_a_changed_identity_is_compared_again(citizen, stranger):
    duplicates.compare_changed()

    services.update_space(stranger.space, {"birth_family_name": "PERRER"})

    assert duplicates.compare_changed() == 1
    assert pairs() == [(citizen.email, stranger.email)]


@pytest.mark.parametrize("text", ["1985-04-00", "1985-00-00"])
@pytest.mark.parametrize("is_first", [True, False])
def test_somebody_whose_birthday_is_unknown_is_found(citizen, text, is_first):
    other = make_citizen(OTHER, birthdate_text=text)
    changed = other if is_first else citizen
    PersonalSpace.objects.exclude(user=changed).update(compared_at=timezone.now())

    duplicates.compare_changed()

    assert pairs() == [(citizen.email, other.email)]


def test_what_nobody_proved_is_compared_to_nobody(citizen, mails):
    services.register(
        email="x@rivemont.example",
        password="un mot de passe",
        identity=services.Identity("PERRER", ("Ines",), birthdate_text="1985-04-12"),
    )

    duplicates.compare_changed()
    duplicates.sweep()

    assert not pairs()


@pytest.mark.parametrize(
    "fields", [{"is_staff": True}, {"is_active": False}], ids=["agent", "blocked"]
)
def test_neither_agents_nor_blocked_people_are_compared(citizen, fields):
    other = make_citizen(OTHER)
    type(other).objects.filter(pk=other.pk).update(**fields)

    duplicates.sweep()

    assert not pairs()


def test_the_sweep_finds_what_was_missed_batch_by_batch(citizen, monkeypatch):
    monkeypatch.setattr(duplicates, "BATCH", 2)
    emails = [f"n{number}@rivemont.example" for number in range(4)]
    for number, email in enumerate(emails):
        make_citizen(email, given_names=[f"Zoé{number}" * 3])
    twin = make_citizen(OTHER)
    PersonalSpace.objects.update(compared_at=timezone.now() + timedelta(days=1))

    duplicates.sweep()

    assert pairs() == [(citizen.email, twin.email)]


def test_a_sweep_stops_when_it_is_told_to(citizen):
    make_citizen(OTHER)

    duplicates.sweep(lambda: True)

    assert not pairs()


def test_a_batch_costs_few_queries(citizen, django_assert_max_num_queries):
    for number in range(20):
        make_citizen(f"n{number}@rivemont.example", birthdate_text=f"19{40 + number}-01-01")

    with django_assert_max_num_queries(7):
        assert duplicates.compare_changed() == 21


def test_a_dismissed_pair_never_comes_back(citizen, agent):
    make_citizen(OTHER)
    duplicates.compare_changed()
    pair = Duplicate.objects.get()
    duplicates.take(pair.pk, agent)

    duplicates.dismiss(pair.pk, agent=agent, reason=REASON)
    duplicates.sweep()
    duplicates.note(pair.second, pair.first, DuplicateKind.CERTIFIED)

    assert Duplicate.objects.get().state == DuplicateState.DISMISSED
    assert not Duplicate.objects.waiting().exists()


def test_both_citizens_read_who_dismissed_and_why(citizen, agent):
    other = make_citizen(OTHER)
    pair = make_pair(citizen, other)
    duplicates.take(pair.pk, agent)

    duplicates.dismiss(pair.pk, agent=agent, reason=REASON)

    for person in (citizen, other):
        line = person.journal.get()
        assert (line.kind, line.actor, line.reason) == (
            JournalKind.DUPLICATE_DISMISSED,
            agent,
            REASON,
        )


def test_an_erased_space_takes_its_rows_with_it(citizen, stranger):
    make_pair(citizen, stranger)

    stranger.delete()

    assert not Duplicate.objects.exists()


def test_the_database_keeps_one_ordered_row_a_pair(citizen, stranger):
    pair = make_pair(citizen, stranger)
    values = {"kind": DuplicateKind.NEAR}

    for first, second in ((pair.first, pair.second), (pair.second, pair.first)):
        with pytest.raises(IntegrityError), transaction.atomic():
            Duplicate.objects.create(first=first, second=second, **values)


def test_the_surest_come_first(citizen, stranger):
    third = make_citizen("trois@rivemont.example")
    near = make_pair(citizen, stranger, kind=DuplicateKind.NEAR)
    certified = make_pair(citizen, third, kind=DuplicateKind.CERTIFIED)
    same = make_pair(stranger, third, kind=DuplicateKind.SAME)

    assert list(Duplicate.objects.waiting()) == [certified, same, near]


def test_two_agents_are_never_at_work_on_one_pair(citizen, stranger, agent):
    pair, colleague = make_pair(citizen, stranger), make_agent("deux@rivemont.example")
    duplicates.take(pair.pk, agent)

    for act in (
        lambda: duplicates.take(pair.pk, colleague),
        lambda: duplicates.dismiss(pair.pk, agent=colleague, reason=REASON),
    ):
        with pytest.raises(duplicates.NotYours) as refused:
            act()
        assert refused.value.holder == agent
    duplicates.leave(pair.pk, colleague)
    assert Duplicate.objects.get().holder == agent


def test_a_pair_is_free_after_fifteen_minutes_or_when_it_is_left(citizen, stranger, agent):
    pair, colleague = make_pair(citizen, stranger), make_agent("deux@rivemont.example")
    with time_machine.travel(timezone.now(), tick=False) as clock:
        duplicates.take(pair.pk, agent)
        clock.shift(timedelta(minutes=14))
        duplicates.take(pair.pk, agent)
        clock.shift(timedelta(minutes=14))
        assert Duplicate.objects.get().holder == agent
        clock.shift(timedelta(minutes=2))
        with pytest.raises(duplicates.NotYours):
            duplicates.dismiss(pair.pk, agent=agent, reason=REASON)
        duplicates.take(pair.pk, colleague)
        duplicates.leave(pair.pk, colleague)

    assert Duplicate.objects.get().holder is None
    duplicates.take(pair.pk, agent)
