"""The status of a job seeker, at France Travail's own gateway.

API Particulier gives it by identifier alone, never with FranceConnect. Source: swagger of
« FC Statut augmenté » v1.
"""

from django.conf import settings
from django.views.decorators.debug import sensitive_variables

from franceconnect.data import exchanges

NAME = "france_travail"


def is_configured() -> bool:
    """Whether the town has an address for it."""
    return bool(settings.FRANCECONNECT["data"]["france_travail_url"])


@sensitive_variables()
def ask(resource: str, access_token: str) -> dict:
    """What a resource (fc-statutaugmente/v1/statut) answers. Raises NotReceived."""
    base = settings.FRANCECONNECT["data"]["france_travail_url"]
    url = f"{base}/partenaire/{resource}"
    return exchanges.ask(NAME, "GET", url, headers=exchanges.bearer(access_token))
