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
from accounts.models import FailedSignIn, Gender, JournalKind, PersonalSpace, Provenance, User

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
ADDRESS_FIELDS = ("street", "street_extra", "postcode", "city", "country")


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
    space.save()
    journal.record(JournalKind.SPACE_CREATED, citizen=space.user, means=means)


@transaction.atomic
def certify_identity(space: PersonalSpace, identity: Identity) -> bool:
    """Replace the identity by the certified one; returns whether a datum changed.

    Contact and address are never touched: they are the citizen's own. So is a usual name when
    the identity brings none (only some of FranceConnect's identity providers know it).
    """
    space = PersonalSpace.objects.select_for_update().get(pk=space.pk)
    fields = identity.as_fields()
    if identity.usual_name:
        fields["usual_name_is_certified"] = True
    else:
        del fields["usual_name"]
    changed = any(getattr(space, name) != value for name, value in fields.items())
    if space.is_certified and not changed:
        return False
    for name, value in fields.items():
        setattr(space, name, value)
    space.identity_provenance = Provenance.FRANCECONNECT
    space.identity_provenance_at = timezone.now()
    space.identity_certified_until = None
    if changed:
        space.identity_checked_at = None
    space.save(
        update_fields=[
            *fields,
            "identity_checked_at",
            "identity_provenance",
            "identity_provenance_at",
            "identity_certified_until",
        ]
    )
    return changed


@transaction.atomic
def end_certification(space: PersonalSpace) -> None:
    """The identity stays, as declared, with the date until which it was certified.

    An identity checked at the counter, and not changed since, is so again.
    """
    now = timezone.now()
    certified = PersonalSpace.objects.filter(
        pk=space.pk, identity_provenance=Provenance.FRANCECONNECT
    )
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

    A certified identity is not changed, whatever `changes` holds.
    """
    stored = PersonalSpace.objects.select_for_update().get(pk=space.pk)
    groups = {"contact": CONTACT_FIELDS, "address": ADDRESS_FIELDS}
    now, updated = timezone.now(), []
    if stored.identity_provenance == Provenance.DECLARED:
        groups["identity"] = IDENTITY_FIELDS
    elif not stored.usual_name_is_certified:
        # Without a date of its own: the group's is that of the certified identity.
        usual_name = changes.get("usual_name", stored.usual_name)
        updated = ["usual_name"] if usual_name != stored.usual_name else []
        stored.usual_name = usual_name
    for group, names in groups.items():
        changed = [n for n in names if n in changes and getattr(stored, n) != changes[n]]
        if not changed:
            continue
        for name in changed:
            setattr(stored, name, changes[name])
        setattr(stored, f"{group}_provenance", Provenance.DECLARED)
        setattr(stored, f"{group}_provenance_at", now)
        updated += [*changed, f"{group}_provenance", f"{group}_provenance_at"]
        if group == "identity":
            stored.identity_certified_until = None
            updated.append("identity_certified_until")
    if not updated:
        return
    stored.save(update_fields=updated)
    journal.record(JournalKind.PROFILE_CHANGED, citizen=stored.user)
    if "contact_email" in updated and space.contact_email:
        send_mail("accounts/email/contact_changed", space.contact_email, {"space": stored})


@transaction.atomic
def close_space(space: PersonalSpace) -> None:
    """Erase the citizen, their space and all that hangs from it; a line without a name remains."""
    addresses = security_addresses(space)
    FailedSignIn.objects.filter(email__in=addresses).delete()
    space.user.delete()
    journal.record(JournalKind.SPACE_DELETED, citizen=None)
    for address in addresses:
        send_mail("accounts/email/space_deleted", address, {})


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
