"""« Mes données »: one archive of everything held about a person, made at once or by the worker."""

import json
import logging
import zipfile
from io import BytesIO

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, transaction
from django.template.loader import render_to_string
from django.utils import timezone

from accounts import journal, services
from accounts.models import DataExport, JournalKind, User
from accounts.privacy import Section, sections_of

logger = logging.getLogger(__name__)

FORMAT, VERSION = "espace-citoyens/donnees", "1.1"
FILE_NAME = "mes-donnees.zip"
# Beyond, a page would make its reader wait: the worker does it.
LINES_AT_ONCE = 2000


def is_long(user: User) -> bool:
    """Whether the archive is for the worker to make; counts no further than it must."""
    return user.journal.order_by()[: LINES_AT_ONCE + 1].count() > LINES_AT_ONCE


@transaction.atomic
def export_now(user: User) -> bytes:
    """The archive, made now and kept nowhere; the journal says that it was given."""
    archive = make_archive(user)
    journal.record(JournalKind.DATA_EXPORTED, citizen=user)
    return archive


def make_archive(user: User) -> bytes:
    """A ZIP: `donnees.json` (docs/export-schema.json) and `donnees.html`, the same to be read."""
    made_at, sections = timezone.now(), sections_of(user)
    context = {"made_at": made_at, "sections": sections, "space": user.space}
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w", compression=zipfile.ZIP_DEFLATED) as files:
        files.writestr("donnees.json", _as_json(made_at, sections))
        files.writestr("donnees.html", render_to_string("accounts/export/page.html", context))
    return archive.getvalue()


def _as_json(made_at, sections: list[Section]) -> str:
    head = {"format": FORMAT, "version": VERSION, "made_at": made_at, "portal": settings.BASE_URL}
    body = {section.key: section.data for section in sections}
    return json.dumps(head | body, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2)


def ask_export(user: User) -> bool:
    """Leave a long archive to the worker; False when one is being made already."""
    with transaction.atomic():
        DataExport.objects.filter(citizen=user, made_at__isnull=False).delete()
        try:
            with transaction.atomic():
                DataExport.objects.create(citizen=user)
        except IntegrityError:
            return False
    return True


def export_of(user: User) -> DataExport | None:
    """The archive that this person asked for, waiting or made; its content is not read."""
    return DataExport.objects.filter(citizen=user).defer("archive").first()


@transaction.atomic
def take_export(user: User) -> bytes | None:
    """The archive made for this person; None when there is none, or none any more."""
    export = DataExport.objects.filter(citizen=user, made_at__isnull=False).first()
    if export is None:
        return None
    journal.record(JournalKind.DATA_EXPORTED, citizen=user)
    return bytes(export.archive)


def make_waiting_exports() -> int:
    """Make what was asked for, one transaction each, and tell each owner by mail; how many.

    One that fails stops no other: it is tried again at the next round.
    """
    made = 0
    waiting = DataExport.objects.filter(made_at__isnull=True).order_by("asked_at")
    for pk in list(waiting.values_list("pk", flat=True)):
        try:
            made += _make(pk)
        except Exception as error:  # whatever it is; its text may be personal
            logger.error("export failed: %s", type(error).__name__)  # noqa: TRY400
    return made


@transaction.atomic
def _make(pk: int) -> bool:
    waiting = DataExport.objects.filter(pk=pk, made_at__isnull=True)
    export = waiting.select_for_update(skip_locked=True).first()
    if export is None:
        return False
    user = User.objects.select_related("space").get(pk=export.citizen_id)
    export.archive, export.made_at = make_archive(user), timezone.now()
    export.save(update_fields=["archive", "made_at"])
    services.notify(user.space, "accounts/email/export_ready", {})
    return True
