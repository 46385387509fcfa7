"""The contact e-mail: changed by a code typed in the browser that asked, and never a login."""

import re
import time

import pytest
import time_machine
from allauth.core.context import request_context
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from post_office.models import Email

from accounts import contact
from accounts.contact import PendingContact
from accounts.models import JournalKind, OneTimeCode, PersonalSpace, User
from tests.accounts.agents import sign_in_agent
from tests.accounts.factories import PASSWORD, make_citizen
from tests.accounts.test_sign_up import code_in, sign_up, user_id
from tests.accounts.test_space import CHANGES, sign_in
from tests.franceconnect.test_concurrency import at_once

FORM, PAGE = "/mon-espace/profil/modifier/", "/mon-espace/profil/adresse-e-mail/"
SEEN = "/mon-espace/profil/changements-vus/"
OLD, NEW = "ines.perrer@rivemont.example", "nouvelle@rivemont.example"


@pytest.fixture
def owner(client, citizen):
    sign_in(client, citizen)
    return client


def ask(client, email=NEW):
    return client.post(FORM, CHANGES | {"contact_email": email})


def last_code():
    return code_in(Email.objects.latest("pk"))


def contact_of(citizen):
    return PersonalSpace.objects.get(user=citizen).contact_email


def kinds(citizen):
    return list(citizen.journal.values_list("kind", flat=True))


def test_a_new_address_waits_and_the_old_one_stays_in_force(owner, citizen, mails):
    response = ask(owner)

    assert response["Location"] == PAGE
    assert contact_of(citizen) == OLD
    assert [mail.to for mail in mails()] == [[NEW]]
    assert NEW in owner.get(PAGE).content.decode()
    assert f"{NEW} attend son code" in owner.get("/mon-espace/profil/").content.decode()


def test_the_code_puts_it_in_force_and_tells_the_old_one(owner, citizen, mails):
    ask(owner)

    response = owner.post(PAGE, {"code": last_code()})

    space = PersonalSpace.objects.get(user=citizen)
    assert response["Location"] == "/mon-espace/profil/"
    assert space.contact_email == NEW
    assert time.time() - space.contact_email_verified_at.timestamp() < 10
    assert space.contact_provenance_at == space.contact_email_verified_at
    assert kinds(citizen)[0] == JournalKind.CONTACT_VERIFIED
    assert mails()[-1].to == [OLD]
    assert NEW not in mails()[-1].message
    assert not OneTimeCode.objects.exists()
    assert "vérifié par un code le" in owner.get("/mon-espace/profil/").content.decode()


def test_the_code_is_in_the_body_alone_and_the_mail_names_nobody(owner, mails):
    ask(owner)

    mail = mails()[0]
    assert last_code() not in mail.subject
    assert last_code() in mail.html_message
    assert "PERRER" not in mail.message + mail.html_message + mail.subject


@pytest.mark.parametrize("code", ["", "000000x", "12345", "abcdef", "0" * 5000, "12\x003456"])
def test_what_is_no_code_is_said_at_its_field(owner, citizen, code):
    ask(owner)

    response = owner.post(PAGE, {"code": code})

    assert list(response.context["form"].errors) == ["code"]
    assert contact_of(citizen) == OLD


def test_digits_may_be_grouped_as_they_were_copied(owner, citizen):
    ask(owner)
    code = last_code()

    owner.post(PAGE, {"code": f" {code[:3]} {code[3:]} "})

    assert contact_of(citizen) == NEW


def wrong(code):
    return f"{(int(code) + 1) % 1_000_000:06}"


def test_the_code_dies_after_five_tries(owner, citizen):
    ask(owner)
    code = last_code()
    for _ in range(5):
        assert "code" in owner.post(PAGE, {"code": wrong(code)}).context["form"].errors

    response = owner.post(PAGE, {"code": code})

    assert "code" in response.context["form"].errors
    assert contact_of(citizen) == OLD


def test_the_code_dies_after_ten_minutes(owner, citizen):
    ask(owner)
    code = last_code()

    with time_machine.travel(time.time() + 601):
        response = owner.post(PAGE, {"code": code})

    assert "code" in response.context["form"].errors
    assert contact_of(citizen) == OLD


def test_a_new_code_ends_the_one_before(owner, citizen):
    ask(owner)
    former = last_code()

    response = owner.post(PAGE, {"action": "send"})

    assert response["Location"] == PAGE
    assert OneTimeCode.objects.count() == 1
    if former != last_code():
        owner.post(PAGE, {"code": former})
        assert contact_of(citizen) == OLD
    owner.post(PAGE, {"code": last_code()})
    assert contact_of(citizen) == NEW


def test_the_code_works_once(owner, citizen):
    ask(owner)
    waiting, code = PendingContact.of(owner.session), last_code()
    owner.post(PAGE, {"code": code})

    assert not contact.confirm(citizen.space, waiting, code)


