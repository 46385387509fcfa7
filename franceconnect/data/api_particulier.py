"""API Particulier v3, whose FranceConnect mode takes the citizen's access token for its own.

Source: its openapi 3.0.0; `recipient` is the SIRET of the administration that asks.
"""

from django.conf import settings
from django.views.decorators.debug import sensitive_variables

from franceconnect.data import exchanges
from franceconnect.data.answers import NotReceived, Outcome
from franceconnect.data.readers import unreadable

NAME = "api_particulier"
# The end of the code of every 404 that speaks of the person: 23003 at CNAF, 25003 at MESRI…
NO_FILE = "003"


def is_configured() -> bool:
    """Whether the town has an address and a SIRET for it."""
    values = settings.FRANCECONNECT["data"]
    return bool(values["api_particulier_url"] and values["recipient"])


def is_siret(text: str) -> bool:
    """Whether it is the number of an establishment: fourteen digits and their key.

    The key is Luhn's (ISO/IEC 7812-1, annex B); the post office's own exception is no town's.
    """
    if len(text) != 14 or not (text.isascii() and text.isdigit()) or not int(text):
        return False
    digits = [int(digit) * (1 + rank % 2) for rank, digit in enumerate(reversed(text))]
    return sum(tens + units for tens, units in (divmod(digit, 10) for digit in digits)) % 10 == 0


@sensitive_variables()
def ask(resource: str, access_token: str) -> dict:
    """The `data` of a resource (dss/quotient_familial…). Raises NotReceived."""
    values = settings.FRANCECONNECT["data"]
    try:
        document = exchanges.ask(
            NAME,
            "GET",
            f"{values['api_particulier_url']}/v3/{resource}/france_connect",
            params={"recipient": values["recipient"]},
            headers=exchanges.bearer(access_token),
        )
    except NotReceived as error:
        # Else a wrong address would tell everybody that they have no file.
        if error.outcome is Outcome.NO_FILE and not error.detail.endswith(NO_FILE):
            raise NotReceived(Outcome.UNAVAILABLE, "data_404") from None
        raise
    if not isinstance(document.get("data"), dict):
        raise unreadable()
    return document["data"]
