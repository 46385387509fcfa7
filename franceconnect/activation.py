"""Whether citizens are offered a platform now: possible here, and switched on by the town.

The switch takes effect within seconds in every process (`Activation.objects.current`). What does
not bring anybody in goes on while a platform is off: open sessions, signing out of it, unlinking.
"""

from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts import journal
from accounts.files import capacity_of
from accounts.models import JournalKind, User
from accounts.services import send_mail
from franceconnect import conf
from franceconnect.conf import Platform
from franceconnect.exceptions import SwitchedOff
from franceconnect.models import Activation


class Outdated(Exception):
    """Somebody else has changed this platform since the page was shown."""


@dataclass(frozen=True)
class Change:
    """Who changes a platform, why (the journal keeps it), and the version they had on screen."""

    agent: User
    reason: str
    version: int


def is_on(platform: Platform) -> bool:
    """Whether agents let this configured platform in."""
    return Activation.objects.current(platform.name).is_on


def offered() -> list[Platform]:
    """The platforms that bring citizens in now, FranceConnect first."""
    return [platform for platform in conf.platforms() if is_on(platform)]


def offered_platform(name: str) -> Platform | None:
    """The platform of this name, when it brings citizens in now."""
    platform = conf.platform(name)
    return platform if platform and is_on(platform) else None


def sign_in_platform() -> Platform | None:
    """The one whose button opens the portal: FranceConnect+ only when it is alone."""
    return next(iter(offered()), None)


def require_on(platform: Platform) -> None:
    """Raises SwitchedOff when the town has switched this platform off."""
    if not is_on(platform):
        raise SwitchedOff()


@transaction.atomic
def change(name: str, change: Change, *, what: str, **fields) -> Activation:
    """Write `fields` of the platform of this name; a line of journal, a mail to operators.

    `what` says what was done, in a word for the journal: off, on, maintenance… Raises Outdated.
    """
    Activation.objects.get_or_create(platform=name)
    rows = Activation.objects.select_for_update().defer("artwork")
    row = rows.get(platform=name)
    if row.version != change.version:
        raise Outdated
    fields |= {"version": row.version + 1, "changed_at": timezone.now(), "changed_by": change.agent}
    for field, value in fields.items():
        setattr(row, field, value)
    row.save(update_fields=list(fields))
    journal.record(
        JournalKind.SETTINGS_CHANGED,
        citizen=None,
        actor=change.agent,
        capacity=capacity_of(change.agent),
        reason=change.reason,
        means=conf.LABELS[name],
        code=f"{name}_{what}",
    )
    if settings.ALERT_EMAIL:
        context = {"activation": row, "what": what, "change": change}
        send_mail("franceconnect/email/activation", settings.ALERT_EMAIL, context)
    return row
