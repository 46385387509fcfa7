"""What FranceConnect left of a person here: to give them, to erase, to forget in time."""

from django.conf import settings
from django.db.models import QuerySet

from accounts.erasure import erase_sessions
from accounts.models import User
from accounts.privacy import Section
from accounts.retention import Category, months_ago
from franceconnect.linking import means_of
from franceconnect.models import Link
from franceconnect.state import PENDING_KEY


def sections(user: User) -> list[Section]:
    """Every link, active or ended. The technical identifier is a datum of this person's.

    It is in the JSON alone (RGPD art. 15): nobody reads it, and a printed page lies about.
    """
    links = Link.objects.filter(citizen=user).order_by("-created_at")
    data = [
        {
            "platform": means_of(link.issuer),
            "issuer": link.issuer,
            "technical_identifier": link.sub,
            "level": link.level,
            "confirmed_despite_differences": link.has_strong_mismatch,
            "created_at": link.created_at,
            "last_used_at": link.last_used_at,
            "ended_at": link.ended_at,
            "end_cause": link.end_cause,
            "end_label": link.get_end_cause_display(),
        }
        for link in links
    ]
    return [Section("franceconnect", "FranceConnect", "franceconnect/export/_links.html", data)]


def erase(users: list[User]) -> None:
    """Their links, and what an undecided return of theirs may have left in a browser's session."""
    links = Link.objects.filter(citizen__in=users)
    keys = set(links.values_list("issuer", "sub"))
    if keys:
        erase_sessions(lambda data: _pending_key(data) in keys)
    links.delete()


def _pending_key(data: dict) -> tuple[str, str] | None:
    pending = data.get(PENDING_KEY)
    return (pending["issuer"], pending["sub"]) if pending else None


def categories() -> list[Category]:
    """Ended links: their number of months is over."""
    months = settings.RETENTION["link_months"]
    return [Category("links", f"liens FranceConnect terminés depuis {months} mois", _ended_links)]


def _ended_links() -> QuerySet:
    return Link.objects.filter(ended_at__lt=months_ago(settings.RETENTION["link_months"]))
