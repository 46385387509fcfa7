"""Contradictions of the configuration: found by `manage.py check`, not by the first citizen."""

from django.conf import settings
from django.core import checks

from franceconnect.conf import LEVELS

ALGORITHMS = ("ES256", "RS256")


@checks.register(checks.Tags.security)
def check_configuration(app_configs, **kwargs):
    """Every rule of the FranceConnect documentation that a setting can break."""
    values = settings.FRANCECONNECT
    given = [name for name in ("issuer", "client_id", "client_secret") if values[name]]
    if not given:
        return []
    rules = [
        (
            "E001",
            len(given) == 3,
            "FRANCECONNECT_ISSUER, _CLIENT_ID et _CLIENT_SECRET vont ensemble : il en manque.",
        ),
        (
            "E002",
            set(values["acr_values"].split()) & set(LEVELS)
            and set(values["acr_values"].split()) <= set(LEVELS),
            f"FRANCECONNECT_ACR_VALUES : donnez un ou plusieurs de {', '.join(LEVELS)}.",
        ),
        (
            "E003",
            "openid" in values["scopes"].split(),
            "FRANCECONNECT_SCOPES doit contenir openid.",
        ),
        (
            "E004",
            values["signing_alg"] in ALGORITHMS,
            f"FRANCECONNECT_SIGNING_ALG : donnez {' ou '.join(ALGORITHMS)}.",
        ),
        (
            "E005",
            0 < values["timeout"] <= 10,
            "FRANCECONNECT_TIMEOUT : donnez un nombre de secondes entre 0 et 10.",
        ),
    ]
    return [
        checks.Error(message, id=f"franceconnect.{number}")
        for number, holds, message in rules
        if not holds
    ]
