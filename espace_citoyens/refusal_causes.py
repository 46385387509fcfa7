"""Why sign-ins are refused, in few words: the codes of the journal, gathered into causes."""

import re

# What stops a sign-in and refuses nobody: the platform does not answer, or refuses the portal.
OUTAGE = re.compile(
    r"provider_unavailable|too_many_exchanges|misconfigured|unreadable_answer|compressed_answer"
    r"|answer_too_\w+|http_\w+|jwks_\w+|discovery_\w+|endpoint_\w+|(userinfo|token)_\d+"
    r"|(token_)?(invalid|unauthorized|unsupported|unknown)_(?!state|key)\w+"
    r"|server_error|temporarily_unavailable"
)
CAUSES = {
    "Mot de passe incorrect": r"wrong_password",
    "Mauvais moyen de connexion": r"wrong_door",
    "Double authentification refusée": r"second_factor",
    "Demande expirée, ou session changée": (
        r"unknown_state|state_\w+|pending_expired|session_changed|code_refused|link_ended"
    ),
    "Accès bloqué par la mairie": r"blocked",
    "Agent entré par FranceConnect": r"agent",
    "Identité déjà rattachée à un autre espace": r"linked_elsewhere",
    "Espace déjà rattaché à une autre identité": r"space_has_another",
    "Identité d’une autre personne": r"another_person",
    "Code de la mairie périmé": r"counter_code_dead",
    "Réponse de FranceConnect refusée": (
        r"\w+_refused|unknown_key|\w+_mismatch"
        r"|\w+_malformed|token_\w+|userinfo_\w+|encryption_\w+|level_too_low|critical_header"
        r"|issued_in_the_future|callback_\w+|access_token_\w+"
    ),
}
OTHER_CAUSE = "Autre cause"


def is_outage(code: str) -> bool:
    """Whether this code says that the platform failed, and not the person."""
    return OUTAGE.fullmatch(code) is not None


def cause_of(code: str) -> str:
    """The cause in words; several codes have the same. The first that fits is the right one."""
    causes = (words for words, codes in CAUSES.items() if re.fullmatch(codes, code))
    return next(causes, OTHER_CAUSE)
