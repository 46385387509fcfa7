"""mozilla-django-oidc's backend, with every exchange bounded and every token checked."""

import time
from dataclasses import dataclass, field

from django.views.decorators.debug import sensitive_variables
from mozilla_django_oidc.auth import OIDCAuthenticationBackend

from accounts.models import User
from franceconnect import client, encryption, outage, tokens
from franceconnect.conf import Platform
from franceconnect.exceptions import ProviderUnavailable, UnknownKey
from franceconnect.exchange import time_budget
from franceconnect.identity import PivotIdentity
from franceconnect.state import LoginRequest, PendingIdentity

# Key set, token, userinfo, key set again: whatever they do, the citizen has an answer in time.
ALL_EXCHANGES_SECONDS = 9.0


@dataclass(frozen=True)
class Return:
    """What one return proved: who, and the tokens that sign-out and a fetch of data need."""

    pending: PendingIdentity = field(repr=False)
    id_token: str = field(repr=False)
    access_token: str = field(repr=False)


class FranceConnectBackend(OIDCAuthenticationBackend):
    """Proves who returns from FranceConnect; who that is here, the decision table says.

    Never creates, updates or finds an account from claims: an e-mail is no key.
    """

    def __init__(self, platform: Platform | None = None):
        """Django makes one at each request to load the user: nothing is fetched here."""
        self.UserModel = User
        self.platform = platform

    def authenticate(self, request, **kwargs):
        """Nobody is signed in by credentials here: only the callback view signs in."""

    def get_user(self, user_id):
        user = User.objects.select_related("space").filter(pk=user_id).first()
        return user if user and self.user_can_authenticate(user) else None

    @sensitive_variables()
    def identify(self, login_request: LoginRequest, code: str) -> Return:
        """The person whose return carried `code`, once everything about them is checked.

        Two calls, at once: the code lives thirty seconds, the access token sixty.
        Raises a FranceConnectError.
        """
        try:
            with time_budget(ALL_EXCHANGES_SECONDS):
                return self._identify(login_request, code)
        except ProviderUnavailable as error:
            if error.is_outage:
                outage.failed(self.platform)
            raise

    @sensitive_variables()
    def _identify(self, login_request, code) -> Return:
        answer = self.get_token(code)
        id_token = self._opened(answer.id_token)
        login = self.verify_token(id_token, nonce=login_request.nonce)
        claims = self.get_userinfo(answer.access_token, id_token, login)
        outage.ended(self.platform)
        pending = PendingIdentity(
            issuer=self.platform.issuer,
            sub=login.sub,
            acr=login.acr,
            identity=PivotIdentity.from_claims(claims),
            next_url=login_request.next_url,
            proven_at=time.time(),
        )
        return Return(pending, id_token, answer.access_token)

    @sensitive_variables()
    def get_token(self, payload):
        return client.exchange_code(self.platform, payload)

    @sensitive_variables()
    def verify_token(self, token, **kwargs):
        return self._verified(tokens.verify_id_token, token, **kwargs)

    @sensitive_variables()
    def get_userinfo(self, access_token, id_token, payload):
        signed = self._opened(client.userinfo_token(self.platform, access_token))
        return self._verified(tokens.verify_userinfo, signed, sub=payload.sub)

    @sensitive_variables()
    def _opened(self, token: str) -> str:
        """The signed token, taken out of its encryption where the platform encrypts."""
        return encryption.opened(token, self.platform) if self.platform.is_encrypted else token

    @sensitive_variables()
    def _verified(self, verify, token, **kwargs):
        """Verify with the known keys, then once more with fresh ones: keys rotate unannounced."""
        kwargs |= {"platform": self.platform, "now": time.time()}
        known = client.key_set(self.platform)
        try:
            return verify(token, keys=known, **kwargs)
        except UnknownKey:
            fresh = client.refreshed_key_set(self.platform, known=known)
            return verify(token, keys=fresh, **kwargs)
