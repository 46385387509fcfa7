"""Passkeys: added, named, used to sign in and to prove oneself again, removed."""

import json
import re

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import reverse

from accounts import passkeys
from accounts.credentials import LastWayIn
from accounts.models import JournalEntry, JournalKind
from tests.accounts.agents import sign_in_agent
from tests.accounts.authenticators import SoftPasskey
from tests.accounts.factories import make_citizen
from tests.accounts.test_credentials import prove_in_session
from tests.accounts.test_space import sign_in

ADD = "/mon-espace/identifiants/cles-d-acces/ajouter/"
SIGN_IN = "/connexion/cle-d-acces/"
PROVE = "/confirmation-identite/"
PROVE_BY_PASSKEY = "/confirmation-identite/cle-d-acces/"
CREDENTIALS = "/mon-espace/identifiants/"
DATA_BLOCK = re.compile(r'<script id="passkey-options" type="application/json">(.*?)</script>')


@pytest.fixture(autouse=True)
def _named_host(settings):
    settings.ALLOWED_HOSTS = ["localhost", "testserver", "127.0.0.1"]


def browser(**options):
    return Client(SERVER_NAME="localhost", **options)


def options_in(response) -> dict:
    return json.loads(DATA_BLOCK.search(response.content.decode()).group(1))


def add(client, key: SoftPasskey, name="Téléphone", page=ADD):
    return client.post(ADD, {"name": name, "credential": key.create(options_in(client.get(page)))})


def options_to_sign_in(client) -> dict:
    return client.get(SIGN_IN, headers={"accept": "application/json"}).json()


def sign_in_by_passkey(client, key: SoftPasskey, **fields):
    return client.post(SIGN_IN, {"credential": key.get(options_to_sign_in(client)), **fields})


def is_signed_in(client) -> bool:
    return "_auth_user_id" in client.session


def kinds():
    return list(JournalEntry.objects.order_by("pk").values_list("kind", flat=True))


@pytest.fixture
def owner(citizen):
    client = browser()
    sign_in(client, citizen)
    return client


@pytest.fixture
def key(owner):
    """A passkey of Ines's, added."""
    passkey = SoftPasskey()
    add(owner, passkey)
    return passkey


def test_a_passkey_is_added_named_journalled_and_told_by_mail(owner, citizen, mails):
    response = add(owner, SoftPasskey())

    assert response["Location"] == f"{CREDENTIALS}#cles-d-acces"
    page = owner.get(CREDENTIALS).content.decode()
    assert "Téléphone" in page
    assert "Votre espace s’ouvre avec une clé d’accès ou avec un mot de passe." in page
    assert kinds()[-1] == JournalKind.PASSKEY_ADDED
    assert mails()[-1].to == [citizen.email]
    assert mails()[-1].subject == "Une clé d’accès a été ajoutée à votre espace"
    assert "Téléphone" in mails()[-1].message


def test_a_passkey_signs_in_without_password_nor_second_factor(key, citizen):
    citizen.wants_email_code = True
    citizen.save()
    other = browser()

    response = sign_in_by_passkey(other, key, next="/mon-espace/profil/")

    assert response["Location"] == "/mon-espace/profil/"
    assert other.get("/mon-espace/").status_code == 200
    line = citizen.journal.filter(kind=JournalKind.SIGNED_IN).first()
    assert line.means == "clé d’accès"
    assert citizen.authenticator_set.get().last_used_at


def test_somebody_without_any_email_signs_in_by_passkey(db):
    citizen, key, client = make_citizen(None), SoftPasskey(), browser()
    client.force_login(citizen, backend="accounts.backends.CredentialsBackend")
    prove_in_session(client, citizen)
    add(client, key)
    other = browser()

    response = sign_in_by_passkey(other, key)

    assert response["Location"] == "/mon-espace/"
    assert is_signed_in(other)


def test_the_machine_must_have_verified_the_person(owner, key):
    unverified = SoftPasskey(is_verified=False, credential_id=b"another")
    key.is_verified = False
    other = browser()

    response = add(owner, unverified)
    sign_in_by_passkey(other, key)

    assert "n’a pas pu être vérifiée" in response.content.decode()
    assert Authenticator.objects.filter(type="webauthn").count() == 1
    assert not is_signed_in(other)


@pytest.mark.parametrize(
    "change",
    [
        {"origin": "https://localhost.attaquant.example"},
        {"rp_id": "attaquant.example"},
        {"credential_id": b"somebody's else"},
        {"key": SoftPasskey().key},
        {"user_handle": "MTIzNDU2"},
        {"user_handle": "____"},
        {"user_handle": ""},
    ],
    ids=range(7),
)
def test_a_passkey_of_another_site_or_person_opens_nothing(key, change):
    for name, value in change.items():
        setattr(key, name, value)
    other = browser()

    response = sign_in_by_passkey(other, key, next="/mon-espace/profil/")

    assert response["Location"] == "/connexion/?next=%2Fmon-espace%2Fprofil%2F"
    assert "n’a pas pu être vérifiée" in other.get("/connexion/").content.decode()
    assert not is_signed_in(other)


