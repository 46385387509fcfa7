"""Bounds of one exchange, against a server that answers raw bytes at its own pace."""

import gc
import gzip
import socket
import time
from contextlib import ExitStack, contextmanager, suppress
from urllib.parse import urlsplit

import pytest

from franceconnect import exchange as exchanges
from franceconnect.exceptions import ProviderUnavailable, Saturated
from franceconnect.exchange import MAX_BODY_BYTES, exchange, time_budget
from tests.franceconnect.hostile import (
    CLOSE,
    RESET,
    RawServer,
    each_byte,
    http,
    tls_context,
)
from tests.franceconnect.test_concurrency import at_once

SECONDS = 0.5
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
LONG = b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
UNTIL_CLOSED = b"HTTP/1.1 200 OK\r\n\r\n"
CLOSING = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 50\r\n\r\n"
MOVED = b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 50\r\n\r\n"


@pytest.fixture
def server():
    servers = []

    def make(pieces, kind=RawServer, **options):
        servers.append(kind(pieces, **options))
        return servers[-1]

    yield make
    for made in servers:
        made.close()


def code_of(url, seconds=SECONDS):
    started = time.monotonic()
    with pytest.raises(ProviderUnavailable) as caught:
        exchange("GET", url, seconds=seconds)
    assert time.monotonic() - started < seconds + 1
    return caught.value.code


def test_an_answer_is_read_whole(server):
    answer = exchange("GET", server([OK]).url, seconds=SECONDS)

    assert (answer.status, answer.content_type) == (200, "application/json")
    assert answer.json_object() == {}


def test_connections_are_kept_alive(server):
    listening = server([OK])

    for _ in range(3):
        exchange("GET", listening.url, seconds=SECONDS)

    assert listening.connections == 1


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param(each_byte(OK), id="each byte of the head and of the body"),
        pytest.param([LONG, *each_byte(b" " * 50)], id="the body"),
        pytest.param([UNTIL_CLOSED, *each_byte(b" " * 50)], id="a body without length"),
        pytest.param([CLOSING, *each_byte(b" " * 50)], id="a body of a closing connection"),
        pytest.param([MOVED, *each_byte(b" " * 50)], id="the body of a redirection"),
        pytest.param([OK[:17], *[b"X-Slow: 1\r\n"] * 50], id="endless headers"),
        pytest.param([b""], id="nothing at all"),
    ],
)
def test_an_answer_that_drips_is_cut_off_in_time(server, pieces):
    code = code_of(server(pieces, pause=0.1).url)

    assert code == "answer_too_slow"


def test_a_body_of_single_bytes_is_cut_off_in_time_though_it_never_pauses(server):
    """Something is always there to read: closing the connection alone would not stop it."""
    head = http(Content_Length=250_000)

    assert code_of(server([head, *each_byte(b" " * 250_000)]).url, seconds=0.2) == "answer_too_slow"


def test_a_body_without_end_is_cut_off(server):
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"

    assert code_of(server([CHUNKED, *[chunk] * 200]).url, seconds=5) == "answer_too_large"


def test_the_largest_body_is_accepted(server):
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % MAX_BODY_BYTES

    answer = exchange("GET", server([head, b"x" * MAX_BODY_BYTES]).url, seconds=5)

    assert len(answer.body) == MAX_BODY_BYTES


@pytest.mark.parametrize(
    "raw",
    [
        b"nonsense\r\n\r\n",
        b"{}",
        b"\x00" * 1000,
        b"HTTP/2 200 OK\r\n\r\n{}",
        http(status="99 Odd"),
        http(status="OK"),
        http(status="-200 OK"),
        b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 70_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n",
        http(b"short", Content_Length=100),
        http(b"{}", Content_Length=10**20),
        CHUNKED + b"ZZ\r\n",
        CHUNKED + b"-5\r\nhello\r\n0\r\n\r\n",
        CHUNKED + b"5\r\nhel",
        CHUNKED + b"1" * 70_000,
        http(b"{}", Content_Encoding="gzip"),
        http(gzip.compress(b"{" * 10_000_000), Content_Encoding="x-gzip, identity"),
        http(b"{}", Content_Encoding="br"),
        b"",
    ],
    ids=lambda raw: repr(raw)[:50],
)
def test_what_is_no_http_is_an_outage(server, raw):
    code = code_of(server([raw, CLOSE]).url)

    assert code.startswith(("http_", "compressed_"))


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_two_lengths_of_one_body_are_an_outage(server):
    assert code_of(server([http(b"{}", Content_Length="2, 3"), CLOSE]).url) == "http_InvalidHeader"
    gc.collect()  # urllib3 leaves the refused answer to the collector


