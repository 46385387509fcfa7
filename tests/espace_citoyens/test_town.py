"""La ville: what agents type, what they see before, what everybody sees after."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import JournalEntry, JournalKind
from espace_citoyens.models import Logo, Town
from tests.accounts.agents import make_agent_with, sign_in_agent
from tests.espace_citoyens.test_logo import SMALL, png

EDIT, PREVIEW, PUBLISH, DISCARD = (
    f"/admin/espace_citoyens/town/{page}" for page in ("", "apercu/", "publication/", "abandon/")
)
CHANGE = ("espace_citoyens.view_town", "espace_citoyens.change_town")


@pytest.fixture
def editor(db):
    """An agent with the rights of this page alone."""
    return make_agent_with(*CHANGE)


@pytest.fixture
def inside(editor):
    return sign_in_agent(Client(), editor)


def typed(**values) -> dict:
    """What the page sends, changed by `values`; `messages` are the rows of the home page's."""
    rows = values.pop("messages", [])
    form = {
        "name": "Ville de Rivemont",
        "service_name": "Espace Citoyens",
        "main_colour": "#0b5a57",
        "accent_colour": "#bf7416",
        "pair": "0",
        "version": "0",
        "messages-TOTAL_FORMS": "3",
        "messages-INITIAL_FORMS": "0",
    }
    for number in range(3):
        row = rows[number] if number < len(rows) else {}
        form |= {
            f"messages-{number}-{key}": value for key, value in ({"kind": "info"} | row).items()
        }
    return form | values


def publish(client, **values):
    assert client.post(EDIT, typed(**values)).status_code == 302
    return client.post(PUBLISH)


def drawing(colour="#f00"):
    content = SMALL.format(f'<path fill="{colour}" d="M0 0h4v4z"/>').encode()
    return SimpleUploadedFile("logo.svg", content, content_type="image/svg+xml")


def test_nothing_is_published_before_it_is_seen(inside, client):
    response = inside.post(EDIT, typed(name="Rivemont-sur-Fontaine"))

    assert response["Location"] == PREVIEW
    assert not Town.objects.exists()
    assert "Rivemont-sur-Fontaine" not in client.get("/").content.decode()


def test_the_preview_is_the_home_page_of_a_visitor(inside):
    inside.post(EDIT, typed(name="Rivemont-sur-Fontaine", pair="1"))

    page = inside.get(PREVIEW).content.decode()

    assert "Rivemont-sur-Fontaine" in page
    assert "/ville/couleurs/1f3a68-a8801a/" in page
    assert "S’identifier avec" in page
    assert "Ce qui change&nbsp;: nom de la ville, couleur principale, couleur d’accent." in page


def test_a_draft_is_its_agents_alone(inside):
    inside.post(EDIT, typed(name="Rivemont-sur-Fontaine"))
    colleague = sign_in_agent(Client(), make_agent_with(*CHANGE, email="autre@rivemont.example"))

    assert colleague.get(PREVIEW)["Location"] == EDIT
    assert "Rivemont-sur-Fontaine" in inside.get(EDIT).content.decode()
    assert "Rivemont-sur-Fontaine" not in colleague.get(EDIT).content.decode()


def test_what_is_published_is_seen_at_once_and_journalled(
    inside, editor, client, django_capture_on_commit_callbacks
):
    client.get("/")

    with django_capture_on_commit_callbacks(execute=True):
        publish(inside, name="Rivemont-sur-Fontaine", opening_hours="Le lundi")

    page = client.get("/").content.decode()
    assert "Rivemont-sur-Fontaine" in page
    assert "Le lundi" in page
    line = JournalEntry.objects.get(kind=JournalKind.SETTINGS_CHANGED)
    assert (line.actor, line.citizen, line.code) == (editor, None, "town")
    assert inside.get(PREVIEW)["Location"] == EDIT


def test_a_draft_is_forgotten_when_it_is_abandoned(inside):
    inside.post(EDIT, typed(name="Rivemont-sur-Fontaine"))

    inside.post(DISCARD)

    assert "Rivemont-sur-Fontaine" not in inside.get(EDIT).content.decode()
    assert inside.post(PUBLISH)["Location"] == EDIT
    assert not Town.objects.exists()


