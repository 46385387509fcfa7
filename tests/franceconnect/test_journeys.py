"""What each row of the decision table does to people, spaces, links, sessions, mail, journal."""

import datetime
import time
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.contrib.messages import get_messages
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from accounts import services
from accounts.models import JournalEntry, JournalKind, PersonalSpace, Provenance, User
from franceconnect import linking
from franceconnect.exceptions import UnknownState
from franceconnect.identity import PivotIdentity
from franceconnect.linking import REFUSALS, Decision
from franceconnect.models import EndCause, Link
from franceconnect.services import session_level
from tests.accounts.agents import sign_in_agent
from tests.accounts.factories import PASSWORD, make_citizen

FIRST_TIME = reverse("franceconnect:first_time")
LINK = reverse("franceconnect:link")
UNLINK = reverse("franceconnect:unlink")
PROFILE = "/mon-espace/profil/"


def kinds(citizen):
    return list(JournalEntry.objects.filter(citizen=citizen).values_list("kind", flat=True))


def sign_in(client, email="ines.perrer@rivemont.example", **form):
    response = client.post("/connexion/", {"login": email, "password": PASSWORD} | form)
    assert response.status_code == 302, response.content.decode()
    return response


def prove_again(client):
    response = client.post("/confirmation-identite/", {"password": PASSWORD, "next": PROFILE})
    assert response.status_code == 302, response.content.decode()


def assert_refused(response, decision):
    assert response.status_code == 403
    assert escape(REFUSALS[decision]) in response.content.decode()
    assert JournalEntry.objects.first().code == decision.value


# --- Row 1 ---


def test_row_1_a_linked_person_is_signed_in(traveller, link_of, citizen):
    link = link_of(citizen)
    traveller.client.get("/connexion/")

    response = traveller.go()

    link.refresh_from_db()
    assert response["Location"] == "/mon-espace/"
    assert traveller.user_id == citizen.pk
    assert kinds(citizen) == [JournalKind.SIGNED_IN, JournalKind.IDENTITY_REFRESHED]
    assert timezone.now() - link.last_used_at < datetime.timedelta(seconds=10)


def test_row_1_the_session_key_changes(traveller, link_of, citizen):
    link_of(citizen)
    authorize_url = traveller.leave()
    before = traveller.client.session.session_key

    traveller.come_back(traveller.identify(authorize_url))

    assert traveller.client.session.session_key != before


def test_row_1_refreshes_the_certified_identity_and_not_the_contact(traveller, link_of):
    citizen = make_citizen(birth_family_name="PÉRRER", contact_email="choisie@rivemont.example")
    link_of(citizen)

    traveller.go()

    space = PersonalSpace.objects.get(user=citizen)
    assert space.birth_family_name == "PERRER"
    assert space.birthplace == "44109"
    assert space.identity_provenance == Provenance.FRANCECONNECT
    assert space.contact_email == "choisie@rivemont.example"


def test_row_1_journals_a_refresh_only_when_a_datum_changed(traveller, link_of, citizen):
    link_of(citizen)
    traveller.go()
    traveller.go()

    assert kinds(citizen).count(JournalKind.IDENTITY_REFRESHED) == 1
    assert kinds(citizen).count(JournalKind.SIGNED_IN) == 2


def test_a_usual_name_that_franceconnect_does_not_know_is_kept(traveller, link_of):
    citizen = make_citizen(usual_name="DUMAS")
    link_of(citizen)

    traveller.go()

    citizen.space.refresh_from_db()
    assert citizen.space.usual_name == "DUMAS"
    assert not citizen.space.usual_name_is_certified


def statements(queries):
    """Without the savepoints that a test adds by running in a transaction."""
    return [query["sql"] for query in queries if "SAVEPOINT" not in query["sql"]]


def test_the_callback_of_a_known_person_costs_fifteen_statements(traveller, link_of, citizen):
    link_of(citizen)
    traveller.go()
    traveller.client.logout()
    callback = traveller.identify(traveller.leave())

    with CaptureQueriesContext(connection) as queries:
        traveller.come_back(callback)

    assert len(statements(queries)) == 15, statements(queries)


