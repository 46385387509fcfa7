"""One HTTP exchange with a provider that may be slow, down or hostile: bounded in every way.

In size; in time, all told, were the answer dripped a byte at a time from its very first line; in
number at once, so that a provider that hangs leaves workers to everybody else; no redirection is
followed (a redirected POST would carry the secret elsewhere); no compressed body is accepted (a
bomb). Connections are kept alive between exchanges.
"""

import json
import socket
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy

import requests
from django.conf import settings
from django.views.decorators.debug import sensitive_variables
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.exceptions import TimeoutError as HTTPTimeout

from franceconnect.exceptions import ProviderUnavailable, Saturated

MAX_BODY_BYTES = 256 * 1024
CHUNK_BYTES = 16 * 1024

# A connection kept alive longer than this without use is made anew.
IDLE_SECONDS = 30.0
# Whoever waits for a place holds a worker: not for long.
PLACE_SECONDS = 0.5

_under_way = threading.local()
_places = threading.Condition()
_taken = 0


@dataclass(frozen=True)
class Answer:
    """What came back, whole. repr shows none of the body."""

    status: int
    content_type: str
    body: bytes = field(repr=False)
    date: str = ""
    rate_limit_reset: str = ""

    def json_object(self) -> dict:
        """The body as a JSON object. Raises ProviderUnavailable when it is anything else."""
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            raise ProviderUnavailable("unreadable_answer")
        return value


@sensitive_variables()
def exchange(method: str, url: str, *, seconds: float, **kwargs) -> Answer:
    """Ask `url` and read the whole answer within `seconds`, or what is left of `time_budget`.

    `kwargs` go to requests (`data`, `headers`). Raises ProviderUnavailable.
    """
    seconds = min(seconds, _seconds_left())
    if seconds <= 0:
        raise ProviderUnavailable("answer_too_slow")
    with _place():
        return _bounded_exchange(method, url, seconds=seconds, **kwargs)


@contextmanager
def time_budget(seconds: float):
    """All the exchanges made inside, together, take no longer than this, nor than one around it."""
    outer = getattr(_under_way, "end", None)
    end = time.monotonic() + seconds
    _under_way.end = end if outer is None else min(end, outer)
    try:
        yield
    finally:
        _under_way.end = outer


def _seconds_left() -> float:
    end = getattr(_under_way, "end", None)
    return float("inf") if end is None else end - time.monotonic()


@contextmanager
def _place():
    """One of the places of this process. Raises Saturated when none gets free."""
    global _taken
    with _places:
        most = settings.FRANCECONNECT["max_exchanges"]
        if not _places.wait_for(lambda: _taken < most, PLACE_SECONDS):
            raise Saturated()
        _taken += 1
    try:
        yield
    finally:
        with _places:
            _taken -= 1
            _places.notify()


@sensitive_variables()
def _bounded_exchange(method: str, url: str, *, seconds: float, **kwargs) -> Answer:
    try:
        with (
            _cut_after(seconds) as deadline,
            _http.request(
                method, url, timeout=seconds, allow_redirects=False, stream=True, **kwargs
            ) as response,
        ):
            if response.headers.get("Content-Encoding", "identity").lower() != "identity":
                raise ProviderUnavailable("compressed_answer")
            body = _bounded_body(response, deadline)
            if deadline.is_past:
                raise ProviderUnavailable("answer_too_slow")
            names = ("Content-Type", "Date", "RateLimit-Reset")
            content_type, *others = (response.headers.get(name, "") for name in names)
            return Answer(response.status_code, content_type, body, *others)
    except (requests.RequestException, HTTPError, OSError, ValueError) as error:
        # The message of such an error may hold the address; its type is enough.
        is_late = deadline.is_past or isinstance(error, requests.Timeout | HTTPTimeout)
        code = "answer_too_slow" if is_late else f"http_{type(error).__name__}"
        raise ProviderUnavailable(code) from None


def _bounded_body(response: requests.Response, deadline: "_Deadline") -> bytes:
    body = bytearray()
    while chunk := response.raw.read1(CHUNK_BYTES):
        body += chunk
        if deadline.is_past:
            raise ProviderUnavailable("answer_too_slow")
        if len(body) > MAX_BODY_BYTES:
            raise ProviderUnavailable("answer_too_large")
    return bytes(body)


class _Deadline:
    """The end of an exchange: closes its socket, which unblocks whoever reads from it.

    A time-out of requests starts again with every byte received: it bounds no exchange.
    """

    def __init__(self):
        self.is_past = False
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()

    def watch(self, sock: socket.socket | None) -> None:
        """The socket to close; at once when it is late already. Raises TimeoutError then.

        The socket itself is kept: http.client forgets it as soon as it knows that the answer ends
        with the connection, and goes on reading from it.
        """
        with self._lock:
            self._socket = sock or self._socket
        if self.is_past:
            self.cut()
            raise TimeoutError

    def cut(self) -> None:
        self.is_past = True
        with self._lock:
            if self._socket is not None:
                with suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)


@contextmanager
def _cut_after(seconds: float):
    deadline = _under_way.deadline = _Deadline()
    timer = threading.Timer(seconds, deadline.cut)
    timer.daemon = True
    timer.start()
    try:
        yield deadline
    finally:
        timer.cancel()
        _under_way.deadline = None


def _watch(sock: socket.socket | None) -> None:
    _under_way.deadline.watch(sock)


class _Watched:
    """A connection that makes itself known to the deadline of the exchange it serves."""

    _used_at = 0.0

    def _new_conn(self):
        with self._time_shared_by_addresses():
            sock = super()._new_conn()
        sock.settimeout(self.timeout)
        try:
            _watch(sock)
        except TimeoutError:
            sock.close()
            raise
        return sock

    @contextmanager
    def _time_shared_by_addresses(self):
        """Each address that does not answer would otherwise take the whole time for itself."""
        whole = self.timeout
        with suppress(OSError):  # a name that is not found is said by whoever connects
            found = socket.getaddrinfo(self._dns_host, self.port, type=socket.SOCK_STREAM)
            self.timeout = whole / len(found)
        try:
            yield
        finally:
            self.timeout = whole

    def connect(self):
        super().connect()
        _watch(self.sock)

    def request(self, *args, **kwargs):
        if self.sock is not None and time.monotonic() - self._used_at > IDLE_SECONDS:
            # A firewall may have forgotten it: the request would be lost, and not sent again.
            self.close()
        _watch(self.sock)
        self._used_at = time.monotonic()
        return super().request(*args, **kwargs)


class _WatchedHTTP(_Watched, HTTPConnection):
    pass


class _WatchedHTTPS(_Watched, HTTPSConnection):
    pass


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _WatchedHTTP


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _WatchedHTTPS


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args, **kwargs):
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}


class _Session(requests.Session):
    def get_redirect_target(self, response):
        """None: to prepare a redirection, even one not followed, requests reads the whole body."""


def _new_session() -> requests.Session:
    session = _Session()
    session.trust_env = False
    # One jar for every citizen: it stays empty.
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers.update({"Accept-Encoding": "identity", "User-Agent": "espace-citoyens"})
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Adapter(max_retries=0))
    return session


_http = _new_session()
