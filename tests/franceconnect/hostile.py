"""Servers of raw bytes: no library of HTTP stands between a test and a broken answer."""

import datetime
import ipaddress
import json
import re
import socket
import ssl
import struct
import threading
import time
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from django.conf import settings as portal_settings
from django.test import Client
from django.urls import reverse

from accounts.models import JournalEntry, JournalKind, User
from franceconnect.models import Link
from tests.franceconnect import forge

# What a script of pieces may hold beside bytes.
CLOSE, RESET = object(), object()

FAILURE = "/franceconnect/echec/"
FIRST_TIME = "/franceconnect/premiere-connexion/"
IDENTITY = {
    "given_name": "Ines",
    "given_name_array": ["Ines"],
    "family_name": "PERRER",
    "gender": "female",
    "birthdate": "1985-04-12",
    "birthplace": "44109",
    "birthcountry": "99100",
    "email": "ines.franceconnect@rivemont.example",
}


def http(body: bytes | str | dict = b"", status: str = "200 OK", **headers: str) -> bytes:
    """A whole answer; `Content_Type="x"` is a header, None removes one given here."""
    if isinstance(body, dict):
        body = json.dumps(body)
    if isinstance(body, str):
        body = body.encode()
    values = {"Content_Type": "application/json", "Content_Length": len(body)} | headers
    lines = [
        f"{name.replace('_', '-')}: {value}" for name, value in values.items() if value is not None
    ]
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode() + body


def each_byte(data: bytes) -> list[bytes]:
    return [data[index : index + 1] for index in range(len(data))]


class RawServer:
    """Answers each request of a connection with `pieces`, one every `pause` seconds."""

    def __init__(self, pieces=(), pause=0.0, tls: ssl.SSLContext | None = None):
        self.pieces, self.pause, self.tls = pieces, pause, tls
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}/"
        self.connections = 0
        self.requests = []
        threading.Thread(target=self._serve, daemon=True).start()

    def script(self, request: bytes, number: int) -> tuple[list, float]:
        """What answers the request of this number on its connection: pieces, pause between."""
        return self.pieces, self.pause

    def receive(self, connection) -> bytes:
        """One whole request; nothing when the peer has gone."""
        request = b""
        while b"\r\n\r\n" not in request and (data := connection.recv(65536)):
            request += data
        head, _, body = request.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
        while length and len(body) < int(length[1]) and (data := connection.recv(65536)):
            body += data
            request += data
        return request

    def close(self):
        self.listener.close()

    def _serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._answer, args=[connection], daemon=True).start()

    def _answer(self, connection):
        try:
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
            with connection:
                number = 0
                while request := self.receive(connection):
                    self.requests.append(request)
                    number += 1
                    pieces, pause = self.script(request, number)
                    for piece in pieces:
                        if piece is RESET:
                            linger = struct.pack("ii", 1, 0)
                            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                        if piece in (CLOSE, RESET):
                            return
                        connection.sendall(piece)
                        time.sleep(pause)
        except OSError:
            connection.close()


