"""Contradictions of the configuration: found by `manage.py check`, not by the first citizen."""

from allauth.core.internal.ratelimit import parse_rates
from django.conf import settings
from django.core import checks

from franceconnect.conf import LEVELS

ALGORITHMS = ("ES256", "RS256")
RATE_LIMIT_ERROR = checks.Error(
    "FRANCECONNECT_RATE_LIMIT : donnez un nombre et une durée, par exemple 300/m.",
    id="franceconnect.E006",
)


@checks.register(checks.Tags.security)
def check_configuration(app_configs, **kwargs):
    """Every rule of the FranceConnect documentation that a setting can break."""
    values = settings.FRANCECONNECT
    errors = [] if _is_rate(values["rate_limit"]) else [RATE_LIMIT_ERROR]
    if not any(values[name] for name in ("issuer", "client_id", "client_secret")):
        return errors
    return errors + [
        checks.Error(message, id=f"franceconnect.{number}")
        for number, holds, message in _rules(values)
        if not holds
    ]


def _rules(values: dict):
    """Number, whether it holds, what to do otherwise."""
    levels = set(values["acr_values"].split())
    yield (
        "E001",
        values["issuer"] and values["client_id"] and values["client_secret"],
        "FRANCECONNECT_ISSUER, _CLIENT_ID et _CLIENT_SECRET vont ensemble : il en manque.",
    )
    yield (
        "E002",
        levels and levels <= set(LEVELS),
        f"FRANCECONNECT_ACR_VALUES : donnez un ou plusieurs de {', '.join(LEVELS)}.",
    )
    yield (
        "E003",
        "openid" in values["scopes"].split(),
        "FRANCECONNECT_SCOPES doit contenir openid.",
    )
    yield (
        "E004",
        values["signing_alg"] in ALGORITHMS,
        f"FRANCECONNECT_SIGNING_ALG : donnez {' ou '.join(ALGORITHMS)}.",
    )
    yield (
        "E005",
        0 < values["timeout"] <= 10,
        "FRANCECONNECT_TIMEOUT : donnez un nombre de secondes entre 0 et 10.",
    )


def _is_rate(text: str) -> bool:
    try:
        return bool(parse_rates(f"{text}/ip"))
    except ValueError:
        return False
