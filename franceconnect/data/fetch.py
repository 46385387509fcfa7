"""Asks for every datum of a request at once: the citizen's token lives sixty seconds."""

import logging
from dataclasses import replace

from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from accounts import journal
from accounts.models import JournalKind, User
from franceconnect.data.answers import Datum, NotReceived, Outcome
from franceconnect.data.asking import DataRequest
from franceconnect.data.catalogue import Kind, kinds_of

logger = logging.getLogger(__name__)

# Ordinary ends: nothing failed, and no reference is needed to ask about it.
QUIET = {Outcome.RECEIVED, Outcome.NO_FILE}
# Only a change of configuration mends these: our rights, an address, the SIRET that we name.
OURS_TO_MEND = {
    "data_403",
    "data_404",
    "data_422",
    "gateway_data_400",
    "gateway_data_401",
    "gateway_data_403",
}


@sensitive_variables("access_token", "answers")
def fetch(request: DataRequest, *, citizen: User, access_token: str) -> tuple[Datum, ...]:
    """Each datum asked for, as it came or did not; a line of the citizen's journal for each.

    One call a resource, whatever the number of data it gives.
    """
    answers: dict[tuple[str, str], dict | NotReceived] = {}
    return tuple(
        _fetch_one(kind, citizen, access_token, answers) for kind in kinds_of(request.names)
    )


@sensitive_variables()
def _fetch_one(kind: Kind, citizen: User, access_token: str, answers: dict) -> Datum:
    place = (kind.provider.NAME, kind.resource)
    if place not in answers:
        answers[place] = _answer_of(kind, access_token)
    datum = Datum(kind.name, kind.label, kind.source, Outcome.UNAVAILABLE, timezone.now())
    answer = answers[place]
    try:
        if isinstance(answer, NotReceived):
            raise answer
        datum = datum.filled(kind.read(answer))
    except NotReceived as error:
        datum = _not_received(datum, error)
    journal.record(
        JournalKind.DATA_FETCHED,
        citizen=citizen,
        means=datum.source,
        code=datum.outcome.value,
        reference=datum.reference,
    )
    return datum


@sensitive_variables()
def _answer_of(kind: Kind, access_token: str) -> dict | NotReceived:
    try:
        return kind.provider.ask(kind.resource, access_token)
    except NotReceived as error:
        return error


def _not_received(datum: Datum, error: NotReceived) -> Datum:
    """The same without values; what failed has a line of log and a reference, never a value."""
    if error.outcome in QUIET:
        return replace(datum, outcome=error.outcome)
    reference = journal.new_incident_reference()
    level = logging.ERROR if error.code in OURS_TO_MEND else logging.WARNING
    logger.log(level, "%s not received: %s (%s)", datum.name, error.code, reference)
    return replace(datum, outcome=error.outcome, reference=reference)