@pytest.mark.parametrize(("page", "number"), [("/", 3), ("/mon-espace/", 4), (PROFILE, 3)])
def test_the_queries_of_each_page_are_counted(traveller, link_of, citizen, page, number):
    link_of(citizen)
    traveller.go()
    traveller.client.get(page)

    with CaptureQueriesContext(connection) as queries:
        traveller.client.get(page)

    assert len(queries) == number, statements(queries)


def test_the_home_page_of_a_visitor_reads_no_table(client, db):
    client.get("/")

    with CaptureQueriesContext(connection) as queries:
        client.get("/")

    assert not list(queries)


# --- Rows 2 to 4 ---


def test_row_2_a_blocked_person_is_refused_with_a_reference(traveller, link_of, citizen):
    link_of(citizen)
    User.objects.filter(pk=citizen.pk).update(is_active=False)

    response = traveller.go()

    assert_refused(response, Decision.REFUSE_BLOCKED)
    assert traveller.user_id is None
    assert kinds(citizen) == [JournalKind.SIGN_IN_REFUSED]
    assert JournalEntry.objects.get().reference in response.content.decode()


def test_row_2_sign_out_of_franceconnect_is_offered(traveller, link_of, citizen):
    link_of(citizen)
    User.objects.filter(pk=citizen.pk).update(is_active=False)
    traveller.go()

    response = traveller.client.post("/deconnexion/")

    assert response["Location"].startswith(f"{traveller.simulator.issuer}/session/end?")


def test_row_3_a_person_who_became_an_agent_is_refused(traveller, link_of, citizen):
    link_of(citizen)
    User.objects.filter(pk=citizen.pk).update(is_staff=True)

    assert_refused(traveller.go(), Decision.REFUSE_AGENT)
    assert traveller.user_id is None


def test_row_4_an_ended_link_says_when(traveller, link_of, citizen):
    ended = datetime.datetime(2026, 11, 3, 12, tzinfo=datetime.UTC)
    link_of(
        citizen,
        created_at=ended - datetime.timedelta(days=9),
        ended_at=ended,
        end_cause=EndCause.CITIZEN,
    )

    response = traveller.go()
    page = traveller.client.get(response["Location"])

    assert response["Location"] == FIRST_TIME
    assert page.context["ended_at"] == ended
    assert traveller.user_id is None


# --- Rows 5, 6 and 18 ---


def test_row_5_nothing_is_written_before_the_person_decides(traveller):
    response = traveller.go()
    page = traveller.client.get(FIRST_TIME)

    assert response["Location"] == FIRST_TIME
    assert page.context["form"]["contact_email"].value() == "ines.franceconnect@rivemont.example"
    assert not User.objects.exists()
    assert not Link.objects.exists()
    assert traveller.user_id is None


def test_row_5_a_space_is_created_without_a_password(traveller):
    traveller.go()

    response = traveller.client.post(FIRST_TIME, {"contact_email": "a.ines@rivemont.example"})

    citizen = User.objects.get()
    assert response["Location"] == "/mon-espace/"
    assert traveller.user_id == citizen.pk
    assert citizen.email is None
    assert not citizen.has_usable_password()
    assert citizen.space.contact_email == "a.ines@rivemont.example"
    assert citizen.space.given_names == ["Ines"]
    assert citizen.space.identity_provenance == Provenance.FRANCECONNECT
    assert citizen.franceconnect_links.active().count() == 1
    assert set(kinds(citizen)) == {
        JournalKind.SPACE_CREATED,
        JournalKind.LINKED,
        JournalKind.SIGNED_IN,
    }


def test_row_5_the_next_sign_in_finds_the_space(traveller, another_traveller):
    traveller.go()
    traveller.client.post(FIRST_TIME, {"contact_email": "a.ines@rivemont.example"})

    another_traveller.go()

    assert another_traveller.user_id == User.objects.get().pk


def test_row_5_a_bad_contact_email_is_said_at_its_field_and_loses_nothing(traveller):
    traveller.go()

    response = traveller.client.post(FIRST_TIME, {"contact_email": "pas une adresse"})

    assert response.status_code == 200
    assert "contact_email" in response.context["form"].errors
    assert not User.objects.exists()
    assert (
        traveller.client.post(FIRST_TIME, {"contact_email": "a.ines@rivemont.example"})["Location"]
        == "/mon-espace/"
    )