def test_an_answer_serves_once_in_the_browser_that_was_asked(key):
    first, second = browser(), browser()
    answer = key.get(options_to_sign_in(first))
    options_to_sign_in(second)

    second.post(SIGN_IN, {"credential": answer})
    assert not is_signed_in(second)
    first.post(SIGN_IN, {"credential": answer})
    assert is_signed_in(first)
    first.post("/deconnexion/")
    first.post(SIGN_IN, {"credential": answer})
    assert not is_signed_in(first)


@pytest.mark.parametrize(
    "credential",
    [
        "",
        "null",
        "[]",
        "{}",
        "12",
        '"texte"',
        '{"response": null}',
        '{"id": "YQ", "rawId": "YQ", "type": "public-key", "response": {}}',
        '{"id": "YQ", "rawId": "YQ", "type": "public-key", "response": {"userHandle": "____"}}',
        "[" * 5000,
        '{"id": "' + "a" * 30_000 + '"}',
        "{",
    ],
    ids=range(12),
)
def test_a_malformed_answer_is_refused_without_an_error(owner, key, credential):
    anonymous = browser()
    options_to_sign_in(anonymous)
    owner.get(ADD)

    assert anonymous.post(SIGN_IN, {"credential": credential}).status_code == 302
    assert not is_signed_in(anonymous)
    assert "pu être vérifiée" in owner.post(ADD, {"credential": credential}).content.decode()
    assert owner.post(PROVE_BY_PASSKEY, {"credential": credential}).status_code == 302


def test_a_blocked_citizen_and_an_agent_do_not_enter_by_passkey(key, citizen):
    for field, value in (("is_active", False), ("is_staff", True)):
        type(citizen).objects.filter(pk=citizen.pk).update(**{field: value})
        other = browser()
        sign_in_by_passkey(other, key)
        assert not is_signed_in(other)
        type(citizen).objects.filter(pk=citizen.pk).update(is_active=True, is_staff=False)


def test_a_blocked_citizen_reads_a_reference_after_their_passkey(key, citizen):
    type(citizen).objects.filter(pk=citizen.pk).update(is_active=False)
    other = browser()

    sign_in_by_passkey(other, key)

    line = citizen.journal.get(kind=JournalKind.SIGN_IN_REFUSED)
    assert (line.means, line.code) == ("clé d’accès", "blocked")
    assert line.reference in other.get("/acces-bloque/").content.decode()


def test_a_passkey_is_a_fresh_proof(key, citizen):
    client = browser()
    with time_machine.travel("2026-11-25 08:00Z", tick=False):
        sign_in(client, citizen)
    with time_machine.travel("2026-11-25 08:11Z", tick=False):
        refused = client.get(ADD)
        page = client.get(refused["Location"])
        answer = key.get(options_in(page))
        response = client.post(PROVE_BY_PASSKEY, {"credential": answer, "next": ADD})

        assert refused["Location"].startswith(PROVE)
        assert response["Location"] == ADD
        assert client.get(ADD).status_code == 200
    line = citizen.journal.filter(kind=JournalKind.PROVEN_AGAIN).get()
    assert line.means == "clé d’accès"


def test_somebody_elses_passkey_is_no_proof(key, stranger):
    client = browser()
    sign_in(client, stranger)
    client.get(PROVE)
    answer = key.get(options_to_sign_in(browser()))

    response = client.post(PROVE_BY_PASSKEY, {"credential": answer, "next": ADD})

    assert response["Location"] == f"{PROVE}?next={ADD.replace('/', '%2F')}"
    assert not JournalEntry.objects.filter(kind=JournalKind.PROVEN_AGAIN).exists()


def test_a_passkey_is_renamed(owner, key, citizen):
    url = reverse("mfa_edit_webauthn", args=[citizen.authenticator_set.get().pk])

    empty = owner.post(url, {"name": " "})
    response = owner.post(url, {"name": "Tablette « bleue » <b>"})

    assert "Remplissez-le" in empty.content.decode()
    assert response["Location"] == f"{CREDENTIALS}#cles-d-acces"
    assert "Tablette « bleue » &lt;b&gt;" in owner.get(CREDENTIALS).content.decode()