def test_the_code_dies_with_the_sessions(owner, citizen):
    ask(owner)
    waiting, code = PendingContact.of(owner.session), last_code()
    citizen.end_sessions()

    assert owner.post(PAGE, {"code": code})["Location"].startswith("/connexion/")
    assert not contact.confirm(citizen.space, waiting, code)
    assert contact_of(citizen) == OLD


def test_the_code_works_in_no_other_browser_of_the_same_person(owner, citizen):
    ask(owner)
    other = Client()
    sign_in(other, citizen)

    assert NEW not in other.get(PAGE).content.decode()
    other.post(PAGE, {"code": last_code()})

    assert contact_of(citizen) == OLD


def test_the_code_works_for_nobody_else(owner, citizen, stranger):
    ask(owner)
    waiting, code = PendingContact.of(owner.session), last_code()

    assert not contact.confirm(stranger.space, waiting, code)
    assert contact_of(stranger) == stranger.email


def test_one_may_change_one_s_mind(owner, citizen):
    ask(owner)
    waiting, code = PendingContact.of(owner.session), last_code()

    response = owner.post(PAGE, {"action": "cancel"})

    assert response["Location"] == "/mon-espace/profil/"
    assert PendingContact.of(owner.session) is None
    assert not contact.confirm(citizen.space, waiting, code)
    assert contact_of(citizen) == OLD


def test_the_page_of_somebody_who_waits_for_nothing_leads_back(owner, citizen):
    PersonalSpace.objects.update(contact_email_verified_at="2026-01-01T00:00:00Z")

    assert owner.get(PAGE)["Location"] == FORM
    assert owner.post(PAGE, {"code": "123456"})["Location"] == "/mon-espace/profil/"
    assert owner.post(PAGE, {"action": "send"})["Location"] == "/mon-espace/profil/"
    assert not Email.objects.exists()


def test_codes_are_few_for_one_person(owner, citizen, mails):
    for number in range(5):
        ask(owner, f"a{number}@rivemont.example")

    response = ask(owner, "a6@rivemont.example")

    assert list(response.context["form"].errors) == ["contact_email"]
    assert 'value="a6@rivemont.example"' in response.content.decode()
    assert len(mails()) == 5


def test_codes_are_few_for_one_address_whoever_asks(owner, mails):
    for number in range(2):
        other = Client()
        sign_in(other, make_citizen(f"p{number}@rivemont.example"))
        ask(other)
        other.post(PAGE, {"action": "send"})
        other.post(PAGE, {"action": "send"})

    assert "contact_email" in ask(owner).context["form"].errors
    assert len(mails()) == 6


def test_too_many_resends_are_said_and_send_nothing(owner, mails):
    ask(owner)
    for _ in range(4):
        owner.post(PAGE, {"action": "send"})

    response = owner.post(PAGE, {"action": "send"})

    assert "Trop de codes" in [str(m) for m in get_messages(response.wsgi_request)][-1]
    assert len(mails()) == 5


def page_without(client, email):
    """What the page says, whoever the address is; a first look takes the messages away."""
    client.get(PAGE)
    page = client.get(PAGE).content.decode().replace(email, "*")
    return re.sub(r'(csrfmiddlewaretoken" value=")\w+', r"\1", page)


def test_nothing_tells_whether_the_new_address_is_somebody_s(owner, stranger, mails):
    nobody = "personne@rivemont.example"
    ask(owner, nobody)
    unknown = page_without(owner, nobody)
    with CaptureQueriesContext(connection) as for_nobody:
        ask(owner, nobody)
    owner.get(PAGE)
    with CaptureQueriesContext(connection) as for_somebody:
        ask(owner, stranger.email)

    assert len(for_nobody) == len(for_somebody)
    assert page_without(owner, stranger.email) == unknown
    assert mails()[0].subject == mails()[-1].subject


def test_a_couple_may_share_an_address(owner, citizen, stranger):
    PersonalSpace.objects.filter(user=stranger).update(contact_email=NEW)
    ask(owner)
    owner.post(PAGE, {"code": last_code()})

    assert contact_of(citizen) == contact_of(stranger) == NEW


def test_a_contact_address_opens_nothing(client, mails):
    make_citizen(contact_email=NEW, contact_email_verified_at="2026-01-01T00:00:00Z")

    client.post("/connexion/", {"login": NEW, "password": PASSWORD})
    assert user_id(client) is None
    client.post("/mot-de-passe-oublie/", {"email": NEW})

    assert [mail.to for mail in mails()] == [[NEW]]
    assert not any(len(word) == 6 and word.isdigit() for word in mails()[0].message.split())
    assert not User.objects.filter(email=NEW).exists()