class HostileProvider(RawServer):
    """A FranceConnect that is right in every way, until a test tells it what to say."""

    def __init__(self):
        self.nonce = ""
        self.key_set = {"keys": [forge.jwk()]}
        self.said = {}
        super().__init__()
        self.issuer = f"{self.url}api/v2"

    def say(self, at: str, *pieces, pause: float = 0.0) -> None:
        """Answer `discovery`, `jwks`, `token` or `userinfo` with these bytes from now on."""
        self.said[at] = list(pieces), pause

    def calls(self, at: str) -> int:
        """How many requests came for `at`."""
        return [self._page(request) for request in self.requests].count(at)

    def script(self, request, number):
        at = self._page(request)
        if at in self.said:
            return self.said[at]
        answer = {
            "discovery": lambda: http(self.discovery()),
            "jwks": lambda: http(self.key_set),
            "token": lambda: http(self.token_answer()),
            "userinfo": lambda: http(self.userinfo(), Content_Type="application/jwt"),
        }.get(at, lambda: http(status="404 Not Found"))
        return [answer()], 0.0

    @staticmethod
    def _page(request: bytes) -> str:
        page = request.split(b" ", 2)[1].decode().rpartition("/")[2]
        return "discovery" if page == "openid-configuration" else page

    def discovery(self, **members) -> dict:
        pages = {
            "authorization_endpoint": "authorize",
            "token_endpoint": "token",
            "userinfo_endpoint": "userinfo",
            "jwks_uri": "jwks",
            "end_session_endpoint": "session/end",
        }
        endpoints = {name: f"{self.issuer}/{page}" for name, page in pages.items()}
        return {"issuer": self.issuer, **endpoints} | members

    def token_answer(self, **members) -> dict:
        return {
            "access_token": "t" * 43,
            "expires_in": 60,
            "id_token": self.id_token(),
            "scope": "openid",
            "token_type": "Bearer",
        } | members

    def id_token(self, header=forge.HEADER, key=forge.EC_KEY, **claims) -> str:
        values = {"acr": "eidas1", "auth_time": int(time.time()), "nonce": self.nonce}
        return forge.sign(header, self._envelope() | values | claims, key)

    def userinfo(self, header=forge.HEADER, key=forge.EC_KEY, **claims) -> str:
        """Claims given as `...` are left out."""
        values = self._envelope() | IDENTITY | claims
        kept = {name: value for name, value in values.items() if value is not ...}
        return forge.sign(header, kept, key)

    def _envelope(self) -> dict:
        now = int(time.time())
        return {
            "sub": forge.SUB,
            "aud": portal_settings.FRANCECONNECT["client_id"],
            "iss": self.issuer,
            "iat": now,
            "exp": now + 60,
        }


@contextmanager
def hostile_provider(settings, **values):
    """The portal is configured for a hostile provider; `values` are settings of FranceConnect."""
    provider = HostileProvider()
    settings.FRANCECONNECT = settings.FRANCECONNECT | {"issuer": provider.issuer} | values
    try:
        yield provider
    finally:
        provider.close()


# However hostile the provider, nobody waits longer than this for the answer of the portal.
LONGEST_WAIT_SECONDS = 10


class Visitor:
    """A browser that leaves for the hostile provider and comes back with a code."""

    def __init__(self, provider: HostileProvider):
        self.provider = provider
        self.client = Client()
        self.query = {}

    def leave(self):
        """Press the button; what comes back from the provider will fit this departure."""
        started = time.monotonic()
        response = self.client.post(reverse("franceconnect:start"))
        assert time.monotonic() - started < LONGEST_WAIT_SECONDS
        if response.status_code == 302:
            query = parse_qs(urlsplit(response["Location"]).query)
            self.provider.nonce = query["nonce"][0]
            self.query = {
                "code": "c" * 43,
                "state": query["state"][0],
                "iss": self.provider.issuer,
            }
        return response

    def come_back(self):
        """The callback, and the page of a refusal when it leads there."""
        started = time.monotonic()
        response = self.client.get(reverse("franceconnect:callback"), self.query)
        assert time.monotonic() - started < LONGEST_WAIT_SECONDS
        if response.status_code == 302 and response["Location"] == FAILURE:
            return self.client.get(FAILURE)
        return response

    def go(self):
        assert self.leave().status_code == 302
        return self.come_back()


def assert_refused(visitor: Visitor, response, *codes: str) -> None:
    """A page of ours, a line in the journal with one of `codes`, and nothing else."""
    entry = JournalEntry.objects.latest("pk")
    assert 400 <= response.status_code <= 503
    assert response.status_code != 500
    assert entry.kind == JournalKind.SIGN_IN_REFUSED
    assert entry.reference in response.content.decode()
    assert not codes or entry.code in codes, entry.code
    assert "_auth_user_id" not in visitor.client.session
    assert "franceconnect_pending_identity" not in visitor.client.session
    assert not User.objects.exists()
    assert not Link.objects.exists()


def assert_identified(response) -> None:
    """Somebody new is asked what to do: their identity was accepted."""
    assert response.status_code == 302, JournalEntry.objects.latest("pk").code
    assert response["Location"] == FIRST_TIME


def tls_context(folder, address: str = "127.0.0.1") -> tuple[ssl.SSLContext, str]:
    """A server's context whose certificate is for `address`; the file that vouches for it."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "tests")])
    now = datetime.datetime.now(tz=datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(forge.EC_KEY.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(forge.EC_KEY, hashes.SHA256())
    )
    key = forge.EC_KEY.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    vouching, both = folder / "certificate.pem", folder / "both.pem"
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    vouching.write_bytes(pem)
    both.write_bytes(pem + key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    return context, str(vouching)
