"""What is wrong between this portal and a platform, and how to mend it, in an integrator's words.

All is asked anew and nothing is kept: the portal's cache must not hide what is wrong now, nor
learn from a check. No secret and no key is ever part of a finding.
"""

import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, fields
from email.utils import parsedate_to_datetime
from enum import StrEnum

import jwt
from django.core import checks
from django.views.decorators.debug import sensitive_variables

from franceconnect import encryption
from franceconnect.client import Metadata
from franceconnect.conf import Platform
from franceconnect.exceptions import ProviderUnavailable
from franceconnect.exchange import exchange
from franceconnect.tokens import KEY_TYPES

# Tokens live a minute: past that, none is accepted.
CLOCK_ERROR_SECONDS = 60
CLOCK_WARNING_SECONDS = 10
MAX_SHOWN_CHARACTERS = 200
CREDENTIALS_REFUSED = ("invalid_client", "unauthorized_client")

# By code of ProviderUnavailable; {} is the prefix of the platform's settings.
ELSEWHERE = "Vérifiez {}_ISSUER, et qu’aucun serveur mandataire ne répond à la place."
FAILURES = {
    "answer_too_slow": ("réponse trop lente", "Vérifiez la sortie https, ou {}_TIMEOUT."),
    "endpoint_elsewhere": ("adresse absente, ou hors de la plateforme", ELSEWHERE),
    "http_ConnectionError": ("injoignable", "Vérifiez {}_ISSUER, le DNS et la sortie https."),
    "http_SSLError": ("certificat refusé", "Vérifiez {}_ISSUER et les autorités de ce serveur."),
    "unreadable_answer": ("la réponse n’est pas un document JSON", ELSEWHERE),
}
OTHER_FAILURE = ("réponse inutilisable", "Vérifiez {}_ISSUER ; sinon, réessayez plus tard.")
# By setting that may be wrong.
REMEDIES = {
    "issuer": "{}_ISSUER : donnez l’émetteur d’une plateforme FranceConnect version 2.",
    "signing_alg": "{}_SIGNING_ALG : donnez un de ceux-là, choisi aussi dans l’espace partenaires.",
    "acr_values": "{}_ACR_VALUES : ne demandez que ces niveaux.",
    "scopes": "{}_SCOPES : corrigez ou retirez ce que la plateforme ne connaît pas.",
    "encryption_key": "{}_ENCRYPTION_KEY : refaites la clé (docs/integration-franceconnect.md).",
}


class Status(StrEnum):
    """How a line begins."""

    RIGHT = "✓"
    DOUBTFUL = "à vérifier –"
    WRONG = "✗"


@dataclass(frozen=True)
class Finding:
    """One line of the diagnosis, with what to do when it is not right."""

    status: Status
    title: str
    remedy: str = ""


@dataclass(frozen=True)
class Reading:
    """A JSON answer, and how many seconds our clock is ahead of it (None: it bears no date)."""

    status: int
    document: dict
    advance: float | None


def settings_findings() -> list[Finding]:
    """What the system checks of this app say; their messages hold their remedies."""
    found = [
        Finding(Status.WRONG if message.is_serious() else Status.DOUBTFUL, message.msg)
        for message in checks.run_checks()
        if str(message.id).startswith("franceconnect.")
    ]
    return found or [Finding(Status.RIGHT, "Aucune contradiction.")]


def platform_findings(platform: Platform) -> Iterator[Finding]:
    """Everything that can be known of a platform from here, in the order to mend it."""
    title = f"Configuration publiée par {_shown(platform.issuer)}"
    try:
        discovery = _ask(platform, "GET", f"{platform.issuer}/.well-known/openid-configuration")
    except ProviderUnavailable as error:
        yield _no_answer(platform, title, error.code)
        yield from encryption_findings(platform)
        return
    document = discovery.document
    yield Finding(Status.RIGHT, f"{title} : lue.")
    yield issuer_finding(platform, document)
    yield endpoints_finding(platform, document)
    yield from capability_findings(platform, document)
    yield keys_finding(platform, document.get("jwks_uri"))
    yield from _credentials_and_clock(platform, discovery)
    yield from encryption_findings(platform, document)


def issuer_finding(platform: Platform, document: dict) -> Finding:
    """OpenID Connect Discovery §4.3: the issuer must be the one asked, to the character."""
    issuer = document.get("issuer")
    if issuer == platform.issuer:
        return Finding(Status.RIGHT, "Émetteur : identique.")
    title = f"Émetteur : {_shown(issuer)} au lieu de {_shown(platform.issuer)}."
    remedy = "{}_ISSUER : recopiez l’émetteur que donne l’espace partenaires, au caractère près."
    return Finding(Status.WRONG, title, _for(platform, remedy))


