"""The dashboard: the journal in numbers, a query or two, nobody's name."""

import ast
import datetime
from pathlib import Path

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from post_office.models import STATUS, Email

from accounts import journal
from accounts.models import JournalEntry, JournalKind
from espace_citoyens import daily_counts, refusal_causes
from espace_citoyens.charts import curves
from espace_citoyens.daily_counts import count_days
from espace_citoyens.disclosure import Cell, alone
from espace_citoyens.models import DailyCount
from franceconnect import outage
from franceconnect.client import cache_key
from franceconnect.conf import sign_in_platform
from tests.accounts.agents import make_agent_with, sign_in_agent

PAGE = "/admin/tableau-de-bord/"
FRANCECONNECT = Path(__file__).parents[2] / "franceconnect"
NOON = datetime.datetime(2026, 3, 18, 12, tzinfo=datetime.UTC)


@pytest.fixture
def reader(db):
    return sign_in_agent(Client(), make_agent_with("espace_citoyens.view_dashboard"))


@pytest.fixture
def _at_noon(time_machine):
    time_machine.move_to(NOON, tick=False)


def write(kind, number=1, *, days_ago=0, **values):
    at = timezone.now() - datetime.timedelta(days=days_ago)
    JournalEntry.objects.bulk_create(
        JournalEntry(kind=kind, at=at, **values) for _ in range(number)
    )


def counted():
    fields = ("day", "kind", "means", "code", "count")
    return set(DailyCount.objects.values_list(*fields))


@pytest.mark.usefixtures("_at_noon")
def test_a_day_of_the_journal_becomes_its_numbers(db):
    write(JournalKind.SIGNED_IN, 3, means="FranceConnect")
    write(JournalKind.SIGNED_IN, 2, means="FranceConnect", days_ago=1)
    write(JournalKind.SIGN_IN_REFUSED, 1, means="mot de passe", code="wrong_password")
    write(JournalKind.FILE_OPENED, 4)

    count_days()

    today = NOON.date()
    assert counted() == {
        (today, "signed_in", "FranceConnect", "", 3),
        (today - daily_counts.DAY, "signed_in", "FranceConnect", "", 2),
        (today, "sign_in_refused", "mot de passe", "wrong_password", 1),
    }


@pytest.mark.usefixtures("_at_noon")
def test_counting_again_gives_the_same_numbers_and_the_new_ones(db):
    write(JournalKind.SPACE_CREATED, 2, days_ago=1)
    count_days()
    count_days()
    assert [line[-1] for line in counted()] == [2]

    write(JournalKind.SPACE_CREATED, days_ago=1)
    count_days()

    assert [line[-1] for line in counted()] == [3]


@pytest.mark.usefixtures("_at_noon")
def test_the_whole_journal_is_counted_the_first_time(db):
    write(JournalKind.SPACE_CREATED, days_ago=300)

    count_days()

    assert {line[0] for line in counted()} == {NOON.date() - datetime.timedelta(days=300)}


@pytest.mark.usefixtures("_at_noon")
def test_numbers_stay_when_the_journal_goes(db):
    write(JournalKind.SPACE_CREATED, days_ago=100)
    write(JournalKind.SPACE_CREATED)
    count_days()
    JournalEntry.objects.filter(at__lt=timezone.now() - datetime.timedelta(days=9)).delete()

    count_days()

    assert len(counted()) == 2


@pytest.mark.usefixtures("_at_noon")
def test_numbers_older_than_the_dashboard_go(db):
    DailyCount.objects.create(day=datetime.date(2024, 1, 1), kind="signed_in", count=9)

    count_days()

    assert not counted()


def test_a_day_is_the_towns(db, time_machine):
    """At 23:30 UTC it is tomorrow in Paris."""
    time_machine.move_to(datetime.datetime(2026, 3, 18, 23, 30, tzinfo=datetime.UTC))
    write(JournalKind.SPACE_CREATED)

    count_days()

    assert {line[0] for line in counted()} == {datetime.date(2026, 3, 19)}


def test_what_an_agent_does_for_themselves_is_not_counted(db, agent, citizen):
    journal.record(JournalKind.SIGNED_IN, citizen=None, actor=agent)
    journal.record(JournalKind.UNLINKED, citizen=citizen, actor=agent)

    count_days()

    assert [line[1] for line in counted()] == ["unlinked"]


