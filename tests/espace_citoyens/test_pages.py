"""Home, help, probes, error pages, headers: for everybody, configured or not."""

import re

import pytest
from django.test import Client

from accounts.models import User
from espace_citoyens.models import Town
from tests.accounts.agents import sign_in_agent
from tests.accounts.factories import PASSWORD

PUBLIC = [
    "/",
    "/connexion/",
    "/inscription/",
    "/mot-de-passe-oublie/",
    "/aide/franceconnect/",
    "/mentions-legales/",
    "/donnees-personnelles/",
]


@pytest.mark.parametrize("path", PUBLIC)
def test_each_public_page_has_its_bones(client, db, path):
    response = client.get(path)
    text = response.content.decode()

    assert response.status_code == 200
    assert '<html lang="fr"' in text
    assert len(re.findall(r"<h1[\s>]", text)) == 1
    assert "<main" in text
    assert 'href="#contenu"' in text or "skip" in text


def test_titles_are_unique(client, db):
    titles = [
        re.search(r"<title>(.*?)</title>", client.get(path).content.decode(), re.S).group(1)
        for path in PUBLIC
    ]

    assert len(set(titles)) == len(PUBLIC)


@pytest.mark.parametrize("path", [*PUBLIC, "/mon-espace/", "/rien/", "/admin/login/"])
def test_every_answer_carries_the_strict_headers(client, db, path):
    headers = client.get(path).headers
    policy = headers["Content-Security-Policy"]

    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]


@pytest.mark.parametrize("path", [*PUBLIC, "/rien/"])
def test_no_page_holds_an_inline_script_or_style(client, db, path):
    text = client.get(path).content.decode()

    assert not re.search(r"<script(?![^>]*\ssrc=)[^>]*>", text)
    assert "<style" not in text
    assert not re.search(r'\s(style|on\w+)="', text)


def test_the_form_may_lead_to_franceconnect_and_nowhere_else(client, db, settings):
    policy = client.get("/").headers["Content-Security-Policy"]
    issuer = settings.FRANCECONNECT["issuer"].removesuffix("/api/v2")

    assert f"form-action 'self' {issuer};" in policy + ";"


def test_cookies_are_closed_to_scripts_and_survive_the_way_back(client, citizen):
    client.post("/connexion/", {"login": citizen.email, "password": PASSWORD})

    session = client.cookies["espace_session"]
    assert session["httponly"]
    assert session["samesite"] == "Lax"


def test_a_page_that_does_not_exist_says_so(client, db):
    response = client.get("/rien/")

    assert response.status_code == 404
    assert "<h1" in response.content.decode()


def test_a_stale_form_gets_a_page_that_says_what_to_do(db):
    response = Client(enforce_csrf_checks=True).post("/connexion/", {"login": "a", "password": "b"})

    assert response.status_code == 403
    assert "<h1" in response.content.decode()


def test_an_error_of_ours_gets_a_page_of_ours(db, monkeypatch):
    monkeypatch.setattr("espace_citoyens.views.HomeView.get_context_data", lambda self: 1 / 0)

    response = Client(raise_request_exception=False).get("/")

    assert response.status_code == 500
    assert "ZeroDivision" not in response.content.decode()
    assert "<h1" in response.content.decode()


def test_the_town_is_seen_at_once(client, db, django_capture_on_commit_callbacks):
    assert "Votre ville" in client.get("/").content.decode()

    with django_capture_on_commit_callbacks(execute=True):
        Town.objects.create(name="Ville de Rivemont")

    assert "Ville de Rivemont" in client.get("/").content.decode()


def test_there_is_one_town(db):
    Town.objects.create(name="Une")
    Town(name="Autre").save()

    assert [str(town) for town in Town.objects.all()] == ["Autre"]


def test_a_missing_page_is_asked_of_nobody_by_name(client, db):
    """A page of somebody signed in needs a sign-in, and keeps where it was going."""
    response = client.get("/mon-espace/profil/")

    assert response["Location"] == "/connexion/?next=/mon-espace/profil/"


def test_the_home_page_of_an_agent_leads_to_the_admin(client, agent):
    sign_in_agent(client, agent)

    assert "/admin/" in client.get("/").content.decode()
    assert User.objects.count() == 1
