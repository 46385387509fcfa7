"""The parts of the archive that `accounts` holds. No secret: of a password, that there is one."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession

from accounts.devices import network_label
from accounts.models import (
    CounterCode,
    CounterCodeRequest,
    OneTimeCode,
    PersonalSpace,
    TypedForm,
    User,
)
from accounts.own_mail import mails_of
from accounts.privacy import Section

MAIL_STATUSES = {0: "sent", 1: "failed"}


def sections(user: User) -> list[Section]:
    """The space, its credentials, its sessions, its whole journal, its mails."""
    space = user.space
    return [
        _section("space", "Votre espace", _space(space)),
        _section("identity", "Votre identité", identity_of(space)),
        _section("contact", "Vos coordonnées", contact_of(space)),
        _section("address", "Votre adresse", address_of(space)),
        _section("credentials", "Vos identifiants", _credentials(user)),
        _section("sessions", "Vos sessions", _sessions(user)),
        _section("codes", "Codes en attente", _codes(user)),
        _section("unsent_forms", "Formulaires non envoyés", _unsent_forms(user)),
        _section("mails", "Courriels envoyés", _mails(user)),
        _section("journal", "Votre journal", _journal(user)),
    ]


def _section(key: str, title: str, data: dict | list) -> Section:
    return Section(key, title, f"accounts/export/_{key}.html", data)


def _space(space: PersonalSpace) -> dict:
    return {
        "reference": space.reference,
        "created_at": space.created_at,
        "deletion_asked_at": space.deletion_asked_at,
        "unused_warned_at": space.unused_warned_at,
    }


def _provenance(space: PersonalSpace, group: str) -> dict:
    return {
        "source": getattr(space, f"{group}_provenance"),
        "at": getattr(space, f"{group}_provenance_at"),
    }


def identity_of(space: PersonalSpace) -> dict:
    return {
        "birth_family_name": space.birth_family_name,
        "given_names": space.given_names,
        "usual_name": space.usual_name,
        "usual_name_is_certified": space.usual_name_is_certified,
        "usual_name_at": space.usual_name_at,
        "gender": space.gender,
        "birthdate": space.birthdate_text,
        "birthplace": space.birthplace,
        "birthcountry": space.birthcountry,
        "checked_at_the_counter_at": space.identity_checked_at,
        "certified_until": space.identity_certified_until,
        "refreshed_parts": space.refreshed_parts,
        "refreshed_at": space.refreshed_at,
        "provenance": _provenance(space, "identity"),
    }


def contact_of(space: PersonalSpace) -> dict:
    return {
        "email": space.contact_email,
        "email_verified_at": space.contact_email_verified_at,
        "phone": space.phone,
        "provenance": _provenance(space, "contact"),
    }


def address_of(space: PersonalSpace) -> dict:
    return {
        "street_extra": space.street_extra,
        "building": space.building,
        "street": space.street,
        "locality": space.locality,
        "postcode": space.postcode,
        "city": space.city,
        "country": space.country,
        "provenance": _provenance(space, "address"),
    }


def _credentials(user: User) -> dict:
    authenticators = list(Authenticator.objects.filter(user=user).order_by("pk"))
    kinds = {authenticator.type for authenticator in authenticators}
    return {
        "login_email": user.email,
        "emails_typed": list(
            EmailAddress.objects.filter(user=user).order_by("pk").values("email", "verified")
        ),
        "has_password": user.has_usable_password(),
        "passkeys": [
            {
                "name": passkey.data.get("name", ""),
                "created_at": passkey.created_at,
                "last_used_at": passkey.last_used_at,
            }
            for passkey in authenticators
            if passkey.type == Authenticator.Type.WEBAUTHN
        ],
        "has_authenticator_app": Authenticator.Type.TOTP in kinds,
        "has_recovery_codes": Authenticator.Type.RECOVERY_CODES in kinds,
        "wants_email_code": user.wants_email_code,
        "joined_at": user.date_joined,
        "last_sign_in_at": user.last_login,
    }


def _sessions(user: User) -> list[dict]:
    return [
        {
            "device": session.user_agent,
            "network": network_label(session.ip),
            "means": session.data.get("means", ""),
            "opened_at": session.created_at,
            "last_seen_at": session.last_seen_at,
        }
        for session in UserSession.objects.filter(user=user).order_by("-last_seen_at")
    ]


def _codes(user: User) -> list[dict]:
    """That a code waits and what for; not the code, which only a digest of is kept."""
    mailed = [
        (code.purpose, code.get_purpose_display(), code.created_at)
        for code in OneTimeCode.objects.filter(citizen=user).order_by("-created_at")
    ]
    handed_over = [
        ("counter", CounterCode._meta.verbose_name, code.given_at)
        for code in CounterCode.objects.filter(space=user.space)
    ]
    asked_for = [
        ("counter_request", CounterCodeRequest._meta.verbose_name, request.asked_at)
        for request in CounterCodeRequest.objects.filter(space=user.space)
    ]
    return [
        {"purpose": purpose, "label": label, "made_at": made_at}
        for purpose, label, made_at in [*asked_for, *handed_over, *mailed]
    ]


def _unsent_forms(user: User) -> list[dict]:
    """Which page's form waits for its owner, for an hour (`accounts.typed`)."""
    forms = TypedForm.objects.filter(owner=user).order_by("-created_at")
    return [{"page": form.path, "typed_at": form.created_at} for form in forms]


def _mails(user: User) -> list[dict]:
    """Subject and date: a body can hold a one-time code, and each reader has it in their box."""
    rows = mails_of(user).order_by("-created").values_list("created", "to", "subject", "status")
    return [
        {
            "written_at": created,
            "to": ", ".join(to),
            "subject": subject.replace("{% templatetag openbrace %}", "{"),
            "status": MAIL_STATUSES.get(status, "waiting"),
        }
        for created, to, subject, status in rows
    ]


def _journal(user: User) -> list[dict]:
    """Every line. An agent is told by their capacity: their name is no datum of the citizen's.

    (CJEU, C-579/21, 22 June 2023.)
    """
    return [
        {
            "at": entry.at,
            "kind": entry.kind,
            "label": entry.get_kind_display(),
            "means": entry.means,
            "code": entry.code,
            "reference": entry.reference,
            "by_an_agent": entry.actor_id is not None,
            "capacity": entry.capacity,
            "reason": entry.reason,
            "device": entry.device,
            "network": entry.network,
        }
        for entry in user.journal.order_by("-at", "-pk").iterator()
    ]
