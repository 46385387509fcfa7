"""`python -m espace_citoyens.mailbox`: read in a browser what a trial on this machine has mailed.

Shows the files that Django's file-based backend writes (one file a connection, messages ended by
a line of dashes). Text only: HTML is never rendered. Loopback only, and nothing is ever written.
"""

import argparse
import email.policy
import sys
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.parser import BytesParser
from hashlib import sha256
from html import escape
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

HOST = "127.0.0.1"
OWN_NAMES = ("127.0.0.1", "localhost")
SEPARATOR = b"-" * 79
PARIS = ZoneInfo("Europe/Paris")
STYLE = Path(__file__).with_suffix(".css")
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
PAGE = """<!doctype html>
<html lang="fr">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} – Courriels de la démonstration</title>
<link rel="stylesheet" href="/mailbox.css">
</head>
<body>
<main>
{content}
</main>
</body>
</html>
"""


@dataclass(frozen=True)
class Mail:
    """One mail; `key` names it in an address and never changes."""

    key: str
    subject: str
    sender: str
    recipients: str
    sent_at: datetime
    text: str


def read_mails(folder: Path) -> list[Mail]:
    """Every mail of the folder, newest first."""
    mails = [
        mail_from(message, key=f"{path.name} {number}", written_at=path.stat().st_mtime)
        for path in sorted(folder.glob("*.log"))
        for number, message in enumerate(messages_of(path))
    ]
    mails.sort(key=lambda mail: mail.sent_at)
    mails.reverse()
    return mails


def messages_of(path: Path) -> list[EmailMessage]:
    """The messages of one file, a last one being written included."""
    parts: list[list[bytes]] = [[]]
    for line in path.read_bytes().splitlines(keepends=True):
        if line.rstrip() == SEPARATOR:
            parts.append([])
        else:
            parts[-1].append(line)
    parser = BytesParser(policy=email.policy.default)
    return [parser.parsebytes(b"".join(part)) for part in parts if b"".join(part).strip()]


def mail_from(message: EmailMessage, *, key: str, written_at: float) -> Mail:
    date = message["Date"].datetime if message["Date"] else None
    sent_at = date or datetime.fromtimestamp(written_at, tz=UTC)
    part = message.get_body(preferencelist=("plain",))
    return Mail(
        key=sha256(key.encode()).hexdigest()[:16],
        subject=str(message["Subject"] or "(sans objet)"),
        sender=str(message["From"] or ""),
        recipients=str(message["To"] or ""),
        sent_at=sent_at if sent_at.tzinfo else sent_at.replace(tzinfo=UTC),
        text=part.get_content() if part else "(Ce courriel n’a pas de version en texte.)",
    )


def list_page(mails: list[Mail]) -> str:
    """The list, or how it fills."""
    if mails:
        items = "\n".join(
            f'<li><a href="/courriel/{mail.key}">{escape(mail.subject)}</a>'
            f'<p class="quiet">{escape(mail.recipients)}, {shown_date(mail)}</p></li>'
            for mail in mails
        )
        content = f"<ol>\n{items}\n</ol>"
    else:
        content = (
            "<p>Aucun courriel pour l’instant. Ceux du portail et du simulateur arrivent ici en "
            "quelques secondes.</p>"
        )
    return page(
        "Courriels envoyés",
        '<h1>Courriels envoyés</h1>\n<p><a href="/">Actualiser la liste</a></p>\n' + content,
    )


def mail_page(mail: Mail) -> str:
    """One mail, as text."""
    return page(
        mail.subject,
        f"""<p><a href="/">Tous les courriels</a></p>
<h1>{escape(mail.subject)}</h1>
<dl>
<dt>De</dt><dd>{escape(mail.sender)}</dd>
<dt>À</dt><dd>{escape(mail.recipients)}</dd>
<dt>Date</dt><dd>{shown_date(mail)}</dd>
</dl>
<pre>{escape(mail.text)}</pre>""",
    )


def not_found_page() -> str:
    return page(
        "Page introuvable",
        "<h1>Page introuvable</h1>\n"
        '<p>Ce courriel n’existe pas, ou plus. <a href="/">Tous les courriels</a></p>',
    )


def page(title: str, content: str) -> str:
    return PAGE.format(title=escape(title), content=content)


def shown_date(mail: Mail) -> str:
    date = mail.sent_at.astimezone(PARIS)
    return f'<time datetime="{date.isoformat()}">{date:%d/%m/%Y à %H:%M:%S}</time>'


class MailboxHandler(BaseHTTPRequestHandler):
    """GET and HEAD alone; anything else is refused by the base class."""

    server_version, sys_version = "Mailbox", ""

    def do_GET(self) -> None:
        # A page of another site could reach the loopback under a name of its own.
        if urlsplit(f"//{self.headers.get('Host', '')}").hostname not in OWN_NAMES:
            self.respond(HTTPStatus.MISDIRECTED_REQUEST, not_found_page())
            return
        path = urlsplit(self.path).path
        if path == "/mailbox.css":
            self.respond(HTTPStatus.OK, STYLE.read_text("utf-8"), content_type="text/css")
            return
        mails = read_mails(self.server.folder)
        found = [mail for mail in mails if path == f"/courriel/{mail.key}"]
        if path == "/":
            self.respond(HTTPStatus.OK, list_page(mails))
        elif found:
            self.respond(HTTPStatus.OK, mail_page(found[0]))
        else:
            self.respond(HTTPStatus.NOT_FOUND, not_found_page())

    do_HEAD = do_GET

    def respond(self, status: HTTPStatus, text: str, content_type: str = "text/html") -> None:
        body = text.encode(errors="replace")
        self.send_response(status)
        self.send_header("Content-Type", f"{content_type}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *args) -> None:
        """Nothing: who reads what is nobody's business."""


class MailboxServer(ThreadingHTTPServer):
    """The letter-box of one folder, on the loopback."""

    daemon_threads = True

    def __init__(self, folder: Path, port: int):
        self.folder = folder
        super().__init__((HOST, port), MailboxHandler)


def main(arguments: list[str] | None = None) -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(
        prog="python -m espace_citoyens.mailbox",
        description="Affiche les courriels écrits dans un dossier, sur cette machine seulement.",
    )
    parser.add_argument("--folder", type=Path, required=True, help="dossier des courriels")
    parser.add_argument("--port", type=int, default=8025, help="port d’écoute (%(default)s)")
    options = parser.parse_args(arguments)
    with MailboxServer(options.folder, options.port) as server:
        sys.stdout.write(f"Courriels : http://{HOST}:{server.server_port}/\n")
        sys.stdout.flush()
        with suppress(KeyboardInterrupt):
            server.serve_forever()


if __name__ == "__main__":
    main()