def test_row_5_a_double_click_makes_one_space(traveller):
    traveller.go()
    session = dict(traveller.client.session)
    traveller.client.post(FIRST_TIME, {"contact_email": "a.ines@rivemont.example"})
    traveller.client.logout()
    again = traveller.client.session
    again.update({"franceconnect_pending_identity": session["franceconnect_pending_identity"]})
    again.save()

    response = traveller.client.post(FIRST_TIME, {"contact_email": "a.ines@rivemont.example"})

    assert response.status_code == 403
    assert User.objects.count() == PersonalSpace.objects.count() == Link.objects.count() == 1


def test_row_5_a_pending_identity_is_of_this_browser_for_ten_minutes(traveller, client):
    traveller.go()

    with time_machine.travel(time.time() + 601):
        late = traveller.client.post(FIRST_TIME, {"contact_email": "a@rivemont.example"})
    elsewhere = client.post(FIRST_TIME, {"contact_email": "a@rivemont.example"})

    assert late.status_code == elsewhere.status_code == 400
    assert not User.objects.exists()


def test_row_6_the_page_says_the_same_when_the_email_is_somebodys_login(
    traveller, another_traveller
):
    make_citizen("ines.franceconnect@rivemont.example", birth_family_name="AUTRE")
    traveller.go()
    with_owner = traveller.client.get(FIRST_TIME)
    User.objects.all().delete()
    another_traveller.go()
    without_owner = another_traveller.client.get(FIRST_TIME)

    assert without_csrf(with_owner) == without_csrf(without_owner)


def without_csrf(response):
    text = response.content.decode()
    return "".join(
        part.split('"', 1)[-1] for part in text.split('name="csrfmiddlewaretoken" value="')
    )


def test_row_6_nobody_is_linked_on_an_email(traveller):
    owner = make_citizen("ines.franceconnect@rivemont.example")

    traveller.go()
    traveller.client.post(FIRST_TIME, {"contact_email": "ines.franceconnect@rivemont.example"})

    assert traveller.user_id != owner.pk
    assert not owner.franceconnect_links.exists()


@pytest.mark.parametrize("email", [None, "", "pas une adresse"])
def test_row_18_a_missing_email_does_not_stop_anybody(traveller, email):
    change = {"remove": ["email"]} if email is None else {"claims": {"email": email}}
    callback = traveller.identify(traveller.leave())
    traveller.simulator.control({"at": "userinfo_token", **change})

    response = traveller.come_back(callback)

    page = traveller.client.get(response["Location"])
    created = traveller.client.post(FIRST_TIME, {"contact_email": ""})
    assert page.context["form"]["contact_email"].value() == ""
    assert created["Location"] == "/mon-espace/"
    assert PersonalSpace.objects.get().contact_email == ""


@pytest.mark.parametrize(
    "login",
    [
        "test",
        "carac_speciaux",
        "genre_indéfini",
        "moins_16_ans",
        "naissance_Algérie",
        "étranger_présumé_né_jour_et_mois",
        "prénom_composé_avec_espace",
        "TestMESFC05",
        "nom_50+_caractères",
    ],
)
def test_every_kind_of_person_opens_a_space_and_sees_it(traveller, login):
    traveller.go(login)

    traveller.client.post(FIRST_TIME, {"contact_email": "a@rivemont.example"})

    space = PersonalSpace.objects.get()
    for page in ("/mon-espace/", PROFILE, "/mon-espace/profil/modifier/"):
        response = traveller.client.get(page)
        assert response.status_code == 200
    assert escape(space.birth_family_name) in traveller.client.get(PROFILE).content.decode()


# --- Row 5, "J'ai déjà un espace personnel" ---


def test_an_existing_space_is_linked_after_its_password(traveller, citizen, mails):
    traveller.go()

    response = sign_in(traveller.client, next=claim(traveller.client))
    comparison = traveller.client.get(response["Location"], follow=True)
    assert not citizen.franceconnect_links.exists()
    response = traveller.client.post(LINK)

    assert comparison.context["pending"].identity.family_name == "PERRER"
    assert response["Location"] == "/mon-espace/"
    assert citizen.franceconnect_links.active().count() == 1
    assert traveller.user_id == citizen.pk
    assert [mail.to for mail in mails()] == [[citizen.email]]


