"""What machines ask, and what people read while the database or the cache is away."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from post_office.models import STATUS, Email
from redis import exceptions as redis

from accounts.models import PersonalSpace
from espace_citoyens import health
from tests.accounts.factories import PASSWORD

READY = "/health/ready/"


@pytest.fixture
def patient():
    """A client that is answered as a browser is, whatever the error."""
    return Client(raise_request_exception=False)


def mail(**fields):
    return Email.objects.create(
        from_email="portail@rivemont.example", to="a@rivemont.example", **fields
    )


def old(mail, minutes):
    Email.objects.filter(pk=mail.pk).update(created=timezone.now() - timedelta(minutes=minutes))


def test_a_process_answers(client):
    assert client.get("/health/live/").content == b"ok"


def test_a_portal_that_lacks_nothing_is_ready(client, db):
    assert client.get(READY).json() == {"lacking": [], "mail_queue_seconds": 0}


def test_the_oldest_mail_that_is_due_is_told_and_takes_no_visitor_away(client, db):
    old(mail(status=STATUS.queued), 10)
    old(mail(status=STATUS.sent), 20)
    old(mail(status=STATUS.queued, scheduled_time=timezone.now() + timedelta(hours=1)), 30)

    response = client.get(READY)

    assert response.status_code == 200
    assert response.json()["mail_queue_seconds"] in range(600, 605)


def test_a_database_behind_the_code_is_not_ready(client, db, monkeypatch):
    monkeypatch.setattr(health, "_migrated", [])
    monkeypatch.setattr(health.MigrationExecutor, "migration_plan", lambda *args: ["one"])

    response = client.get(READY)

    assert (response.status_code, response.json()["lacking"]) == (503, ["migrations"])


def test_a_cache_that_forgets_is_not_ready(client, db, monkeypatch):
    monkeypatch.setattr(cache, "get", lambda *args: None)

    assert client.get(READY).json()["lacking"] == ["cache"]


def fail(error):
    def away(*args, **kwargs):
        raise error

    return away


@pytest.mark.parametrize(
    ("error", "name"),
    [(OperationalError("server 10.0.0.7 away"), "django"), (redis.TimeoutError(), "redis")],
)
def test_what_is_away_is_named_and_nothing_else(client, db, monkeypatch, error, name):
    monkeypatch.setattr(health, "mail_queue_seconds", fail(error))

    response = client.get(READY)

    assert (response.status_code, response.json()) == (503, {"lacking": [name]})


@pytest.mark.parametrize("error", [OperationalError("away"), redis.ConnectionError("away")])
def test_people_read_that_it_will_come_back_and_it_does(patient, citizen, monkeypatch, error):
    patient.post("/connexion/", {"login": citizen.email, "password": PASSWORD})

    with monkeypatch.context() as away:
        away.setattr(PersonalSpace, "display_name", property(fail(error)))
        response = patient.get("/mon-espace/")

    page = response.content.decode()
    assert response.status_code == 503
    assert response["Retry-After"] == "60"
    assert "interrompu un instant" in page
    assert "away" not in page
    assert patient.get("/mon-espace/").status_code == 200


def test_an_error_of_ours_is_no_outage(patient, citizen, monkeypatch):
    patient.post("/connexion/", {"login": citizen.email, "password": PASSWORD})
    monkeypatch.setattr(PersonalSpace, "display_name", property(fail(ValueError("secret"))))

    response = patient.get("/mon-espace/")

    assert response.status_code == 500
    assert "Une panne de notre côté" in response.content.decode()
    assert "secret" not in response.content.decode()
