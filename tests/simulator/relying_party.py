"""A service seen from outside: it asks, exchanges a code, reads the tokens."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt
import requests
from joserfc import jwe
from joserfc.jwk import ECKey, RSAKey

from tests.simulator.process import PORTAL, PORTAL_PLUS, SECRET, TIMEOUT, SimulatorProcess

STATE = "etat-aleatoire-de-ce-navigateur-0123456789"
NONCE = "valeur-unique-de-cette-connexion-0123456789"


@dataclass(frozen=True)
class RelyingParty:
    simulator: SimulatorProcess
    client_id: str = "espace-citoyens-test"
    scope: str = "openid identite_pivot preferred_username email"
    portal: str = PORTAL
    level: str = "eidas1"

    def parameters(self) -> dict[str, str]:
        return {
            "client_id": self.client_id,
            "redirect_uri": f"{self.portal}/callback/",
            "response_type": "code",
            "scope": self.scope,
            "state": STATE,
            "nonce": NONCE,
            "acr_values": self.level,
        }

    def url(self, **changes: str) -> str:
        return f"{self.simulator.issuer}/authorize?{urlencode(self.parameters() | changes)}"

    def sign_in(
        self, browser: requests.Session, login: str = "test", provider: str = "", **changes: str
    ) -> str:
        """The code of a whole sign-in."""
        callback = self.simulator.sign_in(browser, self.url(**changes), login, provider)
        return query_of(callback)["code"]

    def exchange(self, code: str | None, /, **changes: Any) -> requests.Response:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": f"{self.portal}/callback/",
            "client_id": self.client_id,
            "client_secret": SECRET,
        } | changes
        return requests.post(f"{self.simulator.issuer}/token", data=form, timeout=TIMEOUT)

    def tokens(self, browser: requests.Session, login: str = "test", **changes: str) -> dict:
        response = self.exchange(self.sign_in(browser, login, **changes))
        assert response.status_code == 200, response.text
        return response.json()

    def userinfo(self, access_token: str) -> requests.Response:
        headers = {"Authorization": f"Bearer {access_token}"}
        url = f"{self.simulator.issuer}/userinfo"
        return requests.get(url, headers=headers, timeout=TIMEOUT)

    def person(self, browser: requests.Session, login: str = "test", **changes: str) -> dict:
        """The verified claims of userinfo after a whole sign-in."""
        return self.read(self.userinfo(self.tokens(browser, login, **changes)["access_token"]).text)

    def read(self, token: str, *, skip_dates: bool = False) -> dict[str, Any]:
        """The claims, once the signature is checked with the published keys."""
        published = requests.get(f"{self.simulator.issuer}/jwks", timeout=TIMEOUT).json()
        kid = jwt.get_unverified_header(token)["kid"]
        key = next(key for key in jwt.PyJWKSet.from_dict(published).keys if key.key_id == kid)
        return jwt.decode(
            token,
            key.key,
            algorithms=["ES256", "RS256"],
            audience=self.client_id,
            issuer=self.simulator.issuer,
            options={"verify_exp": not skip_dates, "verify_iat": not skip_dates},
        )


@dataclass(frozen=True)
class PlusRelyingParty(RelyingParty):
    """The same at FranceConnect+: tokens are decrypted with ``key`` before they are read."""

    client_id: str = "espace-citoyens-plus-test"
    portal: str = PORTAL_PLUS
    level: str = "eidas2"
    key: ECKey | RSAKey = field(default=None, repr=False)

    def decrypt(self, token: str) -> jwe.CompactEncryption:
        """The header and the content; every algorithm is accepted, which no service should do."""
        every = [name for kind in jwe.JWERegistry.algorithms.values() for name in kind]
        registry = jwe.JWERegistry(algorithms=every, strict_check_header=False)
        return jwe.decrypt_compact(token, self.key, registry=registry)

    def opened(self, token: str) -> str:
        """The signed token inside."""
        return self.decrypt(token).plaintext.decode()

    def read(self, token: str, *, skip_dates: bool = False) -> dict[str, Any]:
        return super().read(self.opened(token), skip_dates=skip_dates)


def query_of(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