def claim(client) -> str:
    """Press "J'ai déjà un espace personnel"; where the sign-in page leads back to."""
    response = client.post(FIRST_TIME, {"existing": "1"})
    return parse_qs(urlsplit(response["Location"]).query)["next"][0]


def assert_sees_nothing_of_ines(client):
    for page in (LINK, FIRST_TIME, reverse("franceconnect:switch")):
        assert "PERRER" not in client.get(page, follow=True).content.decode()
    client.post(LINK, {"same_person": "on"})
    assert not Link.objects.exists()


def test_whoever_signs_in_next_on_a_shared_computer_gets_nothing(traveller, stranger):
    traveller.go()
    sign_in(traveller.client, stranger.email)

    assert_sees_nothing_of_ines(traveller.client)


def test_nor_after_a_claim_that_was_left_there(traveller, stranger):
    traveller.go()
    claim(traveller.client)
    sign_in(traveller.client, stranger.email)

    assert_sees_nothing_of_ines(traveller.client)
    traveller.client.get(LINK, {"reprise": "forged"})
    assert_sees_nothing_of_ines(traveller.client)


def test_a_claim_serves_once(traveller, citizen, stranger):
    traveller.go()
    back = claim(traveller.client)
    sign_in(traveller.client, next=back)
    traveller.client.get(back)
    session = traveller.client.session["franceconnect_pending_identity"]

    assert (session["user_id"], session["claim"]) == (citizen.pk, "")


def test_turning_away_from_the_first_connection_leaves_nothing(traveller):
    traveller.go()

    response = traveller.client.post("/deconnexion/")

    assert response["Location"].startswith(f"{traveller.simulator.issuer}/session/end?")
    assert traveller.client.get(FIRST_TIME)["Location"] == "/"
    assert "franceconnect_pending_identity" not in traveller.client.session


def test_a_sign_up_left_open_does_not_take_over_the_session(traveller, link_of, citizen, client):
    link_of(citizen)
    traveller.client.get("/inscription/")
    session = traveller.client.session
    session["account_login"] = {"left": "open"}
    session.save()

    traveller.go()

    assert "account_login" not in traveller.client.session


# --- Rows 10 to 13 ---


def test_row_10_linking_shows_both_identities_then_ties_them(traveller, citizen, mails):
    sign_in(traveller.client)

    response = traveller.go(intent="link", next=PROFILE)
    assert response["Location"] == LINK
    traveller.client.get(LINK)
    assert not Link.objects.exists()
    traveller.client.post(LINK)

    link = Link.objects.get()
    citizen.space.refresh_from_db()
    assert (link.citizen, link.level, link.has_strong_mismatch) == (citizen, "eidas1", False)
    assert citizen.space.identity_provenance == Provenance.FRANCECONNECT
    assert citizen.space.street == "10 avenue Victor Hugo"
    assert JournalKind.LINKED in kinds(citizen)
    assert len(mails()) == 1
    assert "PERRER" not in mails()[0].subject


def test_row_10_a_strong_mismatch_needs_a_tick_and_is_remembered(traveller):
    citizen = make_citizen(birth_family_name="DURAND")
    sign_in(traveller.client)
    traveller.go(intent="link")

    without = traveller.client.post(LINK)
    assert "same_person" in without.context["form"].errors
    assert not Link.objects.exists()
    traveller.client.post(LINK, {"same_person": "on"})

    assert Link.objects.get().has_strong_mismatch
    citizen.space.refresh_from_db()
    assert citizen.space.birth_family_name == "PERRER"


def test_row_10_needs_a_proof_under_ten_minutes_old(traveller, citizen):
    sign_in(traveller.client)

    with time_machine.travel(time.time() + 601):
        page = traveller.client.get(LINK)
        start = traveller.client.post(reverse("franceconnect:start"), {"intent": "link"})

    assert page["Location"].startswith("/confirmation-identite/")
    assert start["Location"].startswith("/confirmation-identite/")


def test_row_10_can_be_given_up(traveller, citizen):
    sign_in(traveller.client)
    traveller.go(intent="link")

    response = traveller.client.post(LINK, {"cancel": "1"})

    assert response["Location"].startswith(f"{traveller.simulator.issuer}/session/end?")
    assert traveller.follow_sign_out(response["Location"])["Location"] == PROFILE
    assert not Link.objects.exists()
    assert traveller.client.post(LINK).status_code == 400


