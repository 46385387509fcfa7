"""The decision table, row by row, and what must hold for every combination of facts."""

import itertools

import pytest

from franceconnect.linking import PROOFS, REFUSALS, Decision, Facts, Holder, decide
from franceconnect.matching import Match
from franceconnect.state import Intent

SIGN_IN, LINK, REAUTHENTICATE = Intent.SIGN_IN, Intent.LINK, Intent.REAUTHENTICATE
STEP_UP = Intent.STEP_UP
CITIZEN = {"session_is_citizen": True}
LINKED = {"session_is_citizen": True, "session_is_linked": True}
OWN = LINKED | {"holder": Holder.CITIZEN, "is_own": True}
AGENT = {"session_is_agent": True}
PREPARED = {"match": Match.PREPARED}
CODE = {"has_counter_code": True}


@pytest.mark.parametrize(
    ("row", "intent", "facts", "decision"),
    [
        (1, SIGN_IN, {"holder": Holder.CITIZEN}, Decision.SIGN_IN),
        (2, SIGN_IN, {"holder": Holder.BLOCKED}, Decision.REFUSE_BLOCKED),
        (3, SIGN_IN, {"holder": Holder.AGENT}, Decision.REFUSE_AGENT),
        (4, SIGN_IN, {"holder": Holder.NOBODY_ANY_MORE}, Decision.ASK_FIRST_TIME),
        (5, SIGN_IN, {"holder": Holder.NOBODY}, Decision.ASK_FIRST_TIME),
        (7, SIGN_IN, PREPARED, Decision.ASK_PREPARED),
        (8, SIGN_IN, {"match": Match.POSSIBLE_DUPLICATE}, Decision.ASK_FIRST_TIME),
        (9, SIGN_IN, CODE, Decision.LINK_BY_COUNTER),
        (9, SIGN_IN, CODE | PREPARED, Decision.LINK_BY_COUNTER),
        (9, SIGN_IN, CODE | {"match": Match.POSSIBLE_DUPLICATE}, Decision.LINK_BY_COUNTER),
        (9, SIGN_IN, CODE | {"holder": Holder.NOBODY_ANY_MORE}, Decision.LINK_BY_COUNTER),
        (4, SIGN_IN, PREPARED | {"holder": Holder.NOBODY_ANY_MORE}, Decision.ASK_FIRST_TIME),
        (1, SIGN_IN, CODE | PREPARED | {"holder": Holder.CITIZEN}, Decision.SIGN_IN),
        (2, SIGN_IN, CODE | {"holder": Holder.BLOCKED}, Decision.REFUSE_BLOCKED),
        (3, SIGN_IN, CODE | {"holder": Holder.AGENT}, Decision.REFUSE_AGENT),
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


UNKNOWN_PERSON = (Decision.ASK_FIRST_TIME, Decision.ASK_PREPARED, Decision.LINK_BY_COUNTER)


def every_facts():
    booleans = [False, True]
    for intent, citizen, agent, linked, holder, own, match, code in itertools.product(
        Intent, booleans, booleans, booleans, Holder, booleans, Match, booleans
    ):
        if citizen and agent or (linked and not citizen):
            continue
        if own and (holder is not Holder.CITIZEN or not citizen):
            continue
        yield Facts(intent, citizen, agent, linked, holder, own, match, code)


def test_nobody_ever_enters_somebody_elses_space():
    for facts in every_facts():
        check(facts, decide(facts))


def check(facts, decision):
    """What must hold of a decision, whatever the facts."""
    if facts.session_is_citizen and not facts.is_own:
        assert decision not in (Decision.SIGN_IN, Decision.REAUTHENTICATED)
    if facts.holder in (Holder.BLOCKED, Holder.AGENT) or facts.session_is_agent:
        assert decision in REFUSALS
    if decision is Decision.ASK_LINK:
        assert facts.session_is_citizen
        assert not facts.session_is_linked
        assert facts.holder in (Holder.NOBODY, Holder.NOBODY_ANY_MORE)
    if decision in UNKNOWN_PERSON:
        assert facts.intent not in PROOFS
        assert not facts.session_is_citizen
        assert facts.holder in (Holder.NOBODY, Holder.NOBODY_ANY_MORE)
    if decision is Decision.LINK_BY_COUNTER:
        assert facts.has_counter_code
    if decision is Decision.ASK_PREPARED:
        assert facts.match is Match.PREPARED
