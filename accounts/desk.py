"""What agents do for a citizen at the counter. Each act is one transaction.

An act has its agent, a reason that the citizen will read, a line in the journal and a mail. Of two
agents at once, the second is told what the first has done, and does nothing.
"""

import hashlib
import json
from dataclasses import dataclass, field

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.utils import timezone

from accounts import erasure, services
from accounts.counter import kill_codes
from accounts.credentials import locked
from accounts.files import Act, record_act
from accounts.merge_rules import is_set_aside
from accounts.models import IdentityDocument, JournalKind, PersonalSpace, Provenance, User
from accounts.open_sessions import SessionEnd, sessions_of

SEEN_FIELDS = (
    *services.IDENTITY_FIELDS,
    *services.CONTACT_FIELDS,
    *services.ADDRESS_FIELDS,
    "identity_provenance",
    "identity_checked_at",
    "usual_name_is_certified",
)


class NothingDone(Exception):
    """Why the act was not done; `message` is for the agent."""

    def __init__(self, message: str):
        super().__init__(message)
        self.message = message


class FileChanged(NothingDone):
    """What the agent had on screen is no longer what is stored."""


@dataclass(frozen=True)
class Correction:
    """What an agent typed, on the page whose version is `seen`.

    `changes` are fields of PersonalSpace; `document` is what shows the corrected identity to be
    right, when the agent was shown one.
    """

    changes: dict = field(repr=False)
    seen: str
    document: str = ""


def version_of(space: PersonalSpace) -> str:
    """What stands for the content of this file: any change makes another."""
    values = [getattr(space, name) for name in SEEN_FIELDS]
    return hashlib.sha256(json.dumps(values, cls=DjangoJSONEncoder).encode()).hexdigest()


@transaction.atomic
def check_identity(space: PersonalSpace, act: Act, *, document: str, seen: str) -> None:
    """This identity, as the agent had it on screen (`seen`), is that of the document shown.

    A certified identity stays so, with the date of the check. Raises NothingDone.
    """
    stored = _locked_file(space)
    _ensure_unchanged(stored, seen)
    _mark_checked(stored, act, document)
    _tell(stored, "identity_checked", document=IdentityDocument(document).label)


@transaction.atomic
def correct(space: PersonalSpace, act: Act, correction: Correction) -> tuple[str, ...]:
    """Save a correction; which groups changed (`services.correct_space`). Raises NothingDone.

    Told also to the address that it replaces.
    """
    stored = _locked_file(space)
    _ensure_unchanged(stored, correction.seen)
    former = services.security_addresses(stored)
    parts = services.correct_space(stored, correction.changes)
    if not parts:
        raise NothingDone("Rien n’a changé : ce que vous avez envoyé est déjà enregistré.")
    stored.refresh_from_db()
    record_act(act, JournalKind.FILE_CHANGED, stored.user, code=" ".join(parts))
    if "identity" in parts and correction.document:
        _mark_checked(stored, act, correction.document)
    context = {"space": stored, "parts": parts, "at": timezone.now()}
    for address in dict.fromkeys([*former, *services.security_addresses(stored)]):
        services.send_mail("accounts/email/space_corrected", address, context)
    return parts


@transaction.atomic
def block(space: PersonalSpace, act: Act) -> None:
    """Close every way in, end what is open, kill the codes of the counter. Raises NothingDone."""
    owner = _locked_owner(space)
    if not owner.is_active:
        raise NothingDone("L’accès à cet espace était déjà bloqué. Rien n’a été fait de plus.")
    User.objects.filter(pk=owner.pk).update(is_active=False)
    owner.end_sessions()
    kill_codes([owner])
    record_act(act, JournalKind.BLOCKED, owner)
    _tell(owner.space, "access_blocked")


@transaction.atomic
def unblock(space: PersonalSpace, act: Act) -> None:
    """Open again what opened the space before. Raises NothingDone."""
    owner = _locked_owner(space)
    if owner.is_active:
        raise NothingDone("L’accès à cet espace n’était plus bloqué. Rien n’a été fait de plus.")
    if is_set_aside(owner):
        raise NothingDone(
            "Cet espace a été réuni à un autre : il ne se débloque pas. Annulez d’abord la "
            "réunion, depuis les doublons."
        )
    User.objects.filter(pk=owner.pk).update(is_active=True)
    record_act(act, JournalKind.UNBLOCKED, owner)
    _tell(owner.space, "access_restored")


@transaction.atomic
def end_sessions(space: PersonalSpace, act: Act) -> None:
    """End every open session, whoever opened it. Raises NothingDone."""
    owner = _locked_owner(space)
    if not sessions_of(owner):
        raise NothingDone("Aucune session n’est plus ouverte. Rien n’a été fait.")
    owner.end_sessions()
    record_act(act, JournalKind.SESSIONS_ENDED, owner, code=SessionEnd.TOWN_HALL)
    _tell(owner.space, "sessions_ended")


@transaction.atomic
def start_erasure(space: PersonalSpace, act: Act) -> None:
    """The same delay as when the citizen asks, and the same way to take it back.

    Raises NothingDone.
    """
    ensure_citizen(space.user)
    if not erasure.ask_deletion(space.user, act=act):
        raise NothingDone("L’effacement de cet espace était déjà demandé. Rien n’a changé.")


@transaction.atomic
def stop_erasure(space: PersonalSpace, act: Act) -> None:
    """Keep the space after all. Raises NothingDone."""
    ensure_citizen(space.user)
    if not erasure.cancel_deletion(space.user, act=act):
        raise NothingDone("L’effacement de cet espace n’était plus demandé. Rien n’a changé.")


def _locked_file(space: PersonalSpace) -> PersonalSpace:
    rows = PersonalSpace.objects.select_for_update(of=("self",)).select_related("user")
    stored = rows.get(pk=space.pk)
    ensure_citizen(stored.user)
    return stored


def _locked_owner(space: PersonalSpace) -> User:
    owner = locked(space.user)
    ensure_citizen(owner)
    return owner


def ensure_citizen(owner: User) -> None:
    """Raises NothingDone for somebody who has become an agent since."""
    if owner.is_staff:
        raise NothingDone(
            "La personne est devenue agent : son compte se règle avec ceux des agents. Rien n’a "
            "été fait."
        )


def _ensure_unchanged(stored: PersonalSpace, seen: str) -> None:
    if version_of(stored) != seen:
        raise FileChanged(
            "Ce dossier a changé pendant que vous l’aviez sous les yeux. Rien n’a été enregistré : "
            "relisez-le, puis recommencez."
        )


def _mark_checked(stored: PersonalSpace, act: Act, document: str) -> None:
    """A document is named, never copied nor numbered (CNIL: minimisation)."""
    now = stored.identity_checked_at = timezone.now()
    if not stored.is_certified:
        stored.identity_provenance = Provenance.COUNTER
        stored.identity_provenance_at = now
    stored.save()
    means = IdentityDocument(document).label
    record_act(act, JournalKind.IDENTITY_CHECKED, stored.user, means=means)


def _tell(space: PersonalSpace, template: str, **context) -> None:
    services.notify(space, f"accounts/email/{template}", {"at": timezone.now(), **context})
