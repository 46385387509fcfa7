import http.client
import threading
from html.parser import HTMLParser

import pytest
from django.core.mail import EmailMessage, EmailMultiAlternatives, get_connection

from espace_citoyens.mailbox import MailboxServer, read_mails


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "mails"


@pytest.fixture
def server(folder):
    folder.mkdir(exist_ok=True)
    with MailboxServer(folder, 0) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def get(server):
    """`get(path, method="GET", **headers)` → (status, headers, text)."""

    def ask(path="/", method="GET", **headers):
        connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=5)
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        answer = response.status, response.headers, response.read().decode()
        connection.close()
        return answer

    return ask


def send(folder, *messages):
    """Deliver as the portal does: one connection, so one file for several messages."""
    backend = "django.core.mail.backends.filebased.EmailBackend"
    get_connection(backend, file_path=str(folder)).send_messages(messages)


def mail(subject="Votre code", body="Code : 123456", to="ines.perrer@rivemont.example", **fields):
    return EmailMessage(subject, body, "mairie@rivemont.example", [to], **fields)


class Links(HTMLParser):
    def __init__(self):
        super().__init__()
        self.targets, self.tags = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag == "a":
            self.targets.append(dict(attrs)["href"])


def links_of(page: str) -> list[str]:
    parser = Links()
    parser.feed(page)
    return [target for target in parser.targets if target != "/"]


def test_an_empty_folder_says_so(get):
    status, _, page = get()

    assert status == 200
    assert "Aucun courriel" in page


def test_a_folder_that_does_not_exist_is_an_empty_one(folder):
    assert read_mails(folder) == []


def test_lists_every_mail_of_a_file_the_newest_first(folder, get):
    send(
        folder,
        mail("Ancien", headers={"Date": "Mon, 02 Nov 2026 09:00:00 +0100"}),
        mail("Récent", headers={"Date": "Tue, 03 Nov 2026 09:00:00 +0100"}),
    )

    _, _, page = get()

    assert page.index("Récent") < page.index("Ancien")
    assert "03/11/2026 à 09:00:00" in page
    assert "ines.perrer@rivemont.example" in page


def test_shows_the_text_of_a_mail(folder, get):
    send(folder, mail(body="Bonjour Inès,\nvotre code : 123456 – à bientôt"))
    [link] = links_of(get()[2])

    status, _, page = get(link)

    assert status == 200
    assert "Bonjour Inès,\nvotre code : 123456 – à bientôt" in page
    assert "mairie@rivemont.example" in page


def test_html_is_never_rendered(folder, get):
    message = EmailMultiAlternatives(
        "<script>sujet</script>", "<b>texte</b>", "mairie@rivemont.example", ["a@rivemont.example"]
    )
    message.attach_alternative("<p>version riche</p>", "text/html")
    send(folder, message)
    [link] = links_of(get()[2])

    listing, page = get()[2], get(link)[2]

    assert "<script" not in listing + page
    assert "&lt;b&gt;texte&lt;/b&gt;" in page
    assert "version riche" not in page


def test_a_mail_without_text_says_so(folder, get):
    message = mail(body="<p>riche</p>")
    message.content_subtype = "html"
    send(folder, message)
    [link] = links_of(get()[2])

    assert "pas de version en texte" in get(link)[2]


def test_a_mail_keeps_its_address_when_others_arrive(folder, get):
    send(folder, mail("Premier"))
    [first] = links_of(get()[2])
    send(folder, mail("Second"))

    assert "Premier" in get(first)[2]
    assert len(links_of(get()[2])) == 2


@pytest.mark.parametrize("path", ["/courriel/../../etc/passwd", "/courriel/", "/inconnu"])
def test_any_other_address_is_not_found(path, get):
    status, _, page = get(path)

    assert status == 404
    assert "Page introuvable" in page


@pytest.mark.parametrize("path", ["/", "/mailbox.css", "/inconnu"])
def test_every_answer_forbids_scripts_and_storage(path, get):
    _, headers, _ = get(path)

    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("host", ["portail.example.fr", "127.0.0.1.example.fr", ""])
def test_another_host_name_is_refused(host, folder, get):
    send(folder, mail())

    status, _, page = get(Host=host)

    assert status == 421
    assert "Votre code" not in page


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_nothing_can_be_written(method, get):
    assert get(method=method)[0] == 501


def test_head_has_no_body(get):
    assert get(method="HEAD")[2] == ""


def test_listens_on_the_loopback_alone(server):
    assert server.server_address[0] == "127.0.0.1"


def test_pages_are_in_french_with_one_heading_and_no_script(folder, get):
    send(folder, mail())
    _, _, listing = get()

    for page in (listing, get(links_of(listing)[0])[2]):
        parser = Links()
        parser.feed(page)
        assert '<html lang="fr">' in page
        assert parser.tags.count("h1") == 1
        assert parser.tags.count("main") == 1
        assert "script" not in parser.tags