def endpoints_finding(platform: Platform, document: dict) -> Finding:
    """Whether every endpoint is on the issuer's origin: elsewhere, the portal asks nothing."""
    origin = _shown(platform.origin)
    wrong = [
        f"{endpoint.name} ({_shown(document.get(endpoint.name))})"
        for endpoint in fields(Metadata)
        if not _is_at_issuer(platform, document.get(endpoint.name))
    ]
    if not wrong:
        return Finding(Status.RIGHT, f"Adresses : toutes sur {origin}.")
    title = f"Adresses absentes, ou hors de {origin} : {', '.join(wrong)}."
    return Finding(Status.WRONG, title, _for(platform, ELSEWHERE))


def capability_findings(platform: Platform, document: dict) -> list[Finding]:
    """Whether the platform says that it does what we ask (Discovery §3)."""
    algorithm = [platform.signing_alg]
    asked = [
        ("response_types", "Type de réponse", ["code"], "issuer"),
        ("token_endpoint_auth_methods", "Envoi du secret", ["client_secret_post"], "issuer"),
        ("id_token_signing_alg_values", "Signature du jeton", algorithm, "signing_alg"),
        ("userinfo_signing_alg_values", "Signature des données", algorithm, "signing_alg"),
        ("acr_values", "Niveaux de garantie", platform.acr_values.split(), "acr_values"),
        ("scopes", "Portées", platform.every_scope, "scopes"),
    ]
    return [_capability(platform, document, *one) for one in asked]


def _capability(platform: Platform, document: dict, *asked_for) -> Finding:
    member, title, asked, setting = asked_for
    offered = document.get(f"{member}_supported")
    if not isinstance(offered, list):
        unknown = f"{title} : la plateforme ne publie pas de liste {member}_supported."
        remedy = f"Vérifiez dans l’espace partenaires qu’elle accepte {_listed(asked)}."
        return Finding(Status.DOUBTFUL, unknown, remedy)
    if missing := [value for value in asked if value not in offered]:
        refused = f"{title} : {_listed(missing)} absent (proposés : {_listed(offered)})."
        return Finding(Status.WRONG, refused, _for(platform, REMEDIES[setting]))
    return Finding(Status.RIGHT, f"{title} : {_listed(asked)}.")


def keys_finding(platform: Platform, address: object) -> Finding:
    """Whether a key of the set could verify what the platform signs for us."""
    title = "Clés de signature de la plateforme"
    try:
        keys = _ask(platform, "GET", address).document.get("keys")
    except ProviderUnavailable as error:
        return _no_answer(platform, title, error.code)
    keys = [key for key in keys if isinstance(key, dict)] if isinstance(keys, list) else []
    if usable := [key for key in keys if _is_usable(key, platform.signing_alg)]:
        return Finding(Status.RIGHT, f"{title} : {len(usable)} pour {platform.signing_alg}.")
    kinds = [" ".join(str(key.get(name, "–")) for name in ("kty", "crv", "use")) for key in keys]
    wrong = f"{title} : aucune pour {platform.signing_alg} (trouvées : {_listed(kinds)})."
    remedy = REMEDIES["signing_alg"] + " S’il est juste, signalez la panne à FranceConnect."
    return Finding(Status.WRONG, wrong, _for(platform, remedy))


def _is_usable(key: dict, alg: str) -> bool:
    """As `tokens` chooses the keys that may have signed."""
    key_type, curve = KEY_TYPES.get(alg, (None, None))
    if key.get("kty") != key_type or (curve and key.get("crv") != curve):
        return False
    if key.get("use", "sig") != "sig" or key.get("alg", alg) != alg or "d" in key:
        return False
    try:
        return bool(jwt.PyJWK(key, algorithm=alg))
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        return False


def _credentials_and_clock(platform: Platform, discovery: Reading) -> list[Finding]:
    """The clock is read on the answer to a POST when there is one: no cache on the way keeps it."""
    try:
        address = discovery.document.get("token_endpoint")
        answer = _ask(platform, "POST", address, data=_unknown_code(platform))
    except ProviderUnavailable as error:
        refusal = _no_answer(platform, "Identifiant et secret", error.code)
        return [refusal, clock_finding(discovery.advance)]
    advance = discovery.advance if answer.advance is None else answer.advance
    return [credentials_finding(platform, answer), clock_finding(advance)]


def _unknown_code(platform: Platform) -> dict:
    """A token request whose code is made up: our credentials are checked before it is."""
    return {
        "grant_type": "authorization_code",
        "code": secrets.token_urlsafe(32),
        "redirect_uri": platform.redirect_uri,
        "client_id": platform.client_id,
        "client_secret": platform.client_secret,
    }


