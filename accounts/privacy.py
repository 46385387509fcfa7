"""What each app holds of a person, as it says so itself.

`accounts` knows no other app: each contributes by the dotted paths of three settings.

- `PERSONAL_DATA_EXPORTERS`: `(user) -> list[Section]`, what is held, for the person to read;
- `PERSONAL_DATA_ERASERS`: `(users) -> None`, called before these users are deleted, in the same
  transaction, for what no foreign key carries away;
- `RETENTION_CATEGORIES`: `() -> list[accounts.retention.Category]`, what time erases.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.conf import settings
from django.utils.module_loading import import_string

from accounts.models import User


@dataclass(frozen=True)
class Section:
    """One part of the archive: `data` under `key` in the JSON, shown by `template` in the page.

    `data` holds what JSON can, and dates; the template receives it as `data`.
    """

    key: str
    title: str
    template: str
    data: dict | list


def sections_of(user: User) -> list[Section]:
    """Everything held about this person, app by app."""
    exports = _called(settings.PERSONAL_DATA_EXPORTERS)
    return [section for export in exports for section in export(user)]


def erase_everywhere(users: list[User]) -> None:
    """Let each app erase what it holds of these people beside what hangs from their rows."""
    for erase in _called(settings.PERSONAL_DATA_ERASERS):
        erase(users)


def _called(paths: list[str]) -> Iterator[Callable]:
    return (import_string(path) for path in paths)