def test_the_second_to_publish_is_told_of_the_first(inside):
    colleague = sign_in_agent(Client(), make_agent_with(*CHANGE, email="autre@rivemont.example"))
    inside.post(EDIT, typed(name="La mienne"))
    publish(colleague, name="La sienne")

    response = inside.post(PUBLISH, follow=True)

    assert "un collègue a publié une autre version" in response.content.decode()
    assert "La mienne" in response.content.decode()
    assert Town.objects.get().name == "La sienne"
    assert JournalEntry.objects.filter(kind=JournalKind.SETTINGS_CHANGED).count() == 1
    publish(inside, name="La mienne", version="1")
    assert Town.objects.get().name == "La mienne"


def test_a_logo_is_kept_from_the_form_to_the_preview_and_published(inside, client):
    inside.post(EDIT, typed(logo_file=drawing()))
    digest = Logo.objects.get().digest

    assert f"/ville/logo/{digest}/" in inside.get(PREVIEW).content.decode()
    inside.post(PUBLISH)
    page = client.get("/").content.decode()
    assert f'src="/ville/logo/{digest}/" alt="Ville de Rivemont"' in page


def test_a_sound_logo_survives_an_error_elsewhere(inside):
    response = inside.post(EDIT, typed(name="", logo_file=drawing()))

    digest = Logo.objects.get().digest
    assert f'name="logo" value="{digest}"' in response.content.decode()
    publish(inside, logo=digest)
    assert Town.objects.get().logo_id == digest


def test_a_logo_is_removed(inside):
    publish(inside, logo_file=drawing())

    publish(inside, logo=Logo.objects.get().digest, remove_logo="on", version="1")

    assert Town.objects.get().logo is None


def test_a_bad_logo_is_refused_at_its_field(inside):
    file = SimpleUploadedFile("logo.png", png(2000, 1), content_type="image/png")

    response = inside.post(EDIT, typed(logo_file=file, name="Gardé"))

    assert "2000 pixels" in response.context["form"].errors["logo_file"][0]
    assert "Gardé" in response.content.decode()
    assert not Logo.objects.exists()


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"main_colour": "#4f9fd0", "pair": ""}, "main_colour", "#2a729f"),
        ({"accent_colour": "#ffee00", "pair": ""}, "accent_colour", "il en faut 3"),
        ({"main_colour": "bleu", "pair": ""}, "main_colour", "comme #0b5a57"),
        ({"email": "mairie"}, "email", "nom@exemple.fr"),
        ({"phone": "le standard"}, "phone", "n’est pas lisible"),
        ({"name": ""}, "name", "Ce champ est vide"),
        ({"service_name": "Espace\nCitoyens"}, "service_name", "retours à la ligne"),
        ({"host": "x" * 1001}, "host", "1000"),
    ],
)
def test_an_error_is_said_at_its_field_and_nothing_typed_is_lost(inside, values, field, words):
    response = inside.post(EDIT, typed(opening_hours="Le lundi", **values))

    assert list(response.context["form"].errors) == [field]
    assert words in response.context["form"].errors[field][0]
    assert "Le lundi" in response.content.decode()
    assert inside.get(PREVIEW)["Location"] == EDIT


@pytest.mark.parametrize("written", ["1F3A68", "#1f3a68", " #1F3A68 "])
def test_a_colour_is_read_however_it_was_copied(inside, written):
    publish(inside, main_colour=written)

    assert Town.objects.get().main_colour == "#1f3a68"


def test_a_pair_chosen_now_wins_over_what_is_written(inside):
    publish(inside, pair="2", main_colour="#ffffff")

    assert Town.objects.get().main_colour == "#8c2f1b"


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({"text": "Sans titre"}, "title"),
        ({"title": "x" * 81}, "title"),
        ({"title": "A", "first_day": "2026-08-02", "last_day": "2026-08-01"}, "last_day"),
        ({"title": "A", "first_day": "demain"}, "first_day"),
        ({"title": "A", "kind": "autre"}, "kind"),
    ],
)
def test_an_error_in_a_message_is_said_at_its_field(inside, row, field):
    response = inside.post(EDIT, typed(messages=[{}, row]))

    assert list(response.context["rows"].errors[1]) == [field]
    assert "Message 2" in response.content.decode()


