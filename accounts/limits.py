"""How often something may be tried: allauth's counters, with rates of our own."""

from allauth.core.internal import ratelimit
from django.http import HttpRequest


def within_rate(request: HttpRequest, action: str, rate: str, *, key: str | None = None) -> bool:
    """Count one more try of `action`; whether it is within `rate`, a GET as well as a POST.

    `rate` is written as allauth's: `5/h/key`, several separated by commas; counted by `key`, by
    person signed in (`user`) or by network address (`ip`).
    """
    usage = ratelimit.consume(
        request, app="portal", action=action, config={action: rate}, key=key, limit_get=True
    )
    return usage is not None