@pytest.mark.parametrize("end", [CLOSE, RESET], ids=["closed", "reset"])
@pytest.mark.parametrize("sent", [0, 9, 16, 30, 60, -1])
def test_a_connection_that_ends_midway_is_an_outage(server, end, sent):
    """http.client takes the end of the connection for the end of the headers: no body then."""
    listening = server([OK[:sent], end])

    with pytest.raises(ProviderUnavailable):
        exchange("GET", listening.url, seconds=SECONDS).json_object()
    assert len(listening.requests) == 1


@pytest.mark.parametrize(
    "raw",
    [
        CHUNKED + b"1\r\n{\r\n1;x=y\r\n}\r\n0\r\nX-Trailer: y\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n\r\n{}",
        b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\ncontent-length: 2\n\n{}",
        b"HTTP/1.1 100 Continue\r\n\r\n" + OK,
        http(b"{}", Content_Length="2, 2"),
        http(b"{}", Content_Encoding="Identity"),
        http(b"{}", X_Folded="a\r\n b"),
        http(b"{}", X_Long="x" * 60_000),
        http(b"{}", Content_Type=None),
    ],
    ids=lambda raw: repr(raw)[:50],
)
def test_a_right_though_unusual_answer_is_read(server, raw):
    answer = exchange("GET", server([raw, CLOSE]).url, seconds=SECONDS)

    assert (answer.status, answer.json_object()) == (200, {})


@pytest.mark.parametrize("status", ["103 Early Hints", "101 Switching", "204 None", "304 Same"])
def test_an_answer_without_a_body_has_none_and_the_next_is_not_taken_for_it(server, status):
    listening = server([f"HTTP/1.1 {status}\r\n\r\n".encode() + OK])

    for _ in range(2):
        answer = exchange("GET", listening.url, seconds=SECONDS)
        assert (answer.status, answer.body) == (int(status[:3]), b"")


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        ('{"a": "é"}'.encode("utf-16"), {"a": "é"}),
        (b' \r\n{"a": 1, "a": 2} ', {"a": 2}),
        (b'{"a": 1e400}', {"a": float("inf")}),
    ],
)
def test_json_oddly_written_is_read(server, body, value):
    assert exchange("GET", server([http(body)]).url, seconds=SECONDS).json_object() == value


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        b"{} {}",
        b'{"a": \xff}',
        b"{'a': 1}",
        b'{"a": ' + b"1" * 5000 + b"}",
        b'{"a": ' + b"[" * 100_000,
        b'{"a": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
        "{}".encode("utf-16")[:-1],
    ],
    ids=lambda body: repr(body)[:30],
)
def test_what_is_no_json_object_is_an_outage(server, body):
    answer = exchange("GET", server([http(body)]).url, seconds=SECONDS)

    with pytest.raises(ProviderUnavailable, match="unreadable_answer"):
        answer.json_object()


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("status", [300, 301, 302, 303, 305, 307, 308])
@pytest.mark.parametrize("kind", ["elsewhere", "same", "unreadable"])
def test_a_redirection_is_not_followed(server, method, status, kind):
    elsewhere = server([OK])
    locations = {"elsewhere": elsewhere.url, "same": "/x", "unreadable": "http://[::1/\xff"}
    listening = server([http(status=f"{status} Moved", Location=locations[kind])])

    answer = exchange(method, listening.url, seconds=SECONDS, data={"secret": "s"})

    assert answer.status == status
    assert elsewhere.connections == 0
    assert len(listening.requests) == 1


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/", "not an address", "ftp://127.0.0.1/"])
def test_an_address_that_cannot_be_asked_is_an_outage(url):
    code_of(url)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("end", [CLOSE, RESET], ids=["closed", "reset"])
