"""The page Identifiants: what it sums up, who sees it, and what a fresh proof is."""

import time

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.test import Client

from accounts.credentials import Credentials, read_credentials
from accounts.models import JournalEntry, JournalKind
from tests.accounts.agents import sign_in_agent
from tests.accounts.factories import PASSWORD, make_citizen
from tests.accounts.test_sign_up import code_in
from tests.accounts.test_space import prove_again, sign_in

CREDENTIALS = "/mon-espace/identifiants/"
FACTOR = f"{CREDENTIALS}double-authentification/"
PASSKEYS = f"{CREDENTIALS}cles-d-acces/"
PAGES = [
    FACTOR,
    f"{FACTOR}application/",
    f"{FACTOR}code-par-e-mail/",
    f"{PASSKEYS}ajouter/",
]


def prove_in_session(client, citizen, **record):
    """Somebody signed in by a means that these tests have not: a record of its proof."""
    session = client.session
    record = {"method": "franceconnect", "at": time.time(), "label": "FranceConnect"} | record
    session["account_authentication_methods"] = [record]
    session["account_authentication_methods_user"] = str(citizen.pk)
    session.save()


@pytest.fixture
def owner(client, citizen):
    sign_in(client, citizen)
    return client


@pytest.mark.parametrize(
    ("credentials", "sentence"),
    [
        (((), False, False, False, True), "seulement avec un mot de passe."),
        ((("FranceConnect",), False, False, False, False), "seulement avec FranceConnect."),
        (
            (("FranceConnect",), False, True, False, True),
            "avec FranceConnect ou avec un mot de passe suivi d’un code de votre application.",
        ),
        (
            (("FranceConnect", "FranceConnect+"), True, False, True, True),
            "avec FranceConnect, avec FranceConnect+, avec une clé d’accès ou avec un mot de passe "
            "suivi d’un code reçu par e-mail.",
        ),
    ],
)
def test_one_sentence_sums_up_what_protects_the_space(credentials, sentence):
    providers, has_passkey, has_app, wants_email_code, has_password = credentials

    found = Credentials(
        providers=providers,
        passkeys=(Authenticator(),) if has_passkey else (),
        has_password=has_password,
        app=Authenticator() if has_app else None,
        wants_email_code=wants_email_code,
    )

    assert found.summary() == f"Votre espace s’ouvre {sentence}"


def test_a_space_that_nothing_opens_says_so(db):
    citizen = make_citizen(None)

    assert "Contactez la mairie" in read_credentials(citizen).summary()


@pytest.mark.parametrize("page", PAGES)
def test_each_page_is_shown_to_its_owner_alone(owner, stranger, agent, page):
    other, staff = Client(), Client()
    sign_in(other, stranger)
    sign_in_agent(staff, agent)

    assert Client().get(page)["Location"].startswith("/connexion/")
    mine, theirs = owner.get(page), other.get(page)
    assert mine.status_code == theirs.status_code == 200
    assert "no-store" in mine["Cache-Control"]
    assert "PERRER" not in theirs.content.decode()
    assert "ines.perrer" not in theirs.content.decode()
    assert staff.get(page).status_code in (302, 403)
    assert staff.post(page).status_code in (302, 403)


@pytest.mark.parametrize("page", PAGES[1:])
def test_a_fresh_proof_is_asked_before_each_change(client, citizen, page):
    with time_machine.travel("2026-11-25 08:00Z", tick=False):
        sign_in(client, citizen)
    with time_machine.travel("2026-11-25 08:11Z", tick=False):
        for response in (client.get(f"{page}?next=/x/"), client.post(page)):
            assert response["Location"].startswith("/confirmation-identite/?next=")
        prove_again(client)
        assert client.get(page).status_code == 200
    assert citizen.journal.filter(kind=JournalKind.PROVEN_AGAIN).get().means == "mot de passe"


@pytest.mark.parametrize(
    "record",
    [{"method": "mfa", "type": "totp"}, {"method": "mfa", "type": "recovery_codes"}],
    ids=str,
)
def test_a_code_alone_is_no_fresh_proof(client, citizen, record):
    client.force_login(citizen, backend="accounts.backends.CredentialsBackend")
    prove_in_session(client, citizen, **record)

    response = client.get(f"{FACTOR}application/")

    assert response["Location"].startswith("/confirmation-identite/")