def test_row_10_goes_nowhere_when_somebody_else_signed_in_meanwhile(traveller, citizen, stranger):
    sign_in(traveller.client)
    callback = traveller.identify(traveller.leave(intent="link"))
    traveller.client.force_login(stranger)

    response = traveller.come_back(callback)

    assert response["Location"] == "/mon-espace/"
    assert not Link.objects.exists()
    assert traveller.user_id == stranger.pk


def test_row_10_is_refused_when_the_person_was_blocked_meanwhile(traveller, citizen):
    sign_in(traveller.client)
    callback = traveller.identify(traveller.leave(intent="link"))
    User.objects.filter(pk=citizen.pk).update(is_active=False)

    response = traveller.come_back(callback)

    assert response.status_code == 400
    assert JournalEntry.objects.latest("pk").code == "session_changed"
    assert "franceconnect_pending_identity" not in traveller.client.session


def test_row_11_already_linked_changes_nothing(traveller, link_of, citizen):
    link_of(citizen)
    sign_in(traveller.client)

    response = traveller.go(intent="link")

    assert response["Location"] == PROFILE
    assert "déjà certifié" in str(list(get_messages(response.wsgi_request))[-1])
    assert Link.objects.count() == 1


def test_row_12_a_sub_linked_elsewhere_is_refused_and_shows_nothing(
    traveller, link_of, citizen, stranger
):
    link_of(stranger)
    sign_in(traveller.client)

    response = traveller.go(intent="link")

    assert_refused(response, Decision.REFUSE_LINKED_ELSEWHERE)
    assert "ROUSSET" not in response.content.decode()
    assert "autre@rivemont.example" not in response.content.decode()
    assert traveller.user_id == citizen.pk
    assert not kinds(stranger)
    assert not citizen.franceconnect_links.exists()


def test_row_13_one_space_one_person(traveller, link_of, citizen):
    link_of(citizen, "test")
    sign_in(traveller.client)

    response = traveller.go("ines", intent="link")

    assert_refused(response, Decision.REFUSE_SPACE_HAS_ANOTHER)
    assert citizen.franceconnect_links.active().count() == 1


def test_the_table_is_read_again_when_the_link_is_confirmed(traveller, link_of, citizen, stranger):
    """Between the comparison and the confirmation, another browser linked the same person."""
    sign_in(traveller.client)
    traveller.go(intent="link")
    link_of(stranger)

    response = traveller.client.post(LINK)

    assert_refused(response, Decision.REFUSE_LINKED_ELSEWHERE)
    assert not citizen.franceconnect_links.exists()


# --- Rows 14 to 16 ---


@pytest.fixture
def two_people(traveller, link_of, citizen, stranger):
    """B (Ines) signed in with her password; the stranger comes back from FranceConnect."""
    link_of(stranger)
    callback = traveller.identify(traveller.leave())
    sign_in(traveller.client)
    return traveller.come_back(callback)


def test_row_14_never_switches_silently(two_people, traveller, citizen):
    assert two_people["Location"] == reverse("franceconnect:switch")
    assert traveller.client.get(two_people["Location"]).status_code == 200
    assert traveller.user_id == citizen.pk


def test_row_14_can_be_declined(two_people, traveller, citizen):
    traveller.client.post(two_people["Location"], {"stay": "1"})

    assert traveller.user_id == citizen.pk
    assert "franceconnect_pending_identity" not in traveller.client.session


def test_row_14_needs_a_person_who_waits(traveller, client, citizen):
    sign_in(traveller.client)
    switch = reverse("franceconnect:switch")

    assert traveller.client.get(switch)["Location"] == "/"
    assert traveller.client.post(switch, {"continue": "1"}).status_code == 400
    assert client.get(switch)["Location"].startswith("/connexion/")
    assert traveller.user_id == citizen.pk


def test_row_14_is_refused_when_the_other_was_blocked_meanwhile(
    two_people, traveller, citizen, stranger
):
    User.objects.filter(pk=stranger.pk).update(is_active=False)

    response = traveller.client.post(two_people["Location"], {"continue": "1"})

    assert response.status_code == 400
    assert traveller.user_id == citizen.pk


