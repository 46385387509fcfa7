"""The decision table, row by row, and what must hold for every combination of facts."""

import itertools

import pytest

from franceconnect.linking import REFUSALS, Decision, Facts, Holder, decide
from franceconnect.state import Intent

SIGN_IN, LINK, REAUTHENTICATE = Intent.SIGN_IN, Intent.LINK, Intent.REAUTHENTICATE
STEP_UP = Intent.STEP_UP
CITIZEN = {"session_is_citizen": True}
LINKED = {"session_is_citizen": True, "session_is_linked": True}
OWN = LINKED | {"holder": Holder.CITIZEN, "is_own": True}
AGENT = {"session_is_agent": True}


@pytest.mark.parametrize(
    ("row", "intent", "facts", "decision"),
    [
        (1, SIGN_IN, {"holder": Holder.CITIZEN}, Decision.SIGN_IN),
        (2, SIGN_IN, {"holder": Holder.BLOCKED}, Decision.REFUSE_BLOCKED),
        (3, SIGN_IN, {"holder": Holder.AGENT}, Decision.REFUSE_AGENT),
        (4, SIGN_IN, {"holder": Holder.NOBODY_ANY_MORE}, Decision.ASK_FIRST_TIME),
        (5, SIGN_IN, {"holder": Holder.NOBODY}, Decision.ASK_FIRST_TIME),
        (10, LINK, CITIZEN, Decision.ASK_LINK),
        (10, LINK, CITIZEN | {"holder": Holder.NOBODY_ANY_MORE}, Decision.ASK_LINK),
        (10, SIGN_IN, CITIZEN, Decision.ASK_LINK),
        (11, LINK, OWN, Decision.ALREADY_LINKED),
        (12, LINK, CITIZEN | {"holder": Holder.CITIZEN}, Decision.REFUSE_LINKED_ELSEWHERE),
        (12, LINK, LINKED | {"holder": Holder.CITIZEN}, Decision.REFUSE_LINKED_ELSEWHERE),
        (12, LINK, CITIZEN | {"holder": Holder.BLOCKED}, Decision.REFUSE_LINKED_ELSEWHERE),
        (12, SIGN_IN, CITIZEN | {"holder": Holder.BLOCKED}, Decision.REFUSE_LINKED_ELSEWHERE),
        (13, LINK, LINKED, Decision.REFUSE_SPACE_HAS_ANOTHER),
        (13, SIGN_IN, LINKED, Decision.REFUSE_SPACE_HAS_ANOTHER),
        (14, SIGN_IN, CITIZEN | {"holder": Holder.CITIZEN}, Decision.ASK_SWITCH),
        (15, SIGN_IN, AGENT, Decision.REFUSE_AGENT),
        (15, LINK, AGENT | {"holder": Holder.CITIZEN}, Decision.REFUSE_AGENT),
        (15, REAUTHENTICATE, AGENT, Decision.REFUSE_AGENT),
        (16, REAUTHENTICATE, OWN, Decision.REAUTHENTICATED),
        (16, REAUTHENTICATE, LINKED, Decision.REFUSE_ANOTHER_PERSON),
        (16, REAUTHENTICATE, LINKED | {"holder": Holder.CITIZEN}, Decision.REFUSE_ANOTHER_PERSON),
        (15, STEP_UP, AGENT, Decision.REFUSE_AGENT),
        (16, STEP_UP, OWN, Decision.REAUTHENTICATED),
        (16, STEP_UP, CITIZEN, Decision.ASK_LINK),
        (16, STEP_UP, CITIZEN | {"holder": Holder.NOBODY_ANY_MORE}, Decision.ASK_LINK),
        (16, STEP_UP, LINKED, Decision.REFUSE_ANOTHER_PERSON),
        (16, STEP_UP, CITIZEN | {"holder": Holder.CITIZEN}, Decision.REFUSE_ANOTHER_PERSON),
        (16, STEP_UP, CITIZEN | {"holder": Holder.BLOCKED}, Decision.REFUSE_ANOTHER_PERSON),
        (16, STEP_UP, CITIZEN | {"holder": Holder.AGENT}, Decision.REFUSE_ANOTHER_PERSON),
        (16, REAUTHENTICATE, CITIZEN, Decision.REFUSE_ANOTHER_PERSON),
        (None, STEP_UP, {}, Decision.REFUSE_ANOTHER_PERSON),
        (None, REAUTHENTICATE, {}, Decision.REFUSE_ANOTHER_PERSON),
        (None, SIGN_IN, OWN, Decision.SIGN_IN),
    ],
)
def test_row(row, intent, facts, decision):
    assert decide(Facts(intent=intent, **facts)) is decision


def every_facts():
    booleans = [False, True]
    for intent, citizen, agent, linked, holder, own in itertools.product(
        Intent, booleans, booleans, booleans, Holder, booleans
    ):
        if citizen and agent or (linked and not citizen):
            continue
        if own and (holder is not Holder.CITIZEN or not citizen):
            continue
        yield Facts(intent, citizen, agent, linked, holder, own)


@pytest.mark.parametrize("facts", every_facts())
def test_nobody_ever_enters_somebody_elses_space(facts):
    decision = decide(facts)

    if facts.session_is_citizen and not facts.is_own:
        assert decision not in (Decision.SIGN_IN, Decision.REAUTHENTICATED)
    if facts.holder in (Holder.BLOCKED, Holder.AGENT) or facts.session_is_agent:
        assert decision in REFUSALS
    if decision is Decision.ASK_LINK:
        assert facts.session_is_citizen
        assert not facts.session_is_linked
        assert facts.holder in (Holder.NOBODY, Holder.NOBODY_ANY_MORE)
    if decision is Decision.ASK_FIRST_TIME:
        assert not facts.session_is_citizen
