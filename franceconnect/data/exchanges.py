"""One question to an administration: what stops it, and what each refusal means.

The token lives sixty seconds and is this call's alone: it is in no log, exception or cache.
"""

from django.conf import settings
from django.views.decorators.debug import sensitive_variables

from franceconnect.data import circuit
from franceconnect.data.answers import NotReceived, Outcome
from franceconnect.exceptions import ProviderUnavailable
from franceconnect.exchange import Answer, exchange

# What is no fault of the administration's; every other status is (5xx), or is unknown to us.
OUTCOMES = {
    401: Outcome.EXPIRED,
    403: Outcome.NOT_GRANTED,
    404: Outcome.NO_FILE,
    429: Outcome.BUSY,
}


@sensitive_variables()
def ask(provider: str, method: str, url: str, **kwargs) -> dict:
    """The JSON object of a 200. `kwargs` go to requests. Raises NotReceived."""
    if circuit.must_wait(provider):
        raise NotReceived(Outcome.BUSY, "data_waiting")
    if circuit.is_down(provider):
        raise NotReceived(Outcome.UNAVAILABLE, "data_left_alone")
    try:
        answer = exchange(method, url, seconds=settings.FRANCECONNECT["timeout"], **kwargs)
        document = answer.json_object()
    except ProviderUnavailable as error:
        if error.is_outage:
            circuit.failed(provider)
        raise NotReceived(Outcome.UNAVAILABLE, error.code) from None
    if answer.status >= 500:
        circuit.failed(provider)
    else:
        circuit.answered(provider)
    if answer.status != 200:
        raise refusal(provider, answer, document)
    return document


def refusal(provider: str, answer: Answer, document: dict) -> NotReceived:
    """What an answer other than 200 means; a 429 also closes the way for as long as it says.

    A 404 that is no JSON object never comes here: a wrong address is no « pas de dossier ».
    """
    error = _first_error(document)
    if answer.status == 429:
        meta = error.get("meta")
        retry_in = meta.get("retry_in") if isinstance(meta, dict) else None
        circuit.back_off(provider, retry_in or answer.rate_limit_reset)
    outcome = OUTCOMES.get(answer.status, Outcome.UNAVAILABLE)
    return NotReceived(outcome, f"data_{answer.status}", str(error.get("code", "")))


def _first_error(document: dict) -> dict:
    """`errors[0]` (API Particulier v3); empty in any other shape."""
    errors = document.get("errors")
    found = errors[0] if isinstance(errors, list) and errors else {}
    return found if isinstance(found, dict) else {}


@sensitive_variables()
def bearer(access_token: str) -> dict[str, str]:
    """The header of RFC 6750 §2.1."""
    return {"Authorization": f"Bearer {access_token}"}
