"""What came back and waits for its citizen to decide, then for the page that asked.

In the server-side session, sealed: a copy of the database shows nothing of it. Ten minutes, this
browser, this citizen, that page; given once.
"""

import json
from dataclasses import asdict, dataclass, field, replace
from urllib.parse import urldefrag

from django.contrib.sessions.backends.base import SessionBase
from django.utils.encoding import iri_to_uri
from django.views.decorators.debug import sensitive_variables

from accounts.sealed import Unreadable, seal, unseal
from franceconnect.data.answers import Datum
from franceconnect.data.asking import DataRequest

KEY = "franceconnect_data"
PURPOSE = "franceconnect.data"
LIFETIME_SECONDS = 10 * 60


@dataclass(frozen=True)
class Waiting:
    """The data of one request; `is_decided` once the citizen has said what to do with them."""

    request: DataRequest
    user_id: int
    data: tuple[Datum, ...] = field(repr=False)
    is_decided: bool = False

    @property
    def usable(self) -> tuple[Datum, ...]:
        """Those that came."""
        return tuple(datum for datum in self.data if datum.is_received)

    def decided(self, *, is_accepted: bool) -> "Waiting":
        """What is left for the page that asked: the data that came, or nothing."""
        return replace(self, data=self.usable if is_accepted else (), is_decided=True)


@sensitive_variables()
def keep(session: SessionBase, waiting: Waiting) -> None:
    """Keep it in this browser's session; replaces what another request left."""
    values = {
        "request": asdict(waiting.request),
        "user_id": waiting.user_id,
        "data": [datum.for_session() for datum in waiting.data],
        "is_decided": waiting.is_decided,
    }
    session[KEY] = seal(PURPOSE, json.dumps(values))


@sensitive_variables()
def find(session: SessionBase, user_id: int | None) -> Waiting | None:
    """What waits here for this citizen; None for anybody else, or after ten minutes."""
    if KEY not in session:
        return None
    try:
        values = json.loads(unseal(PURPOSE, session[KEY], max_age=LIFETIME_SECONDS))
    except Unreadable:
        forget(session)
        return None
    if values["user_id"] != user_id:
        return None
    request = values["request"] | {"names": tuple(values["request"]["names"])}
    return Waiting(
        request=DataRequest(**request),
        user_id=values["user_id"],
        data=tuple(Datum.from_session(datum) for datum in values["data"]),
        is_decided=values["is_decided"],
    )


def take(session: SessionBase, *, user_id: int | None, path: str) -> tuple[Datum, ...] | None:
    """What was accepted for the page at `path`, once; None when nothing was asked for it."""
    waiting = find(session, user_id)
    if waiting is None or not waiting.is_decided:
        return None
    # A fragment never reaches the server: the page may have asked to come back to one field.
    if iri_to_uri(urldefrag(waiting.request.next_url).url) != path:
        return None
    forget(session)
    return waiting.data


def forget(session: SessionBase) -> None:
    """Nothing waits any more."""
    session.pop(KEY, None)
