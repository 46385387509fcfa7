"""The taxes of the citizen, at the DGFiP's own gateway: two tokens, ours and the citizen's.

Source: swagger of API Impôt particulier 1.0. Our token comes by client credentials (RFC 6749 §4.4)
and serves for one fetch: it is kept nowhere.
"""

import uuid

from django.conf import settings
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from franceconnect.data import exchanges
from franceconnect.data.answers import NotReceived, Outcome
from franceconnect.data.readers import unreadable

NAME = "dgfip"
REQUIRED = (
    "dgfip_url",
    "dgfip_token_url",
    "dgfip_client_id",
    "dgfip_client_secret",
    "dgfip_teleservice",
)
PATH = "impotparticulier/1.0/situations/ir/assiettes/annrev"
# The year before this one; or the one before it, until the new notices are there.
THIS_YEARS_NOTICE = "dgfip_annee_n_moins_1"
LAST_NOTICE = "dgfip_annee_n_moins_2_si_indispo_n_moins_1"


def is_configured() -> bool:
    """Whether the town has its own access to that gateway."""
    return all(settings.FRANCECONNECT["data"][setting] for setting in REQUIRED)


@sensitive_variables()
def ask(resource: str, access_token: str) -> dict:
    """The tax situation of the latest year there is, with that year under `annee`.

    `resource` is always the one this module knows. Raises NotReceived.
    """
    gateway_token = _gateway_token()
    year = timezone.localdate().year - 1
    try:
        return _situation(year, gateway_token, access_token)
    except NotReceived as error:
        is_allowed = LAST_NOTICE in settings.FRANCECONNECT["data"]["scopes"].split()
        if error.outcome is not Outcome.NO_FILE or not is_allowed:
            raise
    return _situation(year - 1, gateway_token, access_token)


@sensitive_variables()
def _situation(year: int, gateway_token: str, access_token: str) -> dict:
    values = settings.FRANCECONNECT["data"]
    headers = exchanges.bearer(gateway_token) | {
        "X-FranceConnect-OAuth": access_token,
        "X-Correlation-ID": str(uuid.uuid4()),
        "ID_Teleservice": values["dgfip_teleservice"],
    }
    url = f"{values['dgfip_url']}/{PATH}/{year}"
    return exchanges.ask(NAME, "GET", url, headers=headers) | {"annee": year}


@sensitive_variables()
def _gateway_token() -> str:
    values = settings.FRANCECONNECT["data"]
    try:
        answer = exchanges.ask(
            NAME,
            "POST",
            values["dgfip_token_url"],
            data={"grant_type": "client_credentials"},
            auth=(values["dgfip_client_id"], values["dgfip_client_secret"]),
        )
    except NotReceived as error:
        if error.outcome is Outcome.BUSY:
            raise
        # Our own credentials: no new authorisation of the citizen's would mend them.
        raise NotReceived(Outcome.UNAVAILABLE, f"gateway_{error.code}") from None
    token = answer.get("access_token")
    if not isinstance(token, str) or not token.isascii() or not token.isprintable() or not token:
        raise unreadable()
    return token
