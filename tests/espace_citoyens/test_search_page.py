"""The page where agents find people, and the lists that leave the portal."""

import csv
import io
from datetime import timedelta

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts import list_exports
from accounts.models import JournalEntry, JournalKind, PersonalSpace, Provenance
from tests.accounts.agents import make_agent_with, sign_in_agent
from tests.accounts.factories import PASSWORD, make_citizen
from tests.franceconnect.test_concurrency import at_once

SEARCH = "/admin/accounts/personalspace/"
EXPORT = f"{SEARCH}liste/"
REASON = "Enquête de la CNIL numéro 12"


@pytest.fixture
def agent(db):
    return make_agent_with("accounts.view_personalspace")


@pytest.fixture
def inside(client, agent):
    return sign_in_agent(client, agent)


def look_for(client, typed):
    return client.post(SEARCH, {"recherche": typed})


def lines(kind, **fields):
    return JournalEntry.objects.filter(kind=kind, **fields)


def text_of(response) -> str:
    return " ".join(response.content.decode().replace("&nbsp;", " ").split())


def test_the_list_is_empty_until_a_search(inside, citizen):
    page = inside.get(SEARCH)
    asked_in_the_address = inside.get(SEARCH, {"q": "perrer", "recherche": "perrer"})

    for response in (page, asked_in_the_address):
        assert "Aucune liste ici" in text_of(response)
        assert citizen.space.reference not in text_of(response)
    assert not JournalEntry.objects.exists()


def test_a_person_found_is_told_apart_and_their_file_opens(inside, citizen):
    PersonalSpace.objects.update(birthplace="44109", usual_name="ROUSSET")
    citizen.is_active = False
    citizen.save()

    response = look_for(inside, "rousset 12/04/1985")

    words = ["PERRER Ines", "ROUSSET", "12 avril 1985", citizen.space.reference]
    words += ["déclarée", "accès bloqué", "code INSEE 44109", "Une personne trouvée"]
    for expected in words:
        assert expected in text_of(response)
    assert reverse("admin:accounts_personalspace_change", args=[citizen.space.pk]) in text_of(
        response
    )


def test_what_was_typed_stays_in_the_box_and_out_of_the_address(inside, citizen):
    response = look_for(inside, "perrer ines")

    assert 'value="perrer ines"' in text_of(response)
    assert response.request["QUERY_STRING"] == ""
    assert "perrer" not in response.request["PATH_INFO"]


def test_a_search_is_refused_with_its_words_kept_and_no_line(inside, citizen):
    response = look_for(inside, "pe")

    assert "trop courte" in text_of(response)
    assert 'value="pe"' in text_of(response)
    assert response.context["form"]["recherche"].errors
    assert not JournalEntry.objects.exists()


def test_nobody_found_says_what_to_try(inside, citizen):
    assert "Personne ne répond" in text_of(look_for(inside, "introuvable"))


def test_more_than_fifty_people_says_so_and_asks_for_a_date(inside):
    for _ in range(51):
        make_citizen(None)

    response = look_for(inside, "perrer")

    assert "Plus de 50 personnes répondent" in text_of(response)
    assert "Ajoutez la date de naissance" in text_of(response)
    assert lines(JournalKind.FILE_FOUND).count() == 50


def test_a_search_is_a_line_of_the_agent_without_its_words(inside, agent, citizen, stranger):
    look_for(inside, "perrer 12/04/1985")

    searched = lines(JournalKind.SEARCHED).get()
    assert (searched.actor, searched.citizen, searched.code) == (agent, None, "name+date")
    assert searched.capacity == "administration"
    for entry in JournalEntry.objects.values():
        assert "perrer" not in str(entry).lower()
        assert "1985" not in str(entry)


def activity_of(citizen) -> str:
    """What they read, in a browser of their own."""
    browser = Client()
    browser.post("/connexion/", {"login": citizen.email, "password": PASSWORD})
    return text_of(browser.get("/mon-espace/activite/"))


