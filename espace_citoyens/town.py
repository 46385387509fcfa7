"""The town's identity as an agent prepares it, then as everybody sees it."""

import datetime
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from accounts.files import capacity_of
from accounts.journal import record
from accounts.models import JournalKind, User
from espace_citoyens.models import Logo, Town

# Values of every field, and of which published version they are the sequel; nothing of anybody.
DRAFT_SESSION_KEY = "espace_citoyens.town_draft"
EDITED = [field for field in Town._meta.concrete_fields if field.name not in ("id", "version")]
ATTRIBUTES = [field.attname for field in EDITED]
# Pages of another process may show the logo of before for some seconds, and agents try several.
LOGOS_KEPT = datetime.timedelta(days=1)


class PublishedMeanwhile(Exception):
    """Another agent has published since this draft was begun."""


@dataclass(frozen=True)
class Draft:
    """What an agent prepares: the town as it would be, and the version that it would replace."""

    town: Town
    version: int

    def keep(self, session) -> None:
        """In the agent's own session: nobody else sees it, and it goes with it."""
        values = {name: getattr(self.town, name) for name in ATTRIBUTES}
        session[DRAFT_SESSION_KEY] = {"version": self.version, "values": values}

    @classmethod
    def of(cls, session) -> "Draft | None":
        kept = session.get(DRAFT_SESSION_KEY)
        if kept is None:
            return None
        # A draft begun before an upgrade may lack a field, or have one too many.
        values = {name: kept["values"][name] for name in ATTRIBUTES if name in kept["values"]}
        return cls(town=Town(pk=1, **values), version=kept["version"])

    def changes(self, published: Town) -> list[str]:
        """What publishing would change, in the words of the page."""
        return [
            field.verbose_name
            for field in EDITED
            if getattr(self.town, field.attname) != getattr(published, field.attname)
        ]


def forget_draft(session) -> None:
    session.pop(DRAFT_SESSION_KEY, None)


@transaction.atomic
def publish(draft: Draft, *, agent: User) -> None:
    """Show this town to everybody from now on. Raises PublishedMeanwhile, and changes nothing."""
    Town.objects.get_or_create(pk=1)
    town = Town.objects.select_for_update().get(pk=1)
    if town.version != draft.version:
        raise PublishedMeanwhile
    for name in ATTRIBUTES:
        setattr(town, name, getattr(draft.town, name))
    town.version += 1
    town.save()
    old = Logo.objects.filter(kept_at__lt=timezone.now() - LOGOS_KEPT)
    old.exclude(pk=town.logo_id).delete()
    record(
        JournalKind.SETTINGS_CHANGED,
        citizen=None,
        actor=agent,
        capacity=capacity_of(agent),
        code="town",
    )