def credentials_finding(platform: Platform, answer: Reading) -> Finding:
    """What the refusal of a made-up code tells of our credentials (RFC 6749 §5.2)."""
    error = answer.document.get("error")
    if error == "invalid_grant":
        return Finding(Status.RIGHT, "Identifiant et secret : acceptés.")
    if error in CREDENTIALS_REFUSED:
        title = f"Identifiant et secret : refusés ({error})."
        remedy = "{0}_CLIENT_ID et {0}_CLIENT_SECRET : recopiez ceux de cet environnement."
        return Finding(Status.WRONG, title, _for(platform, remedy))
    # The answer itself is not shown: a server can send back the secret that it was sent.
    title = f"Identifiant et secret : réponse inattendue (http_{answer.status})."
    remedy = "Réessayez dans quelques minutes ; si cela dure, signalez-le à FranceConnect."
    return Finding(Status.WRONG, title, remedy)


def clock_finding(advance: float | None) -> Finding:
    """Whether our clock and the platform's agree; `advance` is ours, in seconds."""
    remedy = "Mettez ce serveur à l’heure (NTP) : un jeton ne vit qu’une minute."
    if advance is None:
        return Finding(Status.DOUBTFUL, "Horloge : la plateforme ne donne pas l’heure.", remedy)
    if abs(advance) <= CLOCK_WARNING_SECONDS:
        return Finding(Status.RIGHT, "Horloge : à l’heure.")
    gap = f"{'avance' if advance > 0 else 'retarde'} de {abs(advance):.0f} secondes"
    status = Status.WRONG if abs(advance) > CLOCK_ERROR_SECONDS else Status.DOUBTFUL
    return Finding(status, f"Horloge : ce serveur {gap}.", remedy)


def encryption_findings(platform: Platform, document: dict | None = None) -> Iterator[Finding]:
    """Our own keys, then, when discovery is known, whether the platform can use them."""
    if not platform.is_encrypted:
        return
    title = "Clés de chiffrement du portail"
    try:
        keys = encryption.public_keys(platform.encryption_key)
    except ValueError:
        remedy = _for(platform, REMEDIES["encryption_key"])
        yield Finding(Status.WRONG, f"{title} : illisibles.", remedy)
        return
    yield Finding(Status.RIGHT, f"{title} : kid {_listed([key['kid'] for key in keys])}.")
    asked = {"alg": sorted({key["alg"] for key in keys}), "enc": [encryption.CONTENT_ALGORITHM]}
    for token, what in (("id_token", "du jeton"), ("userinfo", "des données")):
        for part in asked if document is not None else ():
            member, name = f"{token}_encryption_{part}_values", f"Chiffrement {what} ({part})"
            yield _capability(platform, document, member, name, asked[part], "encryption_key")


@sensitive_variables()
def _ask(platform: Platform, method: str, url: object, **kwargs) -> Reading:
    """The answer of the platform itself, 200 unless posted to. Raises ProviderUnavailable."""
    if not _is_at_issuer(platform, url):
        raise ProviderUnavailable("endpoint_elsewhere")
    asked_at = time.time()
    answer = exchange(method, url, seconds=platform.timeout, **kwargs)
    advance = _advance(answer.date, asked_at, time.time())
    if method == "GET" and answer.status != 200:
        raise ProviderUnavailable(f"http_{answer.status}")
    return Reading(answer.status, answer.json_object(), advance)


def _advance(date: str, asked_at: float, answered_at: float) -> float | None:
    """0 when a Date header (RFC 9110 §6.6.1, whole seconds) fits between question and answer."""
    try:
        theirs = parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
    return max(asked_at - theirs - 1, 0) or min(answered_at - theirs, 0)


def _is_at_issuer(platform: Platform, url: object) -> bool:
    return isinstance(url, str) and url.startswith(f"{platform.origin}/")


def _no_answer(platform: Platform, title: str, code: str) -> Finding:
    what, remedy = FAILURES.get(code, OTHER_FAILURE)
    return Finding(Status.WRONG, f"{title} : {what} ({code}).", _for(platform, remedy))


def _for(platform: Platform, remedy: str) -> str:
    return remedy.format(platform.name.upper())


def _shown(value: object) -> str:
    return "rien" if value is None else f"« {_printable(str(value))} »"


def _listed(values: list) -> str:
    return _printable(", ".join(map(str, values))) or "rien"


def _printable(text: str) -> str:
    """What another server wrote, fit for a terminal."""
    return "".join(sign if sign.isprintable() else "?" for sign in text[:MAX_SHOWN_CHARACTERS])