def test_each_person_found_reads_it_in_their_activity(inside, agent, citizen, stranger):
    look_for(inside, "perrer")

    found = lines(JournalKind.FILE_FOUND).get()
    assert (found.citizen, found.actor) == (citizen, agent)
    activity = activity_of(citizen)
    assert "Dossier trouvé par une recherche" in activity
    assert agent.agent_reference in activity


def test_the_same_search_again_is_one_line_for_the_person_and_later_another(inside, citizen):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        look_for(inside, "perrer")
        look_for(inside, "perrer")
        assert lines(JournalKind.FILE_FOUND).count() == 1
        assert lines(JournalKind.SEARCHED).count() == 2
        clock.shift(timedelta(minutes=6))
        look_for(inside, "perrer")

    assert lines(JournalKind.FILE_FOUND).count() == 2


def test_an_agent_searches_sixty_times_in_ten_minutes_and_no_more(inside, citizen, monkeypatch):
    monkeypatch.setattr("accounts.admin.search.RATE", "2/10m/key")
    for _ in range(2):
        assert look_for(inside, "perrer").status_code == 200

    response = look_for(inside, "perrer")

    assert response.status_code == 429
    assert "Attendez quelques minutes" in text_of(response)
    assert 'value="perrer"' in text_of(response)
    assert citizen.space.reference not in text_of(response)
    assert lines(JournalKind.SEARCHED).count() == 2


@pytest.mark.parametrize("right", ["accounts.view_journalentry", "accounts.export_spaces"])
def test_whoever_may_not_see_people_searches_for_none(client, citizen, right):
    sign_in_agent(client, make_agent_with(right, email="autre.agent@rivemont.example"))

    assert client.get(SEARCH).status_code == 403
    assert look_for(client, "perrer").status_code == 403


def test_a_page_of_many_people_costs_the_queries_of_one(inside):
    make_citizen(None, birthplace="44109")
    with CaptureQueriesContext(
        connection,
    ) as one:
        look_for(inside, "perrer")
    for code in range(30):
        make_citizen(None, birthplace=f"352{code:02}", birthcountry=f"991{code:02}")

    with CaptureQueriesContext(connection) as many:
        response = look_for(inside, "perrer")

    assert "31 personnes trouvées" in text_of(response)
    assert len(many) <= len(one) + 3


# Lists that leave the portal


@pytest.fixture
def officer(db):
    return make_agent_with("accounts.export_spaces", email="dpo@rivemont.example")


@pytest.fixture
def officer_inside(client, officer):
    return sign_in_agent(client, officer)


def take(client, **fields):
    return client.post(EXPORT, {"reason": REASON, "password": PASSWORD} | fields)


def rows_of(response):
    return list(csv.reader(io.StringIO(response.content.decode("utf-8-sig")), delimiter=";"))


def test_only_the_data_protection_officer_takes_a_list(inside, citizen):
    assert inside.get(EXPORT).status_code == 403
    assert take(inside).status_code == 403
    assert "Exporter une liste" not in text_of(inside.get(SEARCH))


def test_a_list_is_marked_first_last_and_in_its_name(officer_inside, officer, citizen, stranger):
    response = take(officer_inside)

    rows = rows_of(response)
    reference = lines(JournalKind.LIST_EXPORTED, citizen=None).get().reference
    assert rows[1] == list_exports.COLUMNS
    assert rows[0] == rows[-1]
    assert reference in rows[0][0]
    assert officer.agent_reference in rows[0][0]
    assert [row[1] for row in rows[2:-1]] == ["PERRER", "ROUSSET"]
    day = timezone.localdate()
    name = f"liste-{reference}-{officer.agent_reference}-{day:%Y-%m-%d}.csv"
    assert response["Content-Disposition"] == f'attachment; filename="{name}"'


def test_a_list_is_told_to_its_agent_and_to_each_of_its_people(
    officer_inside, officer, citizen, stranger
):
    take(officer_inside, created_to=timezone.localdate())

    taken = lines(JournalKind.LIST_EXPORTED)
    assert {entry.citizen for entry in taken} == {None, citizen, stranger}
    assert len({entry.reference for entry in taken}) == 1
    assert all((entry.actor, entry.reason) == (officer, REASON) for entry in taken)
    activity = activity_of(citizen)
    assert "Dossier compris dans une liste exportée" in activity
    assert REASON in activity


