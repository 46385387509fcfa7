"""Bounds of one exchange, against a server that answers raw bytes at its own pace."""

import socket
import threading
import time

import pytest

from franceconnect.exceptions import ProviderUnavailable
from franceconnect.exchange import MAX_BODY_BYTES, exchange

SECONDS = 0.5
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
LONG = b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n"
UNTIL_CLOSED = b"HTTP/1.1 200 OK\r\n\r\n"
CLOSING = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 50\r\n\r\n"
MOVED = b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 50\r\n\r\n"


class RawServer:
    """Accepts connections and sends them `pieces`, one every `pause` seconds."""

    def __init__(self, pieces, pause=0.0):
        self.pieces, self.pause = pieces, pause
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/"
        self.connections = 0
        self.requests = []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.answer, args=[connection], daemon=True).start()

    def answer(self, connection):
        with connection:
            try:
                while request := connection.recv(65536):
                    self.requests.append(request)
                    for piece in self.pieces:
                        connection.sendall(piece)
                        time.sleep(self.pause)
            except OSError:
                pass


@pytest.fixture
def server():
    servers = []

    def make(pieces, pause=0.0):
        servers.append(RawServer(pieces, pause))
        return servers[-1]

    yield make
    for made in servers:
        made.listener.close()


def each_byte(data):
    return [data[index : index + 1] for index in range(len(data))]


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


def test_a_body_without_end_is_cut_off(server):
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"

    assert code_of(server([head, *[chunk] * 200]).url, seconds=5) == "answer_too_large"


def test_the_largest_body_is_accepted(server):
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % MAX_BODY_BYTES

    answer = exchange("GET", server([head, b"x" * MAX_BODY_BYTES]).url, seconds=5)

    assert len(answer.body) == MAX_BODY_BYTES


@pytest.mark.parametrize(
    "raw",
    [
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 70_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
        b"",
    ],
)
def test_what_is_no_http_is_an_outage(server, raw):
    assert code_of(server([raw]).url).startswith(("http_", "answer_too_slow", "compressed_"))


def test_a_redirection_is_not_followed(server):
    elsewhere = server([OK])
    head = f"HTTP/1.1 307 Elsewhere\r\nContent-Length: 0\r\nLocation: {elsewhere.url}\r\n\r\n"

    url = server([head.encode()]).url
    answer = exchange("POST", url, seconds=SECONDS, data={"secret": "s"})

    assert answer.status == 307
    assert elsewhere.connections == 0


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/", "not an address", "ftp://127.0.0.1/"])
def test_an_address_that_cannot_be_asked_is_an_outage(url):
    code_of(url)


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
