"""Everything that stops a sign-in: one family, with a code for us and a sentence for the citizen.

No token, code, claim or `sub` is ever put in an exception: its code is all that logs receive.
"""


class FranceConnectError(Exception):
    """`code` goes to the log and the journal, `user_message` to the citizen."""

    code = "error"
    status = 400
    user_message = (
        "FranceConnect n’a pas pu confirmer votre identité. Recommencez, ou utilisez un autre "
        "moyen de connexion."
    )
    # Whether somebody of the town hall or its provider must act.
    is_ours_to_mend = False
    # Whether somebody has been identified, whom a shared computer should forget.
    offers_sign_out = False

    def __init__(self, code: str = ""):
        self.code = code or self.code
        super().__init__(self.code)


class UnknownState(FranceConnectError):
    """The return matches no sign-in that this browser started under ten minutes ago."""

    code = "unknown_state"
    user_message = "Votre demande de connexion a expiré. Recommencez depuis le début."


class SessionChanged(FranceConnectError):
    """Somebody else is signed in, or nobody any more, since the journey began."""

    code = "session_changed"
    user_message = (
        "Votre session a changé pendant votre passage chez FranceConnect. Reconnectez-vous, puis "
        "recommencez."
    )


class AccessDenied(FranceConnectError):
    """The citizen turned back at FranceConnect: a choice, no failure."""

    code = "access_denied"
    user_message = "La connexion avec FranceConnect n’a pas eu lieu."


class ProviderUnavailable(FranceConnectError):
    """FranceConnect is down, slow, or answers nonsense."""

    code = "provider_unavailable"
    # Whether it counts as one more sign that FranceConnect is down for everybody.
    is_outage = True
    status = 503
    user_message = (
        "FranceConnect ne répond pas en ce moment. Réessayez plus tard, ou utilisez un autre moyen "
        "de connexion."
    )


class UnexpectedRefusal(ProviderUnavailable):
    """FranceConnect, or what stands before it, refuses this very request: others may pass."""

    is_outage = False


class Saturated(ProviderUnavailable):
    """Too many exchanges with FranceConnect are under way here: the portal protects itself."""

    code = "too_many_exchanges"
    is_outage = False


class SwitchedOff(FranceConnectError):
    """The town has switched this platform off: nobody enters by it, even on their way back."""

    code = "switched_off"
    status = 503
    user_message = (
        "La mairie a suspendu FranceConnect sur ce portail. Personne n’a été connecté, et rien n’a "
        "changé dans votre espace. Utilisez un autre moyen de connexion, ou revenez plus tard."
    )


class Misconfigured(FranceConnectError):
    """FranceConnect refuses what this portal asks: operators must act."""

    code = "misconfigured"
    status = 503
    user_message = ProviderUnavailable.user_message
    is_ours_to_mend = True


class CodeRefused(FranceConnectError):
    """The authorization code is unknown, used or older than thirty seconds."""

    code = "code_refused"
    user_message = "Votre demande de connexion a expiré. Recommencez depuis le début."


class TokenRefused(FranceConnectError):
    """A token that cannot be trusted."""

    code = "token_refused"


class UnknownKey(TokenRefused):
    """No key of the set verifies the signature: worth one look at a fresh set."""

    code = "unknown_key"


class IdentityRefused(FranceConnectError):
    """A trusted answer whose identity cannot be kept."""

    code = "identity_refused"


class LinkRefused(FranceConnectError):
    """The decision table says no; the code says which row."""

    status = 403
    offers_sign_out = True

    def __init__(self, code: str, user_message: str):
        super().__init__(code)
        self.user_message = user_message