def test_no_cell_of_a_list_is_a_formula(officer_inside):
    make_citizen(None, city="=cmd()", phone="+33612345678", usual_name="@SOMME(A1)")

    row = rows_of(take(officer_inside))[2]

    assert "'=cmd()" in row
    assert "'@SOMME(A1)" in row
    assert "06 12 34 56 78" in row


def test_criteria_choose_who_is_in_a_list(officer_inside, citizen, stranger, db):
    old = timezone.now() - timedelta(days=900)
    PersonalSpace.objects.filter(user=stranger).update(
        created_at=old, identity_provenance=Provenance.FRANCECONNECT
    )
    today = timezone.localdate()
    last_year = today - timedelta(days=365)

    def names(**criteria):
        return [space.birth_family_name for space in list_exports.Criteria(**criteria).spaces()]

    assert names(created_from=today) == ["PERRER"]
    assert names(created_to=last_year) == ["ROUSSET"]
    assert names(identity=list_exports.CERTIFIED) == ["ROUSSET"]
    assert names(identity=list_exports.NOT_CERTIFIED) == ["PERRER"]
    assert names(unused_since=last_year) == ["ROUSSET"]
    stranger.last_login = timezone.now()
    stranger.save()
    assert names(unused_since=last_year) == []


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"reason": ""}, "Dites à quoi servira"),
        ({"reason": "court"}, "trop court"),
        ({"password": "faux"}, "n’est pas le vôtre"),
        ({"created_from": "hier"}, "n’est pas lisible"),
        ({"created_from": "2025-02-01", "created_to": "2025-01-01"}, "avant l’autre"),
        ({"created_to": "2001-01-01"}, "Personne ne répond"),
    ],
)
def test_a_list_without_what_it_needs_is_not_made(officer_inside, citizen, fields, words):
    response = take(officer_inside, **fields)

    assert words in text_of(response)
    if fields.get("reason", REASON):
        assert f'value="{fields.get("reason", REASON)}"' in text_of(response)
    assert not lines(JournalKind.LIST_EXPORTED).exists()


def test_too_long_a_list_is_refused_whole(officer_inside, citizen, stranger, monkeypatch):
    monkeypatch.setattr(list_exports, "MOST_LINES", 1)

    assert "Resserrez" in text_of(take(officer_inside))
    assert not lines(JournalKind.LIST_EXPORTED).exists()


def test_three_lists_a_day_and_no_more(officer_inside, citizen):
    for _ in range(3):
        assert take(officer_inside)["Content-Type"].startswith("text/csv")

    assert "déjà exporté 3 listes aujourd’hui" in text_of(take(officer_inside))


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_lists_taken_at_once_are_counted_one_by_one():
    make_citizen()
    officer = make_agent_with("accounts.export_spaces")

    def take_one():
        return list_exports.export(officer, list_exports.Criteria(), reason=REASON)

    results = at_once(*[take_one] * 5)

    taken = [result for result in results if isinstance(result, list_exports.ListExport)]
    assert len(taken) == 3
    assert lines(JournalKind.LIST_EXPORTED, citizen=None).count() == 3


def test_a_longer_list_costs_no_more_queries(officer_inside, citizen):
    with CaptureQueriesContext(connection) as one:
        take(officer_inside)
    for _ in range(20):
        make_citizen(None)

    with CaptureQueriesContext(connection) as many:
        take(officer_inside)

    assert len(many) <= len(one)


# A fictional population


def test_a_fictional_population_can_be_searched(inside):
    out = io.StringIO()

    call_command("peupler", 12, stdout=out)

    assert "12 / 12 (100 %)" in out.getvalue()
    assert PersonalSpace.objects.count() == 12
    somebody = PersonalSpace.objects.latest("pk")
    name = f"{somebody.birth_family_name} {somebody.first_given_name}"
    assert somebody.reference in text_of(look_for(inside, name))


def test_a_portal_of_real_people_is_never_peopled(citizen):
    with pytest.raises(CommandError, match="déjà des habitants"):
        call_command("peupler", 1, stdout=io.StringIO())

    assert PersonalSpace.objects.count() == 1
