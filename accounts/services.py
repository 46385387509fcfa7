"""Use cases of a personal space, each one transaction.

Mail is queued in the same transaction (and sent later by the worker): it cannot leave for a change
that did not happen, nor be lost for one that did.
"""

from dataclasses import dataclass
from datetime import date

from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts import journal
from accounts.models import Gender, JournalKind, PersonalSpace, Provenance, User

IDENTITY_FIELDS = (
    "birth_family_name",
    "given_names",
    "usual_name",
    "gender",
    "birthdate_text",
    "birthdate",
    "birthplace",
    "birthcountry",
)
CONTACT_FIELDS = ("contact_email", "phone")
ADDRESS_FIELDS = (
    "street",
    "street_extra",
    "building",
    "locality",
    "postcode",
    "city",
    "country",
)
# Parts of an identity, as the journal and the citizen are told of them; 40 characters in all.
IDENTITY_PARTS = {
    "family": ("birth_family_name",),
    "given": ("given_names",),
    "usual": ("usual_name",),
    "gender": ("gender",),
    "date": ("birthdate_text", "birthdate"),
    "place": ("birthplace", "birthcountry"),
}
USUAL_NAME_MARK = ("usual_name_is_certified",)


@dataclass(frozen=True)
class Identity:
    """A civil status as the portal keeps it, wherever it comes from.

    `birthdate_text` is `YYYY-MM-DD` as received, 00 for an unknown day or month; `birthplace` and
    `birthcountry` are INSEE codes (a free text is kept as it is).
    """

    birth_family_name: str
    given_names: tuple[str, ...]
    usual_name: str = ""
    gender: str = Gender.UNSPECIFIED
    birthdate_text: str = ""
    birthdate: date | None = None
    birthplace: str = ""
    birthcountry: str = ""

    def as_fields(self) -> dict:
        """The values to store, by field of PersonalSpace."""
        values = {name: getattr(self, name) for name in IDENTITY_FIELDS}
        return values | {"given_names": list(self.given_names)}


@transaction.atomic
def register(*, email: str, password: str, identity: Identity, **details: str) -> User:
    """A new citizen whose login e-mail is not verified yet, with their personal space.

    `details` are the contact and address fields. The e-mail becomes `User.email` when it is
    verified, not before: nobody can reserve somebody else's address.
    """
    user = User.objects.create_user(None, password)
    EmailAddress.objects.create(user=user, email=email.lower(), primary=True, verified=False)
    space = PersonalSpace(user=user, **identity.as_fields(), contact_email=email.lower())
    _create_space(space, details, means="mot de passe")
    return user


@transaction.atomic
def create_certified_space(*, identity: Identity, contact_email: str, means: str) -> PersonalSpace:
    """A new citizen with no password, whose identity an identity provider certifies today."""
    space = PersonalSpace(
        user=User.objects.create_user(),
        **identity.as_fields(),
        contact_email=contact_email,
        identity_provenance=Provenance.FRANCECONNECT,
        usual_name_is_certified=bool(identity.usual_name),
    )
    _create_space(space, {}, means=means)
    return space


def _create_space(space: PersonalSpace, details: dict[str, str], *, means: str) -> None:
    for name in (*CONTACT_FIELDS, *ADDRESS_FIELDS):
        if name in details:
            setattr(space, name, details[name])
    if space.usual_name:
        space.usual_name_at = timezone.now()
    space.save()
    journal.record(JournalKind.SPACE_CREATED, citizen=space.user, means=means)


@transaction.atomic
def certify_identity(space: PersonalSpace, identity: Identity) -> tuple[str, ...]:
    """Replace the identity by the certified one; returns which IDENTITY_PARTS changed.

    Contact and address are never touched: they are the citizen's own. So is a usual name when
    the identity brings none (only some of FranceConnect's identity providers know it). What
    changes in an identity certified already is kept, for its citizen to be told.
    """
    space = PersonalSpace.objects.select_for_update().get(pk=space.pk)
    fields = _certified_fields(identity)
    parts = tuple(part for part, names in IDENTITY_PARTS.items() if _differs(space, fields, names))
    if space.is_certified and not parts and not _differs(space, fields, USUAL_NAME_MARK):
        return ()
    if space.is_certified and parts:
        known = {*space.refreshed_parts, *parts}
        fields["refreshed_parts"] = [part for part in IDENTITY_PARTS if part in known]
        fields["refreshed_at"] = timezone.now()
    if parts:
        fields["identity_checked_at"] = None
    for name, value in fields.items():
        setattr(space, name, value)
    space.save(update_fields=[*fields])
    return parts


def _certified_fields(identity: Identity) -> dict:
    """What a certified identity sets today, by field of PersonalSpace."""
    now, fields = timezone.now(), identity.as_fields()
    if identity.usual_name:
        fields |= {"usual_name_is_certified": True, "usual_name_at": now}
    else:
        del fields["usual_name"]
    return fields | {
        "identity_provenance": Provenance.FRANCECONNECT,
        "identity_provenance_at": now,
        "identity_certified_until": None,
    }


