"""Contradictions of the configuration: found by `manage.py check`, not by the first citizen."""

from allauth.core.internal.ratelimit import parse_rates
from django.conf import settings
from django.core import checks

from franceconnect import conf, encryption
from franceconnect.data import api_particulier, catalogue, dgfip

ALGORITHMS = {
    conf.FRANCECONNECT: ("ES256", "RS256"),
    conf.FRANCECONNECT_PLUS: ("ES256",),
}
LEVELS = {conf.FRANCECONNECT: conf.LEVELS, conf.FRANCECONNECT_PLUS: conf.LEVELS[1:]}
RATE_LIMITS = {
    "rate_limit": "FRANCECONNECT_RATE_LIMIT",
    "session_rate_limit": "FRANCECONNECT_SESSION_RATE_LIMIT",
}


@checks.register(checks.Tags.security)
def check_configuration(app_configs, **kwargs):
    """Every rule of the FranceConnect documentation that a setting can break."""
    found = [*_shared_rules(), *_data_rules(settings.FRANCECONNECT["data"]), *_data_scope_rules()]
    for name, required in conf.REQUIRED.items():
        values = conf.values_of(name)
        if any(values[setting] for setting in required):
            found += _platform_rules(name, values)
    return [
        checks.Error(message, id=f"franceconnect.{number}")
        for number, holds, message in found
        if not holds
    ]


def _shared_rules():
    """Number, whether it holds, what to do otherwise."""
    values = settings.FRANCECONNECT
    for setting, variable in RATE_LIMITS.items():
        yield (
            "E006",
            _is_rate(values[setting]),
            f"{variable} : donnez un nombre et une durée, par exemple 300/m.",
        )
    yield (
        "E009",
        values["max_exchanges"] > 0,
        "FRANCECONNECT_MAX_EXCHANGES : donnez un nombre d’échanges supérieur à zéro.",
    )
    issuers = [platform.issuer for platform in conf.platforms()]
    yield (
        "E010",
        len(set(issuers)) == len(issuers),
        "FRANCECONNECT_ISSUER et FRANCECONNECT_PLUS_ISSUER désignent la même plateforme : donnez "
        "à chacune la sienne.",
    )


def _data_rules(values: dict):
    """Of the data of other administrations; all hold where none is configured."""
    yield (
        "E011",
        bool(values["api_particulier_url"]) == bool(values["recipient"]),
        "API_PARTICULIER_URL et API_PARTICULIER_RECIPIENT vont ensemble : il en manque une.",
    )
    yield (
        "E012",
        not values["recipient"] or api_particulier.is_siret(values["recipient"]),
        "API_PARTICULIER_RECIPIENT n’est pas un SIRET : donnez les quatorze chiffres de celui de "
        "la commune, tel qu’il figure dans son habilitation.",
    )
    of_dgfip = [bool(values[setting]) for setting in dgfip.REQUIRED]
    yield (
        "E013",
        all(of_dgfip) or not any(of_dgfip),
        f"{', '.join(map(str.upper, dgfip.REQUIRED))} vont ensemble : il en manque.",
    )


def _data_scope_rules():
    unknown = sorted(catalogue.allowed_scopes() - catalogue.KNOWN_SCOPES)
    yield (
        "E014",
        not unknown,
        f"FRANCECONNECT_DATA_SCOPES : le portail ne sait rien demander avec {', '.join(unknown)}. "
        "Retirez cette portée, ou corrigez-la.",
    )
    yield (
        "E015",
        not catalogue.allowed_scopes() or conf.platform(conf.FRANCECONNECT) is not None,
        "FRANCECONNECT_DATA_SCOPES : ces données passent par FranceConnect, qui n’est pas réglé.",
    )


def _platform_rules(name: str, values: dict):
    prefix = name.upper()
    levels = set(values["acr_values"].split())
    required = ", ".join(f"{prefix}_{setting.upper()}" for setting in conf.REQUIRED[name])
    yield (
        "E001",
        all(values[setting] for setting in conf.REQUIRED[name]),
        f"{required} vont ensemble : il en manque.",
    )
    yield (
        "E002",
        levels and levels <= set(LEVELS[name]),
        f"{prefix}_ACR_VALUES : donnez un ou plusieurs de {', '.join(LEVELS[name])}.",
    )
    yield (
        "E003",
        "openid" in values["scopes"].split(),
        f"{prefix}_SCOPES doit contenir openid.",
    )
    yield (
        "E004",
        values["signing_alg"] in ALGORITHMS[name],
        f"{prefix}_SIGNING_ALG : donnez {' ou '.join(ALGORITHMS[name])}.",
    )
    yield (
        "E005",
        0 < values["timeout"] <= 10,
        f"{prefix}_TIMEOUT : donnez un nombre de secondes entre 0 et 10.",
    )
    yield (
        "E007",
        name == conf.FRANCECONNECT or _is_key(values["encryption_key"]),
        f"{prefix}_ENCRYPTION_KEY : donnez une ou plusieurs clés privées au format PEM, sur la "
        "courbe P-256 ou RSA d’au moins 2048 bits.",
    )


def _is_rate(text: str) -> bool:
    try:
        return bool(parse_rates(f"{text}/ip"))
    except ValueError:
        return False


def _is_key(pem: str) -> bool:
    try:
        return bool(encryption.private_keys(pem))
    except ValueError:
        # A missing one is said by E001.
        return not pem
