"""The administrators' page of FranceConnect: decisions, settings, live test, figures."""

import re
import time
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import journal
from accounts.models import JournalEntry, JournalKind
from franceconnect import conf, outage, statistics
from franceconnect.models import Activation
from tests.accounts.agents import make_agent_with, sign_in_agent
from tests.franceconnect.test_activation import WORDS, maintain
from tests.franceconnect.test_drawings import SVG, png

FC, PLUS = conf.FRANCECONNECT, conf.FRANCECONNECT_PLUS
PAGE = "/admin/franceconnect/activation/"
VIEW, CHANGE = "franceconnect.view_activation", "franceconnect.change_activation"
ACTIONS = ["switch", "maintenance", "maintenance_removal", "artwork", "artwork_removal", "test"]
REASON = {"reason": "Travaux annoncés", "version": 0}


def action(word, name=FC):
    return reverse(f"admin:franceconnect_activation_{word}", args=[name])


@pytest.fixture
def admin(client, db):
    """An agent who may decide."""
    return sign_in_agent(client, make_agent_with(VIEW, CHANGE))


@pytest.fixture
def reader(client, db):
    """An agent who may only look."""
    return sign_in_agent(client, make_agent_with(VIEW))


def read(response):
    return re.sub(r"\s+", " ", response.content.decode())


# --- Who may ---


@pytest.mark.parametrize("word", ACTIONS)
def test_an_agent_without_the_right_sees_and_changes_nothing(client, db, word):
    sign_in_agent(client, make_agent_with("accounts.view_personalspace"))

    assert client.get(PAGE).status_code == 403
    assert client.post(action(word), REASON).status_code == 403
    assert not Activation.objects.exists()


@pytest.mark.parametrize("word", ACTIONS)
def test_who_may_only_look_changes_nothing(reader, word):
    page = read(reader.get(PAGE))

    assert "FranceConnect est ouvert aux habitants" in page
    assert "Suspendre" not in page
    assert reader.post(action(word), REASON).status_code == 403
    assert not Activation.objects.exists()


@pytest.mark.parametrize("word", ACTIONS)
def test_a_citizen_or_nobody_is_sent_to_a_door(client, citizen, word):
    assert client.get(PAGE).status_code == 302
    client.force_login(citizen)

    assert client.get(PAGE).status_code == 302
    assert client.post(action(word), REASON).status_code == 302
    assert not Activation.objects.exists()


def test_the_page_is_where_djangos_index_leads(admin):
    assert reverse("admin:franceconnect_activation") == PAGE
    assert PAGE in admin.get("/admin/").content.decode()


@pytest.mark.parametrize("word", ACTIONS)
def test_looking_changes_nothing(admin, word):
    admin.get(action(word))

    assert not Activation.objects.exists()
    assert not JournalEntry.objects.exists()


@pytest.mark.parametrize("name", [PLUS, "unknown"])
def test_a_platform_that_is_not_configured_has_no_switch(admin, name):
    assert admin.post(action("switch", name), REASON).status_code == 404
    assert "FRANCECONNECT_PLUS_ENCRYPTION_KEY" in read(admin.get(PAGE))


# --- The switch ---


