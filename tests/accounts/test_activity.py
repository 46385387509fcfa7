"""Mon activité: a citizen reads their whole journal, and nobody else does."""

import csv
import io
import time
from datetime import datetime, timedelta

import pytest
import time_machine
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import activity, journal
from accounts.activity import Family
from accounts.journal import Origin
from accounts.models import JournalEntry, JournalKind
from tests.accounts.agents import sign_in_agent
from tests.accounts.factories import PASSWORD, make_agent

PAGE, EXPORT = "/mon-espace/activite/", "/mon-espace/activite/telecharger/"
HOME = Origin("Firefox sur Windows", "réseau 80.10.20.…")


@pytest.fixture
def inside(client, citizen):
    """The citizen, signed in by their password a moment ago."""
    client.post("/connexion/", {"login": citizen.email, "password": PASSWORD})
    JournalEntry.objects.all().delete()
    return client


def write(citizen, kind=JournalKind.SIGNED_IN, **fields):
    return journal.record(kind, citizen=citizen, **fields)


def text_of(response) -> str:
    return " ".join(response.content.decode().replace("&nbsp;", " ").split())


def titles(response):
    days = response.context["days"]
    return [line.title.replace("\u00a0", " ") for _, lines in days for line in lines]


def test_every_kind_of_line_has_its_words_and_one_family():
    assert set(activity.FAMILY_OF) == set(JournalKind)
    assert sum(len(titles) for titles in activity.TITLES.values()) == len(JournalKind)


@pytest.mark.parametrize("url", [PAGE, EXPORT])
def test_only_its_owner_reads_a_journal(client, inside, citizen, stranger, agent, url):
    write(citizen, reference="OWNER234")
    write(stranger, reference="OTHER234")
    own = inside.post(EXPORT).content.decode()
    assert "OWNER234" in own
    assert "OTHER234" not in own

    mine = text_of(inside.get(PAGE))
    assert "OWNER234" in mine
    assert "OTHER234" not in mine
    client.force_login(stranger)
    assert "OWNER234" not in text_of(client.get(PAGE))
    sign_in_agent(client, agent)
    assert client.get(url).status_code == 403
    client.logout()
    assert client.get(url)["Location"] == f"/connexion/?next={url}"
    assert client.post(EXPORT).status_code == 302


def test_a_line_says_what_when_how_and_from_where(inside, citizen):
    write(citizen, means="mot de passe", origin=HOME)

    page = text_of(inside.get(PAGE))

    for words in (
        "Connexion à votre espace",
        ", moyen utilisé : mot de passe, depuis Firefox sur Windows, réseau 80.10.20.…",
    ):
        assert words in page


def test_lines_are_under_the_day_of_the_town_newest_first(inside, citizen):
    for hour in (21, 23):  # in Paris, half past eleven in the evening, and half past one
        at = datetime.fromisoformat(f"2026-08-01T{hour}:30:00+00:00")
        write(citizen, at=at)

    response = inside.get(PAGE)

    days = [
        (f"{day}", [timezone.localtime(line.at).hour for line in lines])
        for day, lines in response.context["days"]
    ]
    assert days == [("2026-08-02", [1]), ("2026-08-01", [23])]
    assert "1er août 2026" in text_of(response)


def test_an_agent_is_a_capacity_and_a_reference_never_a_name(inside, citizen):
    agent = make_agent("claire.lenoir@rivemont.example")
    agent.groups.add(Group.objects.get_or_create(name="accueil")[0])
    write(citizen, JournalKind.FILE_OPENED, actor=agent, capacity="accueil")

    page = text_of(inside.get(PAGE))

    assert "Dossier consulté" in page
    assert f"Par un agent de la mairie (accueil), référence {agent.agent_reference}." in page
    assert "claire" not in page.lower()


def test_a_mail_is_named_by_its_subject(inside, citizen):
    write(citizen, JournalKind.MAIL_SENT, code="franceconnect/email/linked", means="FranceConnect")
    write(citizen, JournalKind.MAIL_FAILED, code="account/email/password_reset_code")
    write(citizen, JournalKind.MAIL_SENT, code="gone/email/forgotten")

    response = inside.get(PAGE)

    assert titles(response)[0] == "Courriel envoyé : « message de votre espace »"
    assert titles(response)[1].startswith("Courriel non distribué : « ")
    assert (
        titles(response)[2] == "Courriel envoyé : « Votre espace est certifié avec FranceConnect »"
    )
    assert "Vérifiez vos adresses e-mail" in text_of(response)


def test_a_refused_password_says_why_and_a_refusal_its_reference(inside, citizen):
    write(citizen, JournalKind.SIGN_IN_REFUSED, code="wrong_password")
    write(citizen, JournalKind.SIGN_IN_REFUSED, code="another_person", reference="7K3M92QX")

    page = text_of(inside.get(PAGE))

    assert "Le mot de passe était incorrect." in page
    assert "Référence : 7K3M92QX" in page
    assert "another_person" not in page


def test_what_is_in_a_line_is_never_markup(inside, citizen):
    write(citizen, origin=Origin("<script>alert(1)</script>", ""))

    assert "<script>alert" not in inside.get(PAGE).content.decode()


@pytest.mark.parametrize(
    ("family", "kind"),
    [
        (Family.SIGN_INS, JournalKind.SIGNED_IN),
        (Family.CHANGES, JournalKind.PASSWORD_CHANGED),
        (Family.TOWN_HALL, JournalKind.FILE_CHANGED),
        (Family.MAIL, JournalKind.MAIL_SENT),
    ],
)
def test_a_family_is_shown_alone(inside, citizen, family, kind):
    for each in (
        JournalKind.SIGNED_IN,
        JournalKind.PASSWORD_CHANGED,
        JournalKind.FILE_CHANGED,
        JournalKind.MAIL_SENT,
    ):
        write(citizen, each)

    response = inside.get(PAGE, {"famille": family.value})

    assert [line.family for _, lines in response.context["days"] for line in lines] == [
        family.label
    ]
    assert response.context["page"].paginator.count == 1
    assert activity.FAMILY_OF[kind] == family