def test_a_message_is_shown_between_its_days(inside, client, time_machine):
    publish(
        inside,
        messages=[
            {"title": "Piscine fermée", "kind": "alert", "first_day": "2026-08-01",
             "last_day": "2026-08-03", "text": "Voir <b>mairie.example</b>"},
            {"title": "Toujours là"},
        ],
    )  # fmt: skip

    for day, is_shown in [("2026-07-31", False), ("2026-08-01", True), ("2026-08-04", False)]:
        time_machine.move_to(f"{day}T10:00:00+02:00")
        page = client.get("/").content.decode()
        assert ("Piscine fermée" in page) is is_shown
        assert "Toujours là" in page
        assert "<b>mairie" not in page


def test_the_legal_pages_mark_what_the_town_has_not_written(client, db):
    missing = "n’a pas encore rempli cette partie"

    assert client.get("/mentions-legales/").content.decode().count(missing) == 5
    assert client.get("/donnees-personnelles/").content.decode().count(missing) == 1


def test_the_legal_pages_say_what_the_town_wrote(inside, client):
    publish(
        inside,
        host="Hébergeur de Rivemont\n2 rue du Serveur",
        publication_director="La maire de Rivemont",
        address="1 place",
        phone="02 99 00 10 00",
        accessibility_contact="acces@rivemont.example",
        data_protection_contact="dpo@rivemont.example",
        legal_notice="Photos : la ville.\n\n<script>alert(1)</script>",
    )

    legal = client.get("/mentions-legales/").content.decode()
    assert "n’a pas encore rempli cette partie" not in legal
    assert "Hébergeur de Rivemont<br>2 rue du Serveur" in legal
    assert "<script>alert" not in legal
    assert "dpo@rivemont.example" in client.get("/donnees-personnelles/").content.decode()
    assert 'href="/mentions-legales/"' in client.get("/").content.decode()


def test_whoever_may_only_look_changes_nothing(db):
    client = sign_in_agent(Client(), make_agent_with("espace_citoyens.view_town"))

    page = client.get(EDIT)

    assert page.status_code == 200
    assert "Prévisualiser" not in page.content.decode()
    assert client.post(EDIT, typed()).status_code == 403
    assert client.get(PREVIEW).status_code == 403
    assert client.post(PUBLISH).status_code == 403
    assert client.post(DISCARD).status_code == 403
    assert not Town.objects.exists()


def test_another_agent_sees_nothing_of_it(db):
    client = sign_in_agent(Client(), make_agent_with("accounts.view_personalspace"))

    assert [client.get(page).status_code for page in (EDIT, PREVIEW)] == [403, 403]


def test_a_get_publishes_and_abandons_nothing(inside):
    inside.post(EDIT, typed())

    assert inside.get(PUBLISH).status_code == 405
    assert inside.get(DISCARD).status_code == 405
    assert inside.get(PREVIEW).status_code == 200
    assert not Town.objects.exists()


def test_the_identity_costs_no_query_once_cached(inside, client):
    publish(inside, logo_file=drawing(), pair="1", messages=[{"title": "Bonjour"}])
    client.get("/")

    with CaptureQueriesContext(
        connection,
    ) as queries:
        client.get("/")

    assert not [query for query in queries if "espace_citoyens" in query["sql"]]


def test_the_page_costs_few_queries(inside, django_assert_max_num_queries):
    publish(inside, logo_file=drawing())

    with django_assert_max_num_queries(9):
        inside.get(reverse("admin:espace_citoyens_town_changelist"))


def test_what_was_not_touched_is_no_change(inside):
    Town.objects.create(name="Ville de Rivemont", address="1 place\n44999 Rivemont")

    inside.post(EDIT, typed(address="1 place\r\n44999 Rivemont"))

    assert "Ce brouillon ne change rien" in inside.get(PREVIEW).content.decode()