def test_a_passkey_is_removed_and_the_other_sessions_end(owner, key, citizen, mails):
    thief = browser()
    sign_in_by_passkey(thief, key)
    url = reverse("mfa_remove_webauthn", args=[citizen.authenticator_set.get().pk])

    asked = owner.get(url)
    assert Authenticator.objects.exists()
    response = owner.post(url)

    assert "Retirer la clé d’accès" in asked.content.decode()
    assert response["Location"] == f"{CREDENTIALS}#cles-d-acces"
    assert owner.get(CREDENTIALS).status_code == 200
    assert thief.get("/mon-espace/").status_code == 302
    assert not Authenticator.objects.exists()
    assert kinds()[-1] == JournalKind.PASSKEY_REMOVED
    assert mails()[-1].subject == "Une clé d’accès a été retirée de votre espace"
    sign_in_by_passkey(thief, key)
    assert not is_signed_in(thief)


def test_the_last_way_in_stays(owner, key, citizen):
    citizen.set_unusable_password()
    citizen.save()
    client = browser()
    sign_in_by_passkey(client, key)
    passkey = citizen.authenticator_set.get()
    url = reverse("mfa_remove_webauthn", args=[passkey.pk])

    assert "seul moyen d’entrer" in client.get(url).content.decode()
    client.post(url)
    with pytest.raises(LastWayIn):
        passkeys.remove_passkey(citizen, passkey.pk)

    assert Authenticator.objects.filter(pk=passkey.pk).exists()
    assert "seul moyen d’entrer" in client.get(CREDENTIALS).content.decode()


def test_a_space_has_ten_passkeys_at_most(owner):
    for number in range(10):
        add(owner, SoftPasskey(credential_id=b"%d" % number))

    response = add(owner, SoftPasskey(credential_id=b"one more"))

    assert "déjà dix clés d’accès" in response.content.decode()
    assert Authenticator.objects.count() == 10


def test_a_passkey_alone_asks_for_no_second_factor_after_the_password(key, citizen):
    client = browser()

    response = client.post("/connexion/", {"login": citizen.email, "password": "x"})
    sign_in(client, citizen)

    assert response.status_code == 200
    assert is_signed_in(client)


@pytest.mark.parametrize(
    ("host", "is_secure", "expected"),
    [
        ("127.0.0.1:8000", False, False),
        ("127.0.0.1", True, False),
        ("[::1]:8000", True, False),
        ("localhost:8000", False, True),
        ("espace.example.fr", True, True),
        ("espace.example.fr", False, False),
    ],
)
def test_passkeys_need_a_name_and_https(rf, settings, host, is_secure, expected):
    settings.ALLOWED_HOSTS = ["*"]

    assert passkeys.are_possible(rf.get("/", headers={"host": host}, secure=is_secure)) is expected


def test_where_passkeys_are_impossible_the_pages_say_so_or_hide_them(citizen):
    client = Client(SERVER_NAME="127.0.0.1")

    home = client.get("/").content.decode()
    sign_in(client, citizen)

    assert "clé d’accès" not in home
    assert "par son nom, pas par des chiffres" in client.get(ADD).content.decode()
    assert "par son nom, pas par des chiffres" in client.get(CREDENTIALS).content.decode()


def test_the_button_waits_for_javascript(db):
    page = browser().get("/").content.decode()

    assert re.search(r'data-passkey-area hidden>\s*<p class="or">', page)
    assert "Me connecter avec une clé d’accès" in page


def test_asking_opens_no_session_for_whoever_reads_the_page(db):
    client = browser()
    client.get("/connexion/")

    assert "sessionid" not in client.cookies
    assert not client.session.keys()


@pytest.mark.parametrize("page", ["edit", "remove"])
def test_nobody_reaches_somebody_elses_passkey(key, citizen, stranger, agent, page):
    url = reverse(f"mfa_{page}_webauthn", args=[citizen.authenticator_set.get().pk])
    other, staff = browser(), browser()
    sign_in(other, stranger)
    sign_in_agent(staff, agent)

    assert browser().post(url, {"name": "x"})["Location"].startswith("/connexion/")
    assert other.get(url).status_code == other.post(url, {"name": "x"}).status_code == 404
    assert staff.post(url, {"name": "x"}).status_code in (302, 403, 404)
    assert citizen.authenticator_set.get().wrap().name == "Téléphone"


def test_the_machine_shows_a_name_and_the_page_leaks_nothing_else(owner, citizen):
    options = options_in(owner.get(ADD))["creation_options"]["publicKey"]

    assert options["user"]["name"] == "Ines PERRER"
    assert options["rp"] == {"id": "localhost", "name": "Espace Citoyens"}
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert options["authenticatorSelection"]["residentKey"] == "required"
    assert citizen.email not in json.dumps(options)