@pytest.mark.parametrize(
    ("period", "count"), [("7-jours", 1), ("30-jours", 2), ("3-mois", 3), ("12-mois", 4)]
)
def test_a_period_is_shown_alone(inside, citizen, period, count):
    for days in (1, 20, 80, 300):
        write(citizen, at=timezone.now() - timedelta(days=days))

    response = inside.get(PAGE, {"famille": "connexions", "periode": period})

    assert response.context["page"].paginator.count == count


@pytest.mark.parametrize(
    "query",
    [{"famille": "x"}, {"periode": "\x00"}, {"famille": ["a", "b"]}, {"page": "-1"}, {"page": "é"}],
)
def test_an_odd_address_is_no_crash_and_hides_nothing(inside, citizen, query):
    write(citizen)

    response = inside.get(PAGE, query)

    assert response.status_code == 200
    assert titles(response) == ["Connexion à votre espace"]


def test_a_choice_that_does_not_exist_is_said_at_its_field(inside):
    page = text_of(inside.get(PAGE, {"periode": "siècle"}))

    assert "Ce choix n’existe pas. Prenez-en un de la liste." in page
    assert 'id="id_periode_error"' in page


def test_an_empty_journal_and_an_empty_choice_say_so(inside, citizen):
    assert "Votre prochaine connexion apparaîtra ici." in text_of(inside.get(PAGE))
    write(citizen)

    page = text_of(inside.get(PAGE, {"famille": "mairie"}))
    assert "Aucune ligne ne correspond à ces choix." in page


def test_a_long_journal_is_in_pages_that_keep_the_choices(inside, citizen):
    for _ in range(30):
        write(citizen)

    first = inside.get(PAGE, {"famille": "connexions", "next": "//evil.example"})
    second = inside.get(PAGE, {"famille": "connexions", "page": 2})

    assert (len(titles(first)), len(titles(second))) == (25, 5)
    assert "?famille=connexions&amp;periode=12-mois&amp;page=2" in first.content.decode()
    assert "evil" not in first.content.decode()
    assert "Page 2 sur 2" in text_of(second)


def test_the_page_costs_the_same_whatever_its_length(inside, citizen, agent):
    def statements():
        with CaptureQueriesContext(connection) as queries:
            inside.get(PAGE)
        return len(queries)

    write(citizen)
    inside.get(PAGE)  # takes the message of the sign-in out of the session
    short = statements()
    for number in range(30):
        kind = list(JournalKind)[number % len(JournalKind)]
        actor = agent if number % 2 else None
        write(citizen, kind, actor=actor, capacity="accueil" if actor else "")

    assert statements() == short <= 6


def test_the_page_is_read_by_the_index(inside, citizen):
    entries = activity.entries_of(citizen, family=Family.MAIL, period="30-jours")[:25]
    if connection.vendor == "postgresql":
        # What it takes for so few lines is its own affair: can the index give them in order?
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")

    assert "accounts_journal_by_citizen" in entries.explain()


# --- The spreadsheet


def rows_of(response):
    text = response.content.decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text), delimiter=";"))


def test_the_list_as_filtered_is_downloaded_and_journalled(inside, citizen, agent):
    write(citizen, means="mot de passe", origin=HOME)
    write(citizen, JournalKind.FILE_OPENED, actor=agent, capacity="accueil")

    page = inside.get(EXPORT, {"famille": "mairie"})
    response = inside.post(f"{EXPORT}?famille=mairie&periode=12-mois")

    assert "1 ligne " in text_of(page)
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"].startswith('attachment; filename="mon-activite-')
    assert response.content.startswith(b"\xef\xbb\xbfDate;Heure;")
    header, *rows = rows_of(response)
    assert header == list(activity.COLUMNS)
    assert [row[3] for row in rows] == ["Dossier consulté"]
    assert rows[0][-3:] == ["un agent de la mairie (accueil)", agent.agent_reference, ""]
    exported = citizen.journal.get(kind=JournalKind.DATA_EXPORTED)
    assert exported.code == "activity"


def test_getting_the_page_downloads_and_writes_nothing(inside, citizen):
    response = inside.get(EXPORT)

    assert response["Content-Type"].startswith("text/html")
    assert not citizen.journal.exists()


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_no_cell_is_a_formula(inside, citizen, start):
    write(citizen, origin=Origin(f'{start}HYPERLINK("//evil.example";"x")', ""))

    (row,) = rows_of(inside.post(EXPORT))[1:]

    assert row[6].startswith("'" + start)


def test_a_download_asks_for_a_recent_proof_and_comes_back_to_the_choices(inside):
    with time_machine.travel(time.time() + 11 * 60):
        for ask in (inside.get, inside.post):
            response = ask(f"{EXPORT}?famille=mairie")
            assert response["Location"] == (
                "/confirmation-identite/?next=%2Fmon-espace%2Factivite%2Ftelecharger%2F"
                "%3Ffamille%3Dmairie"
            )
        proven = inside.post(
            "/confirmation-identite/",
            {"password": PASSWORD, "next": f"{EXPORT}?famille=mairie"},
        )

    assert proven["Location"] == f"{EXPORT}?famille=mairie"


def test_the_journal_is_two_clicks_from_anywhere(inside):
    for page in ("/mon-espace/", "/mon-espace/identifiants/"):
        assert f'href="{PAGE}"' in inside.get(page).content.decode()
