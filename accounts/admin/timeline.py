"""The journal of one person, as agents read it: newest first, page by page, mails included."""

import datetime
from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.urls import reverse

from accounts import resending
from accounts.activity import ABOUT_MAIL, WORRYING, entries_of, titled_mail
from accounts.blocked import BLOCKED
from accounts.models import JournalEntry, JournalKind, PersonalSpace
from accounts.open_sessions import SessionEnd
from accounts.parts import join_in_french, plain_labels_of

LINES_ON_A_PAGE = 25
# In the third person; other causes are a provider's own words.
CAUSES = {
    "wrong_password": "mot de passe incorrect",
    "wrong_door": "aucun mot de passe n’ouvre cet espace",
    BLOCKED: "accès bloqué",
    SessionEnd.REMOTE: "une session, fermée à distance par la personne",
    SessionEnd.OTHERS: "toutes les autres, fermées par la personne",
    SessionEnd.IDLE: "faute d’activité",
    SessionEnd.EXPIRED: "après le temps maximal",
    SessionEnd.TOWN_HALL: "toutes, par la mairie",
}
WITH_PARTS = (JournalKind.FILE_CHANGED, JournalKind.IDENTITY_REFRESHED)


@dataclass(frozen=True)
class Line:
    """One line, in words; an empty text has nothing to say."""

    at: datetime.datetime
    title: str
    details: tuple[str, ...]
    agent: str
    reason: str
    is_worrying: bool
    resend_url: str


def timeline_of(space: PersonalSpace, number: str | None, *, may_resend: bool) -> Page:
    """The lines of this page of the journal; one that does not exist is the nearest there is.

    Three queries at most, however long the journal is.
    """
    page = Paginator(entries_of(space.user), LINES_ON_A_PAGE).get_page(number)
    entries = list(page.object_list)
    resendable = resending.resendable(space, entries) if may_resend else set()
    page.object_list = [_line(entry, space, entry.pk in resendable) for entry in entries]
    return page


def _line(entry: JournalEntry, space: PersonalSpace, is_resendable: bool) -> Line:
    title, origin = entry.get_kind_display(), (entry.device, entry.network)
    about_mail = entry.kind in ABOUT_MAIL
    details = [
        _cause(entry),
        "" if about_mail else entry.means,
        ", ".join(part for part in origin if part),
        f"référence {entry.reference}" if entry.reference else "",
    ]
    address = "admin:accounts_personalspace_resend_mail"
    return Line(
        at=entry.at,
        title=titled_mail(title, entry) if about_mail else title,
        details=tuple(filter(None, details)),
        agent=f"{entry.capacity}, {entry.actor.agent_reference}" if entry.actor else "",
        reason=entry.reason,
        is_worrying=entry.kind in WORRYING,
        resend_url=reverse(address, args=[space.pk, entry.pk]) if is_resendable else "",
    )


def _cause(entry: JournalEntry) -> str:
    if entry.kind in ABOUT_MAIL:
        return ""
    if entry.kind in WITH_PARTS:
        parts = plain_labels_of(entry.code.split())
        return join_in_french(parts) if parts else ""
    return CAUSES.get(entry.code, f"cause « {entry.code} »" if entry.code else "")