def test_row_14_can_be_accepted(two_people, traveller, stranger):
    before = traveller.client.session.session_key

    traveller.client.post(two_people["Location"], {"continue": "1"})

    assert traveller.user_id == stranger.pk
    assert traveller.client.session.session_key != before
    signed_out = traveller.client.post("/deconnexion/")
    assert signed_out["Location"].startswith(f"{traveller.simulator.issuer}/session/end?")


def test_row_15_an_agent_never_passes(traveller, agent):
    sign_in_agent(traveller.client, agent)

    assert_refused(traveller.go(), Decision.REFUSE_AGENT)
    assert not Link.objects.exists()


def test_row_16_a_fresh_proof_by_the_same_person(traveller, link_of, citizen):
    link_of(citizen)
    sign_in(traveller.client)

    response = traveller.go(intent="reauthenticate", next=UNLINK)

    assert response["Location"] == UNLINK
    assert traveller.client.get(UNLINK).status_code == 200


def test_row_16_another_person_proves_nothing(traveller, link_of, citizen, stranger):
    link_of(stranger)
    sign_in(traveller.client)

    response = traveller.go(intent="reauthenticate", next=UNLINK)

    assert_refused(response, Decision.REFUSE_ANOTHER_PERSON)
    assert traveller.user_id == citizen.pk
    assert traveller.client.get(UNLINK)["Location"].startswith("/confirmation-identite/")


# --- Rows U1 and U2 ---


def test_u1_asks_for_a_fresh_proof_even_just_after_sign_in(traveller, link_of, citizen):
    link_of(citizen)
    sign_in(traveller.client)

    response = traveller.client.post(UNLINK)

    assert response["Location"].startswith("/confirmation-identite/")
    assert Link.objects.active().exists()


def test_u1_unlinks(traveller, link_of, citizen, mails):
    link_of(citizen)
    traveller.go()
    prove_again(traveller.client)

    assert traveller.client.get(UNLINK).status_code == 200
    assert Link.objects.active().exists()
    response = traveller.client.post(UNLINK)

    link, space = Link.objects.get(), PersonalSpace.objects.get()
    assert response["Location"].startswith(f"{traveller.simulator.issuer}/session/end?")
    assert (link.end_cause, bool(link.ended_at)) == (EndCause.CITIZEN, True)
    assert space.identity_provenance == Provenance.DECLARED
    assert space.identity_certified_until is not None
    assert space.birth_family_name == "PERRER"
    assert traveller.client.get(PROFILE).status_code == 200
    assert kinds(citizen)[0] == JournalKind.UNLINKED
    assert mails()[-1].to == [citizen.email]


@pytest.mark.parametrize(
    ("name", "provenance"), [("PERRER", Provenance.COUNTER), ("AUTRE", Provenance.DECLARED)]
)
def test_u1_data_checked_at_the_counter_stay_so_unless_changed(traveller, name, provenance):
    checked = timezone.now() - datetime.timedelta(days=30)
    citizen = make_citizen(
        birth_family_name=name,
        gender="female",
        birthplace="44109",
        birthcountry="99100",
        identity_provenance=Provenance.COUNTER,
        identity_checked_at=checked,
    )
    sign_in(traveller.client)
    traveller.go(intent="link")
    traveller.client.post(LINK, {"same_person": "on"})
    citizen.space.refresh_from_db()
    assert citizen.space.identity_provenance == Provenance.FRANCECONNECT
    prove_again(traveller.client)

    traveller.client.post(UNLINK)

    citizen.space.refresh_from_db()
    assert citizen.space.identity_provenance == provenance
    assert (citizen.space.identity_provenance_at == checked) == (provenance == Provenance.COUNTER)


def test_a_declared_name_changed_after_unlinking_was_never_certified(traveller, citizen):
    sign_in(traveller.client)
    traveller.go(intent="link")
    traveller.client.post(LINK)
    prove_again(traveller.client)
    traveller.client.post(UNLINK)

    services.update_space(citizen.space, {"birth_family_name": "AUTRE"})

    citizen.space.refresh_from_db()
    assert citizen.space.identity_certified_until is None


