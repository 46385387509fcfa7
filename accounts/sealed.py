"""What is encrypted at rest: a copy of the database gives none of it away.

The key comes from SECRET_KEY, and from the purpose: what one purpose sealed, no other opens.
"""

import base64

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.crypto import salted_hmac
from django.views.decorators.debug import sensitive_variables


class Unreadable(Exception):
    """Made with another key or for another purpose, altered, or older than it may be."""


@sensitive_variables()
def seal(purpose: str, text: str) -> str:
    """`text`, encrypted and authenticated, for `purpose` alone."""
    return _cipher(purpose).encrypt(text.encode()).decode()


@sensitive_variables()
def unseal(purpose: str, sealed: str, *, max_age: int | None = None) -> str:
    """The text that `seal` was given; raises Unreadable, never an empty text instead.

    `max_age` in seconds. SECRET_KEY_FALLBACKS still open what they sealed.
    """
    try:
        return _cipher(purpose).decrypt(sealed.encode(), ttl=max_age).decode()
    except (InvalidToken, UnicodeEncodeError) as error:
        raise Unreadable from error


def _cipher(purpose: str) -> MultiFernet:
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(_key(purpose, secret)) for secret in secrets])


def _key(purpose: str, secret: str) -> bytes:
    digest = salted_hmac("accounts.sealed", purpose, secret=secret, algorithm="sha256").digest()
    return base64.urlsafe_b64encode(digest)