def fill():
    """A year of a town, every week alike."""
    for days in range(0, 350, 7):
        write(JournalKind.SPACE_CREATED, 12, days_ago=days)
        write(JournalKind.SIGNED_IN, 30, days_ago=days, means="FranceConnect")
        write(JournalKind.SIGNED_IN, 10, days_ago=days, means="mot de passe")
        write(JournalKind.LINKED, 8, days_ago=days, means="FranceConnect")
    write(JournalKind.SIGN_IN_REFUSED, 7, code="wrong_password")
    write(JournalKind.SIGN_IN_REFUSED, 2, code="blocked")
    write(JournalKind.SIGN_IN_REFUSED, 6, code="answer_too_slow", means="FranceConnect")
    write(JournalKind.MAIL_FAILED, 3, code="accounts/email/new_device")
    count_days()


@pytest.mark.usefixtures("_at_noon")
def test_the_page_says_what_the_year_came_to(reader):
    fill()

    dashboard = reader.get(PAGE).context["dashboard"]

    assert dashboard.created.total == Cell(600)
    assert dashboard.share == 75
    assert str(dashboard.failed_mail.total) == "moins de 5"
    assert dashboard.outages.total == Cell(6)
    assert dashboard.refused.total == Cell(9)
    assert [(words, str(cell)) for words, cell in dashboard.means] == [
        ("FranceConnect", "1\u202f500"),
        ("mot de passe", "500"),
    ]
    assert [(words, str(cell)) for words, cell in dashboard.causes] == [
        ("Mot de passe incorrect", "non montré"),
        ("Accès bloqué par la mairie", "moins de 5"),
    ]


@pytest.mark.usefixtures("_at_noon")
def test_every_curve_has_its_words_and_its_table(reader):
    fill()

    page = reader.get(PAGE).content.decode()

    assert page.count("<title id=") == page.count("<desc id=") == 3
    assert page.count("Lire le tableau") == 5
    assert "Trop peu de nombres à montrer" in page
    assert "16 mars 2026 (en cours)" in page
    assert 'style="' not in page


def test_an_empty_portal_has_a_page_too(reader):
    page = reader.get(PAGE).content.decode()

    assert "trop peu pour le dire" in page
    assert "Rien à compter encore." in page
    assert "Aucun courriel n’attend" in page


def test_an_outage_and_late_mail_are_said(reader):
    platform = sign_in_platform()
    cache.set(cache_key(platform, "failures"), outage.THRESHOLD, 60)
    addresses = {"to": ["a@rivemont.example"], "from_email": "b@rivemont.example"}
    Email.objects.create(**addresses, status=STATUS.requeued)
    Email.objects.update(created=timezone.now() - datetime.timedelta(hours=2))

    page = reader.get(PAGE).content.decode()

    assert f"{platform.label} ne répond plus" in page
    assert "plus d’une heure&nbsp;: moins de 5" in page


def test_the_page_costs_the_same_whatever_the_journal(reader, django_assert_max_num_queries):
    fill()

    with django_assert_max_num_queries(8):
        reader.get(PAGE)


def test_it_is_for_whoever_may_read_it(db):
    client = sign_in_agent(Client(), make_agent_with("espace_citoyens.view_town"))

    assert client.get(PAGE).status_code == 403
    assert Client().get(PAGE).status_code == 302


def test_a_count_that_is_not_shown_leaves_a_gap_in_its_curve():
    weeks = [datetime.date(2026, 3, 2) + datetime.timedelta(days=7 * n) for n in range(4)]
    curve = curves([list(map(alone, [10, 3, 20, 0]))], weeks)

    assert curve.paths[0].count("M") == 2
    assert [str(count) for _, count in curve.heights] == ["0", "10", "20"]
    assert curves([[alone(0), alone(2)]], weeks[:2]) is None


def codes_raised_by(*names) -> set[str]:
    """The codes that franceconnect gives to these of its errors, where they are written out."""
    calls = [
        node
        for path in FRANCECONNECT.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in names and node.args
    ]
    return {call.args[0].value for call in calls if isinstance(call.args[0], ast.Constant)}


def test_every_code_of_the_platforms_failures_is_an_outage():
    codes = codes_raised_by("ProviderUnavailable", "Misconfigured", "UnexpectedRefusal")
    others = {"jwks_503", "token_500", "http_ConnectTimeout", "token_invalid_client"}

    assert len(codes) > 5
    assert [code for code in codes | others if not refusal_causes.is_outage(code)] == []


def test_every_code_of_a_refused_answer_has_its_cause():
    codes = codes_raised_by("TokenRefused", "IdentityRefused") | {"unknown_key", "token_refused"}

    assert len(codes) > 20
    assert {refusal_causes.cause_of(code) for code in codes} == {"Réponse de FranceConnect refusée"}
    assert not [code for code in codes if refusal_causes.is_outage(code)]
    assert refusal_causes.cause_of("une cause de demain") == refusal_causes.OTHER_CAUSE
