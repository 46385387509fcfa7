"""The counter's code, two at once: two browsers, two agents, an agent and a citizen."""

import time

import pytest

from accounts import counter, counter_recovery
from accounts.counter_recovery import Recovery
from accounts.models import CounterCode, CounterCodeRequest, JournalKind, User
from tests.accounts.factories import make_agent, make_citizen
from tests.franceconnect.test_concurrency import at_once, in_a_request  # noqa: F401

# Row locks decide here, which SQLite lacks.
pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]
SECRET = "cinq cormorans sur la digue"  # noqa: S105


@pytest.fixture
def citizen():
    return make_citizen()


@pytest.fixture
def found(citizen):
    code = counter.give_code(citizen.space, agent=make_agent(), document="passport")
    return counter.find_code(code)


def proven(found, email):
    return Recovery(code=found.pk, started_at=time.time(), email=email, is_proven=True)


def kinds_of(citizen, kind) -> int:
    return citizen.journal.filter(kind=kind).count()


def test_a_code_used_twice_at_once_opens_once(in_a_request, citizen, found):  # noqa: F811
    results = at_once(
        *[
            in_a_request(
                lambda email=email: counter_recovery.open_space(
                    proven(found, email), password=SECRET
                )
            )
            for email in ("une@rivemont.example", "deux@rivemont.example")
        ]
    )

    assert sorted(type(result).__name__ for result in results) == ["CodeIsDead", "User"]
    assert kinds_of(citizen, JournalKind.COUNTER_CODE_USED) == 1
    citizen.refresh_from_db()
    assert citizen in results
    assert citizen.email == next(r for r in results if isinstance(r, User)).email


def test_two_spaces_given_one_address_at_once_share_none(in_a_request, found):  # noqa: F811
    other = make_citizen("autre@rivemont.example")
    agent = User.objects.get(is_staff=True)
    second = counter.find_code(counter.give_code(other.space, agent=agent, document="passport"))

    results = at_once(
        *[
            in_a_request(
                lambda code=code: counter_recovery.open_space(
                    proven(code, "meme@rivemont.example"), password=SECRET
                )
            )
            for code in (found, second)
        ]
    )

    assert sorted(type(result).__name__ for result in results) == ["EmailIsTaken", "User"]
    assert CounterCode.objects.count() == 1  # that of whoever was refused stays good


def test_two_second_agents_at_once_give_one_code(in_a_request, citizen):  # noqa: F811
    User.objects.filter(pk=citizen.pk).update(wants_email_code=True)
    agents = [make_agent(f"agent{number}@rivemont.example") for number in range(3)]
    counter.ask_code(citizen.space, agent=agents[0], document="passport")

    results = at_once(
        *[
            in_a_request(
                lambda agent=agent: counter.give_code(
                    citizen.space, agent=agent, document="passport"
                )
            )
            for agent in agents[1:]
        ]
    )

    assert sorted(type(result).__name__ for result in results) == ["SecondAgentNeeded", "str"]
    assert CounterCode.objects.count() == 1
    assert kinds_of(citizen, JournalKind.COUNTER_CODE_GIVEN) == 1


def test_two_agents_who_ask_at_once_make_one_request(in_a_request, citizen):  # noqa: F811
    User.objects.filter(pk=citizen.pk).update(wants_email_code=True)
    agents = [make_agent(f"agent{number}@rivemont.example") for number in range(2)]

    results = at_once(
        *[
            in_a_request(
                lambda agent=agent: counter.ask_code(
                    citizen.space, agent=agent, document="passport"
                )
            )
            for agent in agents
        ]
    )

    assert sorted(type(result).__name__ for result in results) == ["AskedAlready", "NoneType"]
    assert CounterCodeRequest.objects.count() == 1


def test_a_code_used_while_it_is_replaced_or_cancelled_ends_well(
    in_a_request,  # noqa: F811
    citizen,
    found,
):
    """Whoever comes first: no deadlock, and never two codes of which one has opened the space."""
    agent = User.objects.get(is_staff=True)
    results = at_once(
        in_a_request(lambda: counter.redeem_code(found.pk)),
        in_a_request(lambda: counter.give_code(citizen.space, agent=agent, document="passport")),
        in_a_request(lambda: counter.cancel_codes(citizen.space)),
    )

    assert not [result for result in results if isinstance(result, Exception)], results
    assert CounterCode.objects.count() <= 1