def test_one_s_own_login_needs_no_code(owner, citizen, mails):
    PersonalSpace.objects.update(contact_email="autre.boite@rivemont.example")

    response = ask(owner, OLD.upper())

    space = PersonalSpace.objects.get(user=citizen)
    assert response["Location"] == "/mon-espace/profil/"
    assert space.contact_email == OLD
    assert space.contact_email_verified_at
    assert [mail.to for mail in mails()] == [["autre.boite@rivemont.example"]]


def test_another_case_is_the_same_address(owner, citizen, mails):
    ask(owner, OLD.title())

    assert contact_of(citizen) == OLD
    assert not mails()


def test_an_address_not_proven_yet_is_shown_so_and_proven_in_place(client, mails):
    citizen = make_citizen(contact_email=NEW)
    sign_in(client, citizen)
    for page in ("/mon-espace/", "/mon-espace/profil/"):
        assert "à vérifier" in client.get(page).content.decode()
    assert "Vérifier mon adresse e-mail" in client.get(PAGE).content.decode()

    client.post(PAGE, {"action": "send"})
    client.post(PAGE, {"code": last_code()})

    assert PersonalSpace.objects.get(user=citizen).contact_email_verified_at
    assert [mail.to for mail in mails()] == [[NEW]], "nothing to tell a former address"
    assert "à vérifier" not in client.get("/mon-espace/").content.decode()


def test_the_address_of_a_registration_is_proven_with_the_login(client, db, mails):
    sign_up(client)
    assert PersonalSpace.objects.get().contact_email_verified_at is None

    client.post("/verification-adresse/", {"code": code_in(mails()[0])})

    assert PersonalSpace.objects.get().contact_email_verified_at


@pytest.mark.parametrize("email", ["ines.franceconnect@rivemont.example", "choisie@x.example"])
def test_the_address_of_a_first_connection_is_used_at_once_and_still_to_be_proven(
    traveller, mails, email
):
    traveller.go()

    traveller.client.post("/franceconnect/premiere-connexion/", {"contact_email": email})

    space = PersonalSpace.objects.get()
    assert (space.contact_email, space.contact_email_verified_at) == (email, None)
    assert [mail.to for mail in mails()] == [[email]]
    assert "à vérifier" in traveller.client.get("/mon-espace/").content.decode()


def test_a_later_sign_in_leaves_the_proven_address(traveller, link_of, mails):
    citizen = make_citizen(contact_email=NEW, contact_email_verified_at="2026-01-01T00:00:00Z")
    link_of(citizen)

    traveller.go()

    space = PersonalSpace.objects.get(user=citizen)
    assert space.contact_email == NEW
    assert space.contact_email_verified_at.year == 2026
    assert not mails()


def test_somebody_without_an_address_may_change_the_rest(client, citizen):
    PersonalSpace.objects.update(contact_email="")
    sign_in(client, citizen)

    response = ask(client, "")

    assert response["Location"] == "/mon-espace/profil/"
    assert PersonalSpace.objects.get().street == "1 place de la Mairie"


def test_each_address_answers_its_owner_alone(owner, citizen, stranger, agent):
    PersonalSpace.objects.update(refreshed_parts=["usual"])
    ask(owner)
    other, staff = Client(), Client()
    sign_in(other, stranger)
    sign_in_agent(staff, agent)

    for page, values in ((PAGE, {"code": last_code()}), (PAGE, {"action": "cancel"}), (SEEN, {})):
        assert Client().post(page, values)["Location"].startswith("/connexion/")
        assert staff.post(page, values).status_code == 403
        assert other.post(page, values).status_code == 302 or page == PAGE
    assert (contact_of(citizen), contact_of(stranger)) == (OLD, stranger.email)
    assert PersonalSpace.objects.get(user=citizen).refreshed_parts == ["usual"]
    assert OneTimeCode.objects.filter(citizen=citizen).exists()


def test_a_get_sends_no_code(owner, mails):
    owner.get(PAGE, {"action": "send"})

    assert not mails()
    assert not OneTimeCode.objects.exists()


def test_the_queries_of_the_page_are_counted(owner):
    ask(owner)
    owner.get(PAGE)

    with CaptureQueriesContext(connection) as queries:
        owner.get(PAGE)

    assert len(queries) == 2, [query["sql"] for query in queries]


@pytest.mark.django_db(transaction=True)
def test_the_same_code_sent_twice_at_once_counts_once(client, rf, mails):
    citizen = make_citizen()
    sign_in(client, citizen)
    ask(client)
    waiting, code = PendingContact.of(client.session), last_code()

    def confirm():
        with request_context(rf.get("/")):
            return contact.confirm(User.objects.get().space, waiting, code)

    results = at_once(confirm, confirm)

    assert sorted(results) == [False, True]
    assert kinds(citizen).count(JournalKind.CONTACT_VERIFIED) == 1
    assert [mail.to for mail in mails()] == [[NEW], [OLD]]