def test_a_sign_in_that_meets_an_unlink_certifies_nothing(link_of, citizen):
    link = link_of(citizen)
    identity = PivotIdentity("PERRER", ("Ines",), "", "female", "1985-04-12", "", "", "")
    linking.apply_unlink(citizen, link.issuer)

    with pytest.raises(UnknownState):
        linking.apply_sign_in(link, acr="eidas1", identity=identity)

    citizen.space.refresh_from_db()
    assert citizen.space.identity_provenance == Provenance.DECLARED


def test_u2_a_refused_unlink_forgets_nothing(traveller, link_of):
    link_of(make_citizen(None))
    traveller.go()
    traveller.go(intent="reauthenticate", next=UNLINK)

    assert traveller.client.post(UNLINK).status_code == 403
    assert traveller.client.post("/deconnexion/")["Location"].startswith(traveller.simulator.issuer)


def test_a_fresh_proof_asks_who_is_there_even_during_single_sign_on(traveller, link_of, citizen):
    link_of(citizen)
    traveller.go()

    page = traveller.abroad.get(traveller.leave(intent="reauthenticate", next=UNLINK), timeout=10)

    assert "/consent" not in page.url


def test_a_blocked_person_loses_the_session_at_once(traveller, link_of, citizen):
    link_of(citizen)
    traveller.go()
    User.objects.filter(pk=citizen.pk).update(is_active=False)

    assert traveller.client.get(PROFILE)["Location"].startswith("/connexion/")


def test_a_refusal_is_in_the_journal_of_who_was_there(traveller, link_of, citizen, stranger):
    sign_in(traveller.client)
    traveller.go(intent="link")
    link_of(stranger)
    traveller.client.post(LINK)

    assert JournalKind.SIGN_IN_REFUSED in kinds(citizen)
    assert not kinds(stranger)


def test_a_link_confirmed_in_another_tab_says_so(traveller, citizen):
    sign_in(traveller.client)
    traveller.go(intent="link")
    traveller.client.post(LINK)

    assert traveller.client.post(LINK)["Location"] == PROFILE


@pytest.mark.parametrize("name", ["foo", "?x", "#", "admin", "account_logout", "mon-espace"])
def test_a_name_is_no_page_to_come_back_to(traveller, link_of, citizen, name):
    link_of(citizen)

    assert traveller.go(next=name)["Location"] == "/mon-espace/"


def test_the_level_is_the_sessions_own(traveller, link_of, citizen, rf):
    link_of(citizen)
    request = rf.get("/")
    sign_in(traveller.client)
    request.session, request.user = traveller.client.session, citizen
    assert session_level(request) is None

    traveller.client.post("/deconnexion/")
    traveller.go()
    request.session = traveller.client.session
    assert session_level(request) == "eidas1"


def test_u1_other_sessions_end(traveller, another_traveller, link_of, citizen):
    link_of(citizen)
    another_traveller.go()
    assert another_traveller.client.get(PROFILE).status_code == 200
    sign_in(traveller.client)
    prove_again(traveller.client)

    traveller.client.post(UNLINK)

    assert traveller.client.get(PROFILE).status_code == 200
    assert another_traveller.client.get(PROFILE)["Location"].startswith("/connexion/")


def test_u1_a_later_sign_in_finds_an_ended_link(traveller, another_traveller, link_of, citizen):
    link_of(citizen)
    sign_in(traveller.client)
    prove_again(traveller.client)
    traveller.client.post(UNLINK)

    assert another_traveller.go()["Location"] == FIRST_TIME


def test_u2_the_only_way_in_is_not_removed(traveller, link_of):
    link_of(make_citizen(None))
    traveller.go()
    traveller.go(intent="reauthenticate", next=UNLINK)

    page = traveller.client.get(UNLINK)
    response = traveller.client.post(UNLINK)

    assert page.status_code == 200
    assert response.status_code == 403
    assert Link.objects.active().exists()


def test_a_person_without_a_password_asks_for_deletion_and_leaves_franceconnect(
    traveller, link_of, mails
):
    link_of(make_citizen(None, contact_email="ines@rivemont.example"))
    traveller.go()
    assert traveller.client.get("/mon-espace/supprimer/")["Location"].startswith(
        "/confirmation-identite/"
    )
    traveller.go(intent="reauthenticate", next="/mon-espace/supprimer/")

    response = traveller.client.post("/mon-espace/supprimer/", {"confirm": "on"})

    assert response["Location"].startswith(f"{traveller.simulator.issuer}/session/end?")
    assert traveller.user_id is None
    assert PersonalSpace.objects.get().deletion_asked_at is not None
    assert [mail.to for mail in mails()] == [["ines@rivemont.example"]]