def test_switching_off_then_on(admin, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        response = admin.post(action("switch"), REASON, follow=True)

    page = read(response)
    assert "FranceConnect est suspendu" in page
    assert "C’est fait" in page
    assert admin.post(reverse("franceconnect:start")).status_code == 503

    admin.post(action("switch"), REASON | {"version": 1})

    assert Activation.objects.get().is_on
    lines = JournalEntry.objects.filter(kind=JournalKind.SETTINGS_CHANGED).order_by("pk")
    assert list(lines.values_list("code", "reason")) == [
        ("franceconnect_off", REASON["reason"]),
        ("franceconnect_on", REASON["reason"]),
    ]


def test_without_a_reason_nothing_changes(admin):
    page = read(admin.post(action("switch"), {"version": 0, "reason": " "}))

    assert "Dites pourquoi vous faites ce changement." in page
    assert not Activation.objects.exists()


def test_who_decides_on_an_older_page_is_told(admin):
    admin.post(action("switch"), REASON)

    page = read(admin.post(action("switch"), REASON, follow=True))

    assert "Un autre administrateur a modifié ce réglage entre-temps" in page
    assert not Activation.objects.get().is_on


@pytest.mark.parametrize("version", ["", "x", "-1", "9" * 40])
def test_a_forged_version_is_no_error_of_ours(admin, version):
    response = admin.post(action("switch"), REASON | {"version": version})

    assert response.status_code in (200, 302)
    assert not Activation.objects.filter(is_on=False).exists()


# --- Maintenance ---


def moments(*hours):
    now = timezone.localtime()
    return [(now + timedelta(hours=hour)).strftime("%Y-%m-%dT%H:%M") for hour in hours]


def planned(*hours, **others):
    starts, ends = moments(*hours)
    return REASON | {"starts": starts, "ends": ends, "words": "Passez à l’accueil."} | others


def test_a_maintenance_is_shown_before_it_is_saved(admin):
    page = read(admin.post(action("maintenance"), planned(2, 4, preview="1")))

    assert "FranceConnect sera en maintenance" in page
    assert "FranceConnect est en maintenance jusqu’au" in page
    assert page.count("Passez à l’accueil.") == 3
    assert not Activation.objects.exists()


def test_a_maintenance_is_saved_then_removed(admin):
    admin.post(action("maintenance"), planned(2, 4))
    assert "une maintenance est prévue" in read(admin.get(PAGE))

    admin.post(action("maintenance_removal"), REASON | {"version": 1})

    row = Activation.objects.get()
    assert (row.maintenance_from, row.maintenance_until, row.maintenance_words) == (None, None, "")
    codes = JournalEntry.objects.order_by("pk").values_list("code", flat=True)
    assert list(codes) == ["franceconnect_maintenance", "franceconnect_maintenance_removed"]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (planned(4, 2), "La fin précède le début."),
        (planned(-4, -2), "Cette fin est déjà passée."),
        (planned(2, 4, words=""), "Écrivez ce que les habitants liront."),
        (planned(2, 4, starts="demain"), "Donnez un jour et une heure"),
        (planned(2, 4, starts="0000-00-00T00:00"), "Donnez un jour et une heure"),
        (planned(2, 4, words="x" * 301), "300 caractères"),
    ],
)
def test_what_makes_no_sense_is_said_at_its_field_and_kept(admin, values, words):
    response = admin.post(action("maintenance"), values)

    page = read(response)
    assert words in page
    assert REASON["reason"] in page
    assert not Activation.objects.exists()


def test_a_past_maintenance_is_not_shown_any_more(admin):
    maintain(starts_in=timedelta(hours=-5))

    form = admin.get(action("maintenance")).context["form"]

    assert "une maintenance est prévue" not in read(admin.get(PAGE))
    assert form["starts"].value() is None
    assert form["words"].value() == WORDS


# --- The drawing ---


def upload(content, name="bouton.svg"):
    return REASON | {"file": SimpleUploadedFile(name, content)}


