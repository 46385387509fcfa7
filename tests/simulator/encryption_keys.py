"""Keys of a service at FranceConnect+, and a small server that publishes their public halves."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from joserfc.jwk import ECKey, RSAKey

USUAL_ALGORITHM = {"EC": "ECDH-ES", "RSA": "RSA-OAEP-256"}
EC_KEY = ECKey.generate_key("P-256")
RSA_KEY = RSAKey.generate_key(2048)


def public_jwk(key: ECKey | RSAKey, kid: str, **changes: Any) -> dict[str, Any]:
    """The public half as a service publishes it (RFC 7517)."""
    published = {"use": "enc", "alg": USUAL_ALGORITHM[key.key_type], "kid": kid}
    return key.as_dict(private=False) | published | changes


def key_set(*keys: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    return {"keys": list(keys)}


class KeyServer:
    """The ``jwks_uri`` of a service, on loopback; counts the calls it gets."""

    def __init__(self):
        self.calls = 0
        self._answer = (200, b"", 0.0)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}/jwks/"

    def publish(self, document: Any, *, status: int = 200, delay: float = 0) -> None:
        """Answer with this JSON from now on, or with these bytes as they are."""
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        self._answer = (status, body, delay)
        self.calls = 0

    def _handler(server) -> type[BaseHTTPRequestHandler]:  # noqa: N805 - two objects at once
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                server.calls += 1
                status, body, delay = server._answer
                time.sleep(delay)
                self.send_response(status)
                self.send_header("Location", "/jwks/ailleurs/")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments):
                """Say nothing."""

        return Handler

    def __enter__(self) -> "KeyServer":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *exception):
        self._server.shutdown()
        self._server.server_close()