# --- Signing out ---


def test_sign_out_ends_the_portal_first_then_franceconnect(traveller, link_of, citizen):
    link_of(citizen)
    traveller.go()

    response = traveller.client.post("/deconnexion/")

    assert traveller.user_id is None
    assert response["Location"].startswith(f"{traveller.simulator.issuer}/session/end?")


def test_sign_out_comes_back_to_the_home_page(traveller, link_of, citizen):
    link_of(citizen)
    traveller.go()

    assert (
        traveller.follow_sign_out(traveller.client.post("/deconnexion/")["Location"])["Location"]
        == "/"
    )


def test_sign_out_really_ends_single_sign_on(traveller, link_of, citizen):
    link_of(citizen)
    traveller.go()
    alive = traveller.abroad.get(traveller.leave(), timeout=10)
    traveller.follow_sign_out(traveller.client.post("/deconnexion/")["Location"])
    ended = traveller.abroad.get(traveller.leave(), timeout=10)

    assert "/consent" in alive.url
    assert "/consent" not in ended.url


def test_a_password_session_does_not_call_franceconnect(traveller, link_of, citizen):
    link_of(citizen)
    traveller.go()
    traveller.client.post("/deconnexion/")
    sign_in(traveller.client)

    assert traveller.client.post("/deconnexion/")["Location"] == "/"


def test_sign_out_is_a_post(traveller, link_of, citizen):
    link_of(citizen)
    traveller.go()

    assert traveller.client.get("/deconnexion/").status_code == 200
    assert traveller.user_id == citizen.pk


@pytest.mark.parametrize("query", ["", "?state=wrong", "?error=x"])
def test_any_return_of_sign_out_is_a_normal_page(client, db, query):
    assert client.get(f"/franceconnect/logout-callback/{query}")["Location"] == "/"


def test_the_id_token_is_kept_encrypted_and_nothing_else_of_the_provider(
    traveller, link_of, citizen
):
    link_of(citizen)
    traveller.go()

    session = dict(traveller.client.session)
    assert list(session["franceconnect_id_tokens"]) == [traveller.simulator.issuer]
    assert "eyJ" not in str(session)
    assert "access_token" not in session


# --- The database has the last word ---


def make_link(citizen, **fields):
    values = {"issuer": "https://fc.example", "sub": "s", "citizen": citizen, "level": "eidas1"}
    return Link.objects.create(**values | fields)


def test_one_space_per_sub(citizen, stranger):
    make_link(citizen)

    with pytest.raises(IntegrityError), transaction.atomic():
        make_link(stranger)


def test_one_sub_per_space(citizen):
    make_link(citizen)

    with pytest.raises(IntegrityError), transaction.atomic():
        make_link(citizen, sub="another")


def test_ended_links_do_not_count(citizen, stranger):
    yesterday = timezone.now() - datetime.timedelta(days=1)
    make_link(citizen, created_at=yesterday, ended_at=timezone.now(), end_cause=EndCause.CITIZEN)

    assert make_link(stranger)
    assert make_link(citizen, sub="another")


@pytest.mark.parametrize(
    "fields",
    [{"ended_at": timezone.now()}, {"end_cause": "citizen"}, {"sub": ""}, {"issuer": ""}],
)
def test_a_link_that_makes_no_sense_is_refused(citizen, fields):
    with pytest.raises(IntegrityError), transaction.atomic():
        make_link(citizen, **fields)


# --- Not configured ---


@pytest.mark.parametrize("name", ["issuer", "client_id", "client_secret"])
def test_without_configuration_the_journey_does_not_exist(client, citizen, settings, name):
    settings.FRANCECONNECT = settings.FRANCECONNECT | {name: ""}
    client.force_login(citizen)

    for path in ("callback", "link", "unlink", "first_time"):
        assert client.get(reverse(f"franceconnect:{path}")).status_code in (302, 404)
    assert client.post(reverse("franceconnect:start")).status_code == 404
    assert client.get("/mon-espace/").status_code == 200
    assert "FranceConnect" not in client.get(PROFILE).content.decode()
