"""A real SMTP server on the loopback, that can refuse, hang or hang up (RFC 5321)."""

import socketserver
import threading
import time
from contextlib import contextmanager

ADVICE = b"250 ok\r\n"


class Session(socketserver.StreamRequestHandler):
    """One connection: just enough of the protocol for a client to deliver mail."""

    def handle(self):
        if self.server.mood == "hangs":
            self.server.released.wait(20)
            return
        self.wfile.write(b"220 rivemont.example\r\n")
        while line := self.rfile.readline():
            verb = line[:4].upper()
            if verb == b"QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            if verb == b"DATA":
                if not self._receives():
                    return
            elif verb == b"RCPT" and self.server.mood == "refuses":
                self.wfile.write(b"550 no\r\n")
            else:
                self.wfile.write(ADVICE)

    def _receives(self) -> bool:
        self.wfile.write(b"354 go on\r\n")
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line)
        if self.server.mood == "drops":
            return False
        time.sleep(self.server.pause)
        self.server.received.append(b"".join(lines))
        self.wfile.write(ADVICE)
        return True


class SMTPServer(socketserver.ThreadingTCPServer):
    """`received` holds the messages accepted; `mood` is works, refuses, hangs or drops."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, mood="works", pause=0.0):
        super().__init__(("127.0.0.1", 0), Session)
        self.mood, self.pause, self.received = mood, pause, []
        self.released = threading.Event()

    @property
    def port(self) -> int:
        return self.server_address[1]

    def handle_error(self, request, client_address):
        """A client that is killed hangs up in the middle: that is what is tested."""


@contextmanager
def smtp_server(**options):
    server = SMTPServer(**options)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