def test_the_official_drawing_is_uploaded_shown_and_removed(
    admin, client, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        admin.post(action("artwork"), upload(SVG.encode()))

    row = Activation.objects.get()
    image = client.get("/franceconnect/bouton/")
    address = f"/franceconnect/bouton/?v={row.artwork_digest}"
    assert address in read(admin.get(PAGE))
    assert address in read(Client().get("/"))
    assert image["Content-Type"] == "image/svg+xml"
    assert image["X-Content-Type-Options"] == "nosniff"
    assert image["Content-Security-Policy"].startswith("default-src 'none'")
    assert "sandbox" in image["Content-Security-Policy"]

    admin.post(action("artwork_removal"), REASON | {"version": 1})

    assert client.get("/franceconnect/bouton/").status_code == 404


def test_each_platform_has_its_own_drawing(admin, plus):
    admin.post(action("artwork", PLUS), upload(png(), "bouton.png"))

    assert admin.get("/franceconnect-plus/bouton/")["Content-Type"] == "image/png"
    assert admin.get("/franceconnect/bouton/").status_code == 404


def test_an_uploaded_drawing_goes_before_that_of_the_environment(admin, settings, tmp_path):
    file = tmp_path / "bouton.svg"
    file.write_text(SVG.replace("M0", "M9"))
    settings.FRANCECONNECT = settings.FRANCECONNECT | {"button_artwork": str(file)}
    assert b"M9" in admin.get("/franceconnect/bouton/").content

    admin.post(action("artwork"), upload(SVG.encode()))

    assert b"M9" not in admin.get("/franceconnect/bouton/").content


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"GIF89a", "ni un SVG ni un PNG"),
        (b"", "Ce fichier est vide"),
        (b"<svg", "mal formé"),
        (b"<svg>" + b" " * 10_000_000, "200\N{NO-BREAK SPACE}ko"),
    ],
    ids=["another kind", "empty", "broken", "ten megabytes"],
)
def test_a_file_that_is_no_drawing_is_refused_in_words(admin, content, words):
    assert words in admin.post(action("artwork"), upload(content)).content.decode()
    assert not Activation.objects.exists()


# --- Settings and addresses ---


def test_the_page_shows_settings_and_addresses_and_never_the_secret(admin, plus, settings):
    page = admin.get(PAGE).content.decode()

    for values in (settings.FRANCECONNECT, settings.FRANCECONNECT_PLUS):
        assert values["issuer"] in page
        assert values["client_id"] in page
        assert values["client_secret"] not in page
    assert "PRIVATE KEY" not in page
    for path in ("franceconnect/callback/", "franceconnect-plus/logout-callback/"):
        assert f"{settings.BASE_URL}/{path}" in page
    assert f"{settings.BASE_URL}/franceconnect-plus/jwks/" in page


def test_the_sector_identifier_is_given_when_there_are_several_hosts(admin, settings):
    other = {"other_base_urls": ["https://autre.example.fr"]}
    settings.FRANCECONNECT = settings.FRANCECONNECT | other

    page = admin.get(PAGE).content.decode()

    assert f"{settings.BASE_URL}/franceconnect/sector-identifier/" in page
    assert "https://autre.example.fr/franceconnect/callback/" in page


def test_the_service_name_is_the_towns(admin):
    assert "«\N{NO-BREAK SPACE}" in admin.get(PAGE).content.decode().replace("&nbsp;", "\xa0")
    assert "Espace Citoyens" in read(admin.get(PAGE))


def test_a_platform_that_is_down_is_said(admin):
    for _ in range(outage.THRESHOLD):
        outage.failed(conf.platform())

    assert "ne répond pas bien en ce moment" in read(admin.get(PAGE))


def test_the_page_costs_few_queries(admin, plus, citizen, django_assert_max_num_queries):
    for _ in range(20):
        journal.record(JournalKind.SIGNED_IN, citizen=citizen, means="FranceConnect")

    # Session, agent, rights of both kinds, two platforms, their cached copy, town, figures.
    with django_assert_max_num_queries(10):
        admin.get(PAGE)


# --- The live test ---


def test_the_live_test_says_what_franceconnect_check_says(admin, simulator):
    page = read(admin.post(action("test")))

    assert "Tout est juste" in page
    assert "Identifiant et secret : acceptés." in page.replace("\xa0", " ")
    assert "À corriger" not in page


def test_the_live_test_says_what_to_mend(admin, simulator, settings):
    secret = "un-secret-qui-n-est-pas-le-bon-0123456789"
    settings.FRANCECONNECT = settings.FRANCECONNECT | {"client_secret": secret}

    page = read(admin.post(action("test")))

    assert "À corriger" in page
    assert "FRANCECONNECT_CLIENT_SECRET" in page
    assert secret not in page