def _differs(space: PersonalSpace, fields: dict, names: tuple[str, ...]) -> bool:
    return any(name in fields and getattr(space, name) != fields[name] for name in names)


def mark_refresh_seen(space: PersonalSpace) -> None:
    """The citizen has read what FranceConnect changed in their identity."""
    PersonalSpace.objects.filter(pk=space.pk).update(refreshed_parts=[], refreshed_at=None)


@transaction.atomic
def end_certification(space: PersonalSpace) -> None:
    """The identity stays, as declared, with the date until which it was certified.

    An identity checked at the counter, and not changed since, is so again.
    """
    now = timezone.now()
    certified = PersonalSpace.objects.filter(
        pk=space.pk, identity_provenance=Provenance.FRANCECONNECT
    )
    certified.filter(usual_name_is_certified=True).update(usual_name_at=now)
    certified.filter(identity_checked_at__isnull=False).update(
        identity_provenance=Provenance.COUNTER,
        identity_provenance_at=F("identity_checked_at"),
        usual_name_is_certified=False,
    )
    certified.update(
        identity_provenance=Provenance.DECLARED,
        identity_provenance_at=now,
        identity_certified_until=now,
        usual_name_is_certified=False,
    )


@transaction.atomic
def update_space(space: PersonalSpace, changes: dict) -> None:
    """Save what the citizen changed and date the provenance of each group that changed.

    A certified identity is not changed, whatever `changes` holds; nor is the contact e-mail, which
    has to be proven first (`accounts.contact`).
    """
    stored = PersonalSpace.objects.select_for_update().get(pk=space.pk)
    groups = {"contact": ("phone",), "address": ADDRESS_FIELDS}
    if stored.identity_provenance == Provenance.DECLARED:
        groups["identity"] = IDENTITY_FIELDS
    if _declare(stored, changes, groups):
        journal.record(JournalKind.PROFILE_CHANGED, citizen=stored.user)


@transaction.atomic
def correct_space(space: PersonalSpace, changes: dict) -> tuple[str, ...]:
    """Save what an agent corrected; which groups changed: identity, usual, contact, address.

    A certified identity is not changed, whatever `changes` holds. Any other that changes is
    declared again: what was checked at the counter was the former one. The contact e-mail is used
    at once, and has to be verified; the login e-mail is its owner's own.
    """
    stored = PersonalSpace.objects.select_for_update(of=("self",)).get(pk=space.pk)
    groups = {"contact": CONTACT_FIELDS, "address": ADDRESS_FIELDS}
    if not stored.is_certified:
        groups["identity"] = IDENTITY_FIELDS
    email = changes.get("contact_email", stored.contact_email)
    if email != stored.contact_email:
        is_login = bool(email) and email == stored.user.email
        stored.contact_email_verified_at = timezone.now() if is_login else None
    return _declare(stored, changes, groups)


def _declare(stored: PersonalSpace, changes: dict, groups: dict) -> tuple[str, ...]:
    """Save what changes, each of `groups` declared today when it does; which did."""
    now, found = timezone.now(), _update_usual_name(stored, changes)
    for group, names in groups.items():
        if not _assign(stored, changes, names):
            continue
        found.append(group)
        setattr(stored, f"{group}_provenance", Provenance.DECLARED)
        setattr(stored, f"{group}_provenance_at", now)
        if group == "identity":
            stored.identity_certified_until = stored.identity_checked_at = None
    if found:
        stored.save()
    return tuple(found)


def _update_usual_name(stored: PersonalSpace, changes: dict) -> list[str]:
    """Whether it changes, as a group: the usual name has a date of its own, for it may be declared
    beside a certified identity; one that FranceConnect certifies stays."""
    if stored.usual_name_is_certified or not _assign(stored, changes, ("usual_name",)):
        return []
    stored.usual_name_at = timezone.now()
    return ["usual"]


def _assign(stored: PersonalSpace, changes: dict, names: tuple[str, ...]) -> list[str]:
    """Set those of `names` that change; which."""
    changed = [name for name in names if name in changes and getattr(stored, name) != changes[name]]
    for name in changed:
        setattr(stored, name, changes[name])
    return changed


def security_addresses(space: PersonalSpace) -> list[str]:
    """Where a security notice goes: the login e-mail and the contact one, once each."""
    addresses = [space.user.email, space.contact_email]
    return list(dict.fromkeys(address.lower() for address in addresses if address))


def notify(space: PersonalSpace, template: str, context: dict) -> None:
    """Queue a security notice to every address of the space."""
    for address in security_addresses(space):
        send_mail(template, address, {"space": space, **context})


def send_mail(template: str, address: str, context: dict) -> None:
    """Queue one mail made from `{template}_subject.txt`, `_message.txt` and `_message.html`."""
    get_adapter().render_mail(template, address, {"email": address, **context}).send()