def test_a_connection_that_the_provider_closed_meanwhile_is_replaced(server, method, end):
    listening = server([OK, end])

    for number in range(3):
        exchange(method, listening.url, seconds=SECONDS, data={"code": "c"})
        time.sleep(0.02)  # until the end arrives
        assert len(listening.requests) == number + 1


class MuteWhenReused(RawServer):
    """What a firewall makes of an idle connection: nothing comes back any more, not even an end."""

    def script(self, request, number):
        return ([OK], 0) if number == 1 else ([], 0)


def test_a_connection_that_was_idle_for_long_is_not_trusted(server, monkeypatch):
    monkeypatch.setattr(exchanges, "IDLE_SECONDS", 0.1)
    listening = server([], MuteWhenReused)

    for _ in range(2):
        exchange("POST", listening.url, seconds=SECONDS, data={"code": "c"})
        time.sleep(0.15)

    assert (listening.connections, len(listening.requests)) == (2, 2)


class ClosesWhenReused(RawServer):
    """Ends the connection at the very moment of the second request."""

    def script(self, request, number):
        return ([OK], 0) if number == 1 else ([CLOSE], 0)


def test_a_post_is_never_sent_twice(server):
    """A code sent again is refused, and what it gave is revoked (RFC 6749 §4.1.2)."""
    listening = server([], ClosesWhenReused)
    exchange("POST", listening.url, seconds=SECONDS, data={"code": "first"})

    with pytest.raises(ProviderUnavailable):
        exchange("POST", listening.url, seconds=SECONDS, data={"code": "second"})

    assert [request.count(b"code=second") for request in listening.requests] == [0, 1]
    assert exchange("POST", listening.url, seconds=SECONDS, data={}).status == 200


def test_a_late_answer_is_never_given_to_the_next_citizen(server):
    listening = server([b"", http({"who": "me"})], pause=0.3)

    code_of(listening.url, seconds=0.1)
    listening.pieces = [OK]
    listening.pause = 0

    assert exchange("GET", listening.url, seconds=SECONDS).json_object() == {}


def test_a_dead_connection_of_the_pool_does_no_harm(server):
    listening = server([OK])
    exchange("GET", listening.url, seconds=SECONDS)
    code_of(server(each_byte(OK), pause=0.1).url)

    assert exchange("GET", listening.url, seconds=SECONDS).status == 200


def test_repr_of_an_answer_shows_no_body(server):
    assert "{}" not in repr(exchange("GET", server([OK]).url, seconds=SECONDS))


def test_no_cookie_is_kept_for_the_next_citizen(server):
    listening = server([OK.replace(b"\r\n\r\n", b"\r\nSet-Cookie: who=me; Path=/\r\n\r\n")])

    for _ in range(2):
        exchange("GET", listening.url, seconds=SECONDS)

    assert not any(b"who=me" in request for request in listening.requests)


# --- TLS ---


@pytest.fixture
def tls(tmp_path):
    return tls_context(tmp_path)


def test_a_provider_that_a_known_authority_vouches_for_is_read(server, tls, monkeypatch):
    context, authority = tls
    monkeypatch.setattr(exchanges._http, "verify", authority)

    assert exchange("GET", server([OK], tls=context).url, seconds=5).json_object() == {}


def test_an_idle_connection_is_made_anew_with_every_check(server, tls, tmp_path, monkeypatch):
    context, authority = tls
    monkeypatch.setattr(exchanges._http, "verify", authority)
    monkeypatch.setattr(exchanges, "IDLE_SECONDS", 0.0)
    listening = server([OK], tls=context)
    for _ in range(2):
        exchange("GET", listening.url, seconds=5)

    listening.tls, _ = tls_context(tmp_path, "192.0.2.1")

    assert code_of(listening.url, seconds=5) == "http_SSLError"
    assert len(listening.requests) == 2


def test_a_provider_that_nobody_vouches_for_is_an_outage(server, tls):
    listening = server([OK], tls=tls[0])

    assert code_of(listening.url, seconds=5) == "http_SSLError"
    assert listening.requests == []