def test_the_live_test_of_a_platform_that_is_down(admin, settings):
    settings.FRANCECONNECT = settings.FRANCECONNECT | {"issuer": "http://127.0.0.1:9/api/v2"}

    response = admin.post(action("test"))

    assert response.status_code == 200
    assert "injoignable" in read(response)


def test_the_live_test_ends_in_time(admin, simulator, monkeypatch):
    monkeypatch.setattr("franceconnect.admin.activation.ALL_EXCHANGES_SECONDS", 0.4)
    for place in ("discovery", "jwks", "token"):
        simulator.control({"at": place, "delay": 0.3, "times": None})

    started = time.monotonic()
    page = read(admin.post(action("test")))

    assert "réponse trop lente" in page
    assert time.monotonic() - started < 3


def test_the_live_test_is_limited(admin, settings):
    settings.FRANCECONNECT = settings.FRANCECONNECT | {"issuer": "http://127.0.0.1:9/api/v2"}
    answers = [admin.post(action("test")).status_code for _ in range(7)]

    assert answers == [200] * 6 + [302]
    assert admin.get(action("test")).status_code == 405


# --- Figures ---


def line(kind, *, count=1, days=0, means="FranceConnect", code=""):
    at = timezone.now() - timedelta(days=days)
    for _ in range(count):
        journal.record(kind, citizen=None, means=means, code=code, at=at)


def test_figures_are_counted_over_a_day_and_thirty(db, django_assert_num_queries):
    line(JournalKind.SIGNED_IN, count=6)
    line(JournalKind.SIGNED_IN, count=5, days=20)
    line(JournalKind.SIGNED_IN, count=9, days=31)
    line(JournalKind.SIGNED_IN, count=3, means="mot de passe")
    line(JournalKind.SIGN_IN_REFUSED, count=4, code="http_SSLError")
    line(JournalKind.SIGN_IN_REFUSED, count=2, code="discovery_500")
    line(JournalKind.SIGN_IN_REFUSED, count=9, means="mot de passe", code="wrong_password")

    with django_assert_num_queries(1):
        found = statistics.statistics()

    rows = [(row.label, row.day_words, row.month_words) for row in found.sign_ins]
    assert rows == [("FranceConnect", "6", "11"), ("mot de passe", "moins de 5", "moins de 5")]
    (refusal,) = found.refusals["FranceConnect"]
    assert (refusal.label, refusal.day, refusal.month) == ("la plateforme ne répond pas", 6, 6)
    assert list(found.refusals) == ["FranceConnect"]


def test_small_counts_are_not_on_the_page(admin):
    line(JournalKind.SIGN_IN_REFUSED, count=3, code="blocked")

    page = read(admin.get(PAGE))

    assert "accès à l’espace bloqué" in page
    assert "<td>moins de 5</td><td>moins de 5</td>" in page
    assert "<td>3</td>" not in page


def test_agents_own_sign_ins_are_not_counted(db, agent):
    journal.record(JournalKind.SIGNED_IN, citizen=None, actor=agent, means="mot de passe")

    assert statistics.statistics().sign_ins == []


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("switched_off", "suspendu par la mairie"),
        ("state_replayed", "demande expirée ou déjà utilisée"),
        ("token_invalid_client", "réglage refusé par la plateforme"),
        ("token_endpoint_500", "la plateforme ne répond pas"),
        ("http_ConnectionError", "la plateforme ne répond pas"),
        ("audience_mismatch", "réponse qui n’est pas digne de confiance"),
        ("token_not_encrypted", "réponse qui n’est pas digne de confiance"),
        ("birthdate_refused", "réponse dont l’identité n’est pas utilisable"),
        ("code_refused", "demande expirée chez FranceConnect"),
        ("another_person", "déjà rattaché à une autre identité"),
        ("what nobody knows", "autre cause"),
    ],
)
def test_every_code_has_its_words(code, words):
    assert statistics.reason_of(code) == words
