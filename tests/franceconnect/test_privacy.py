"""What FranceConnect left of a person: given to them, gone with them, forgotten in time."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.utils import timezone

from accounts import erasure, exports
from accounts.models import PersonalSpace, User
from franceconnect.models import EndCause, Link
from tests.accounts import schema
from tests.accounts.factories import make_citizen
from tests.accounts.test_deletion import everything_stored
from tests.accounts.test_export import SCHEMA, data_of, files_of
from tests.franceconnect.fixtures import Traveller
from tests.franceconnect.test_concurrency import pending

KEEP = "/mon-espace/suppression-demandee/"


@pytest.fixture
def linked(db):
    """Ines, with an active link and one that ended."""
    citizen = make_citizen()
    fields = {"issuer": pending().issuer, "citizen": citizen, "level": "eidas1"}
    now = timezone.now()
    Link.objects.create(
        **fields,
        sub="the-former-sub",
        created_at=now - timedelta(days=2),
        ended_at=now - timedelta(days=1),
        end_cause=EndCause.CITIZEN,
    )
    Link.objects.create(**fields, sub="the-sub")
    return citizen


def test_the_copy_holds_every_link_as_the_schema_says(linked):
    data = data_of(linked)

    assert list(schema.problems(data, SCHEMA, root=SCHEMA)) == []
    assert [link["technical_identifier"] for link in data["franceconnect"]] == [
        "the-sub",
        "the-former-sub",
    ]
    assert data["franceconnect"][1]["end_label"] == "dissocié par le citoyen"


def test_the_technical_identifier_is_not_in_the_page_that_is_printed(linked):
    page = files_of(exports.make_archive(linked))["donnees.html"]

    assert "the-sub" not in page
    assert "the-former-sub" not in page
    assert "identifiant technique" in page


def test_the_links_of_another_are_not_in_the_copy(linked, stranger):
    assert data_of(stranger)["franceconnect"] == []


def test_erasing_takes_the_links_and_the_undecided_return_of_the_same_person(linked, client):
    """Ines also came back from FranceConnect in a browser where she has decided nothing yet."""
    session = client.session
    session["franceconnect_pending_identity"] = {"issuer": pending().issuer, "sub": "the-sub"}
    session.save()
    other = Traveller(None).client.session
    other["franceconnect_pending_identity"] = {"issuer": pending().issuer, "sub": "another"}
    other.save()

    erasure.erase([linked], erasure.AS_ASKED)

    assert not Link.objects.exists()
    left = json.dumps([row.get_decoded() for row in Session.objects.all()])
    assert "the-sub" not in left
    assert "another" in left


def test_no_table_and_no_cache_holds_the_technical_identifier_any_more(traveller, link_of):
    citizen = make_citizen(None)
    sub = link_of(citizen).sub
    traveller.go()
    Traveller(traveller.simulator).go()
    exports.ask_export(citizen)
    assert sub in everything_stored()

    erasure.erase([User.objects.get(pk=citizen.pk)], erasure.AS_ASKED)

    assert sub not in everything_stored()


def test_ended_links_go_after_twelve_months_and_active_ones_stay(linked):
    ended = Link.objects.get(sub="the-former-sub")
    long_ago = timezone.now() - timedelta(days=400)
    Link.objects.update(created_at=long_ago)
    Link.objects.filter(pk=ended.pk).update(ended_at=timezone.now() - timedelta(days=360))
    call_command("purge", execute=True, stdout=StringIO())
    assert Link.objects.count() == 2

    Link.objects.filter(pk=ended.pk).update(ended_at=timezone.now() - timedelta(days=368))
    call_command("purge", execute=True, stdout=StringIO())

    assert [link.sub for link in Link.objects.all()] == ["the-sub"]


def test_a_sign_in_by_franceconnect_is_a_use_of_the_space(traveller, link_of):
    citizen = make_citizen(None)
    link_of(citizen)
    User.objects.update(last_login=timezone.now() - timedelta(days=900))

    traveller.go()

    citizen.refresh_from_db()
    assert citizen.last_login > timezone.now() - timedelta(minutes=1)


def test_signing_in_by_franceconnect_during_the_delay_leads_to_the_choice(traveller, link_of):
    citizen = make_citizen(None)
    link_of(citizen)
    PersonalSpace.objects.update(deletion_asked_at=timezone.now())

    response = traveller.go()

    assert traveller.client.get(response["Location"])["Location"] == KEEP
    for page in ("/franceconnect/dissocier/", "/franceconnect/certifier/"):
        assert traveller.client.get(page)["Location"] == KEEP
    traveller.client.post(KEEP)
    assert PersonalSpace.objects.get().deletion_asked_at is None


def test_after_the_erasure_franceconnect_opens_a_new_space_as_the_first_time(traveller, link_of):
    citizen = make_citizen(None)
    link_of(citizen)
    erasure.erase([citizen], erasure.AS_ASKED)

    response = traveller.go()

    assert response["Location"] == "/franceconnect/premiere-connexion/"