def test_the_certificate_of_another_host_is_refused(server, tmp_path, monkeypatch):
    context, authority = tls_context(tmp_path, "192.0.2.1")
    monkeypatch.setattr(exchanges._http, "verify", authority)
    listening = server([OK], tls=context)

    assert code_of(listening.url, seconds=5) == "http_SSLError"
    assert listening.requests == []


class Greeter(RawServer):
    """Answers whatever arrives: a greeting of TLS is no request."""

    def receive(self, connection):
        return connection.recv(65536)


def test_a_greeting_of_tls_that_drips_is_cut_off_in_time(server):
    hello = b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc\x03\x03" + b"\x00" * 50
    listening = server(each_byte(hello), Greeter, pause=0.1)

    assert code_of(listening.url.replace("http:", "https:")) == "answer_too_slow"


@pytest.mark.parametrize(
    "pieces", [each_byte(OK), [LONG, *each_byte(b" " * 50)]], ids=["head", "body"]
)
def test_an_encrypted_answer_that_drips_is_cut_off_in_time(server, tls, monkeypatch, pieces):
    context, authority = tls
    monkeypatch.setattr(exchanges._http, "verify", authority)

    assert code_of(server(pieces, pause=0.1, tls=context).url) == "answer_too_slow"


# --- Together ---


def test_a_host_whose_name_is_found_late_is_not_asked(server, monkeypatch):
    listening = server([OK])
    found = socket.getaddrinfo("127.0.0.1", urlsplit(listening.url).port, type=socket.SOCK_STREAM)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: time.sleep(0.3) or found)

    assert code_of(listening.url, seconds=0.2) == "answer_too_slow"
    assert listening.requests == []


def test_a_host_whose_name_is_not_found_is_an_outage(monkeypatch):
    def unknown(*args, **kwargs):
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    assert code_of("http://fc.example/") == "http_ConnectionError"


def test_a_host_of_several_addresses_is_bounded_like_one(monkeypatch):
    """Each address that does not answer would otherwise take the whole time for itself."""
    with full_listener() as port:
        found = socket.getaddrinfo("127.0.0.1", port, type=socket.SOCK_STREAM)
        monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: found * 6)

        assert code_of(f"http://fc.example:{port}/") == "answer_too_slow"


@contextmanager
def full_listener():
    """A port whose queue is full: whoever connects hears nothing."""
    with socket.socket() as listener, ExitStack() as fillers:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(3):
            filler = fillers.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


def test_a_budget_bounds_all_exchanges_together(server):
    listening = server([OK])
    slow = server([b""], pause=5)
    started = time.monotonic()

    with time_budget(0.3):
        exchange("GET", listening.url, seconds=5)
        with pytest.raises(ProviderUnavailable, match="answer_too_slow"):
            exchange("GET", slow.url, seconds=5)
        with pytest.raises(ProviderUnavailable, match="answer_too_slow"):
            exchange("GET", listening.url, seconds=5)
    assert time.monotonic() - started < 1

    assert len(listening.requests) == 1
    assert exchange("GET", listening.url, seconds=5).status == 200


def test_who_finds_no_place_is_told_soon_and_places_are_given_back(server, settings, monkeypatch):
    settings.FRANCECONNECT = settings.FRANCECONNECT | {"max_exchanges": 2}
    monkeypatch.setattr(exchanges, "PLACE_SECONDS", 0.1)
    slow = server([b"", OK], pause=0.4)

    results = at_once(*[lambda: exchange("GET", slow.url, seconds=2)] * 4)

    assert [type(result) for result in results].count(Saturated) == 2
    assert exchange("GET", server([OK]).url, seconds=SECONDS).status == 200


def test_what_a_provider_sends_is_never_quoted_in_the_log(server, caplog):
    odd = b"HTTP/1.1 200 OK\r\nname-of-somebody without a colon\r\nContent-Length: 0\r\n\r\n"

    with suppress(ProviderUnavailable):
        exchange("GET", server([odd]).url, seconds=SECONDS)

    assert "name-of-somebody" not in caplog.text