def test_a_mailed_second_code_alone_is_no_fresh_proof(client, citizen):
    client.force_login(citizen, backend="accounts.backends.CredentialsBackend")
    session = client.session
    session["account_authentication_methods"] = [{"method": "code", "at": time.time()}]
    session["account_authentication_methods_user"] = str(citizen.pk)
    session.save()

    assert client.get(f"{FACTOR}application/").status_code == 302


def test_a_page_without_proof_leads_back_to_itself_whole(client, citizen):
    client.force_login(citizen, backend="accounts.backends.CredentialsBackend")

    response = client.get(f"{PASSKEYS}ajouter/?next=/franceconnect/dissocier/")

    assert response["Location"].endswith("%3Fnext%3D%2Ffranceconnect%2Fdissocier%2F")


def test_somebody_who_only_uses_franceconnect_has_no_password_to_protect(client, db):
    citizen = make_citizen(None)
    client.force_login(citizen, backend="accounts.backends.CredentialsBackend")
    prove_in_session(client, citizen)

    page = client.get(FACTOR).content.decode()

    assert "vous n’avez rien à faire" in page
    for step in ("application/", "code-par-e-mail/"):
        response = client.post(FACTOR + step, {"action": "on"})
        assert response["Location"] == CREDENTIALS
    citizen.refresh_from_db()
    assert not citizen.wants_email_code


def test_a_first_login_email_then_a_password_open_the_space(client, db, mails):
    citizen = make_citizen(None, contact_email="contact@rivemont.example")
    client.force_login(citizen, backend="accounts.backends.CredentialsBackend")
    prove_in_session(client, citizen)

    client.post(
        f"{CREDENTIALS}adresse-e-mail/", {"email": "Ines@rivemont.example", "action_add": "1"}
    )
    code = code_in(mails()[-1])
    client.post("/verification-adresse/", {"code": code})
    client.post(f"{CREDENTIALS}nouveau-mot-de-passe/", {"password1": PASSWORD})

    citizen.refresh_from_db()
    assert citizen.email == "ines@rivemont.example"
    subjects = {(mail.to[0], mail.subject) for mail in mails()}
    added = "Une adresse e-mail de connexion a été ajoutée à votre espace"
    assert ("contact@rivemont.example", added) in subjects
    other = Client()
    sign_in(other, citizen)
    assert other.get("/mon-espace/").status_code == 200


def test_a_changed_login_email_is_told_to_the_old_one(owner, citizen, mails):
    owner.post(f"{CREDENTIALS}adresse-e-mail/", {"email": "b@rivemont.example", "action_add": "1"})
    code = code_in(mails()[-1])
    assert mails()[-1].to == ["b@rivemont.example"]

    owner.post("/verification-adresse/", {"code": code})

    citizen.refresh_from_db()
    assert citizen.email == "b@rivemont.example"
    assert "ines.perrer@rivemont.example" in [mail.to[0] for mail in mails()[1:]]
    assert JournalEntry.objects.filter(kind=JournalKind.EMAIL_CHANGED).count() == 1


def test_a_changed_password_ends_the_other_sessions(owner, citizen):
    other = Client()
    sign_in(other, citizen)

    owner.post(
        f"{CREDENTIALS}mot-de-passe/",
        {"oldpassword": PASSWORD, "password1": "une autre phrase secrète"},
    )

    assert owner.get("/mon-espace/").status_code == 200
    assert other.get("/mon-espace/").status_code == 302


def test_the_page_costs_few_queries_however_many_passkeys(
    owner, citizen, django_assert_num_queries
):
    owner.get(CREDENTIALS)
    with django_assert_num_queries(9):
        owner.get(CREDENTIALS)

    for number in range(5):
        Authenticator.objects.create(
            user=citizen, type="webauthn", data={"name": f"Clé {number}", "credential": {}}
        )

    with django_assert_num_queries(9):
        page = owner.get(CREDENTIALS)
    assert "Clé 4" in page.content.decode()


@pytest.mark.parametrize(
    ("page", "queries"),
    [(FACTOR, 5), (f"{FACTOR}application/", 3), (f"{FACTOR}code-par-e-mail/", 2)],
)
def test_each_page_costs_few_queries(owner, django_assert_num_queries, page, queries):
    owner.get(page)

    with django_assert_num_queries(queries):
        owner.get(page)
