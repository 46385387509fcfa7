"""A request is followed from proxy to mail; figures are for inside; reports hold no datum."""

import io
import json
import logging
import logging.config
import os
import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.test.utils import CaptureQueriesContext
from post_office.models import Email
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.parser import text_string_to_metric_families as plain_families

from accounts import services
from accounts.models import JournalKind
from espace_citoyens import reports
from espace_citoyens.observation import HEADER
from tests.accounts.factories import PASSWORD

GIVEN = "0f8fad5b-d9cb-469f-a165-70867728950e"
METRICS = "/metrics/"


def test_a_request_keeps_the_identifier_of_the_proxy(client, db):
    assert client.get("/", headers={HEADER: GIVEN})[HEADER] == GIVEN


@pytest.mark.parametrize("given", ["", "*/ DROP TABLE", "a\nb", "x" * 65, "court"])
def test_an_identifier_that_could_do_harm_is_replaced(client, db, given):
    answered = client.get("/", headers={HEADER: given})[HEADER]

    assert answered != given
    assert len(answered) == 32


@pytest.mark.postgresql
def test_a_statement_names_its_request_where_that_is_asked(client, citizen, settings):
    settings.COMMENTED_STATEMENTS = True

    with CaptureQueriesContext(connection) as queries:
        client.post(
            "/connexion/",
            {"login": citizen.email, "password": PASSWORD},
            headers={HEADER: GIVEN},
        )

    selects = [query["sql"] for query in queries if query["sql"].startswith("SELECT")]
    assert selects
    assert all(f"/* request {GIVEN} */" in sql for sql in selects)


def test_the_log_says_which_request_queued_a_mail(client, citizen, caplog):
    caplog.handler.addFilter(reports.with_request_id)
    caplog.set_level("INFO", logger="espace_citoyens.observation")

    client.post("/mot-de-passe-oublie/", {"email": citizen.email}, headers={HEADER: GIVEN})

    (line,) = [record for record in caplog.records if "queued" in record.message]
    assert line.message == f"mail {Email.objects.get().pk} queued"
    assert line.request_id == GIVEN


def logged(log_format: str, **fields) -> str:
    """What a line is, once written by these settings."""
    stream = io.StringIO()
    config = reports.logging_settings(log_format)
    formatter = logging.config.DictConfigurator(config).configure_formatter(
        config["formatters"]["line"]
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    handler.addFilter(reports.with_request_id)
    handler.handle(logging.makeLogRecord({"levelname": "INFO", "name": "portail", **fields}))
    return stream.getvalue()


def test_a_collector_reads_json():
    token = reports.current_request_id.set(GIVEN)
    line = json.loads(logged("json", msg="mail %s\nqueued", args=(3,)))
    reports.current_request_id.reset(token)

    assert line["message"] == "mail 3\nqueued"
    assert line["request_id"] == GIVEN
    assert line["level"] == "INFO"


def test_people_read_a_line():
    assert logged("text", msg="worker started").endswith("INFO portail worker started\n")


def test_a_format_that_does_not_exist_is_refused():
    with pytest.raises(ImproperlyConfigured, match="LOG_FORMAT"):
        reports.logging_settings("xml")


# --- Figures


def figures(client) -> dict:
    response = client.get(METRICS)
    assert response["Content-Type"].startswith("application/openmetrics-text")
    families = text_string_to_metric_families(response.content.decode())
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
    }


def test_answers_are_counted_by_page_and_never_by_address(client, citizen):
    before = figures(client).get(("portail_answers_total", "home", "200"), 0)

    client.get("/")
    client.get("/nulle-part/ines.perrer@rivemont.example/")

    after = figures(client)
    assert after["portail_answers_total", "home", "200"] == before + 1
    assert after["portail_answers_total", "unknown", "404"] >= 1
    assert after["portail_seconds_count", "home"] >= 1
    assert "rivemont" not in client.get(METRICS).content.decode()


def test_what_the_journal_keeps_is_counted(client, citizen):
    key = ("portail_journal_total", JournalKind.SIGNED_IN.value)
    before = figures(client).get(key, 0)

    client.post("/connexion/", {"login": citizen.email, "password": PASSWORD})

    assert figures(client)[key] == before + 1


def test_the_age_of_the_mail_queue_is_a_figure(client, citizen):
    services.notify(citizen.space, "accounts/email/contact_changed", {})

    assert figures(client)["portail_mail_queue_seconds",] >= 0


def test_figures_are_closed_to_whoever_comes_through_a_proxy(client, db):
    response = client.get(METRICS, headers={"X-Forwarded-For": "203.0.113.7"})

    assert response.status_code == 403
    assert b"portail_" not in response.content


def test_the_figures_of_several_processes_are_added_up(tmp_path):
    """Each counts in its own file; any of them answers for all."""
    script = (
        "from prometheus_client import CollectorRegistry, Counter, generate_latest\n"
        "from prometheus_client.multiprocess import MultiProcessCollector\n"
        "Counter('portail_answers', 'a', ['page', 'status']).labels('home', 200).inc()\n"
        "registry = CollectorRegistry(); MultiProcessCollector(registry)\n"
        "print(generate_latest(registry).decode())\n"
    )
    environment = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    for _ in range(2):
        out = subprocess.run(
            [sys.executable, "-c", script],
            env=environment,
            capture_output=True,
            check=True,
            text=True,
        ).stdout

    (family,) = plain_families(out)
    assert family.samples[0].value == 2


# --- Reports of errors


def test_a_report_holds_neither_a_datum_nor_a_message():
    event = {
        "event_id": "1",
        "exception": {
            "values": [
                {
                    "type": "ValueError",
                    "value": "ines.perrer@rivemont.example is wrong",
                    "stacktrace": {"frames": [{"function": "f", "vars": {"email": "ines"}}]},
                }
            ]
        },
        "request": {"url": "/?code=secret", "cookies": {"a": "b"}},
        "user": {"email": "ines"},
        "breadcrumbs": ["ines"],
        "logentry": {"message": "ines"},
        "extra": {"sys.argv": ["ines"]},
    }

    bare = reports.bare_event(event, {})

    assert "ines" not in json.dumps(bare)
    assert "secret" not in json.dumps(bare)
    assert bare["exception"]["values"][0]["type"] == "ValueError"
    assert bare["exception"]["values"][0]["stacktrace"]["frames"] == [{"function": "f"}]


def test_nothing_is_reported_unless_the_town_asks(monkeypatch):
    asked = []
    monkeypatch.setattr(reports.sentry_sdk, "init", lambda **options: asked.append(options))

    reports.start_error_reports("")
    reports.start_error_reports("https://key@sentry.rivemont.example/1")

    (options,) = asked
    assert options["send_default_pii"] is False
    assert options["include_local_variables"] is False
    assert options["before_send"] is reports.bare_event
