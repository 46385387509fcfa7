"""After the password: an app's code, a recovery code, a passkey. And what none replaces."""

import re

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client

from accounts import second_factor
from accounts.models import JournalEntry, JournalKind
from tests.accounts.agents import sign_in_agent
from tests.accounts.authenticators import SoftPasskey, totp
from tests.accounts.factories import PASSWORD
from tests.accounts.test_passkeys import add, browser, options_in
from tests.accounts.test_sign_up import code_in
from tests.accounts.test_space import sign_in

FACTOR = "/mon-espace/identifiants/double-authentification/"
ACTIVATE = f"{FACTOR}application/"
DEACTIVATE = f"{FACTOR}application/desactiver/"
CODES = f"{FACTOR}codes-de-secours/"
AUTHENTICATE = "/connexion/code/"
START = "2026-11-25 08:00:10Z"


@pytest.fixture(autouse=True)
def _named_host(settings):
    settings.ALLOWED_HOSTS = ["localhost", "testserver", "127.0.0.1"]


@pytest.fixture
def clock():
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


@pytest.fixture
def owner(client, clock, citizen):
    sign_in(client, citizen)
    return client


def secret_in(response) -> str:
    page = response.content.decode()
    groups = re.search(r'"reference" translate="no">((?:[A-Z2-7]{4} ?){8})<', page)[1]
    return groups.replace(" ", "")


def activate(client) -> str:
    """Turn the app on: its secret."""
    secret = secret_in(client.get(ACTIVATE))
    client.post(ACTIVATE, {"code": totp(secret)})
    return secret


def codes_shown(client) -> list[str]:
    page = client.get(CODES).content.decode()
    return re.findall(r'<li class="reference">(\d{4} \d{4})</li>', page)


@pytest.fixture
def secret(owner, clock):
    """The secret of Ines's app; its first code has served, the clock is at the next one."""
    secret = activate(owner)
    clock.shift(60)
    return secret


def is_signed_in(client) -> bool:
    return "_auth_user_id" in client.session


def test_an_app_is_turned_on_with_a_drawing_a_key_and_one_code(owner, citizen, mails):
    page = owner.get(ACTIVATE)
    secret = secret_in(page)

    response = owner.post(ACTIVATE, {"code": f"{totp(secret)[:3]} {totp(secret)[3:]}"})

    assert 'src="data:image/svg+xml;base64,' in page.content.decode()
    assert response["Location"] == CODES
    assert len(set(codes_shown(owner))) == 10
    kinds = list(citizen.journal.order_by("pk").values_list("kind", flat=True))
    assert kinds[-2:] == [JournalKind.RECOVERY_CODES_MADE, JournalKind.SECOND_FACTOR_ON]
    assert mails()[-1].subject == "La double authentification est activée"
    assert "suivi d’un code de votre application" in owner.get(FACTOR).content.decode()


def test_the_drawing_says_nothing_of_the_person(owner, citizen, rf):
    page = owner.get(ACTIVATE)

    url = page.context["totp_url"]
    assert url.startswith(f"otpauth://totp/{citizen.space.reference}?secret=")
    assert "issuer=Espace%20Citoyens" in url
    assert "ines" not in url.lower()


def test_the_same_drawing_is_kept_until_the_code_is_right(owner):
    secret = secret_in(owner.get(ACTIVATE))

    wrong = owner.post(ACTIVATE, {"code": "000000"})

    assert "Ce code n’est pas le bon" in wrong.content.decode()
    assert secret_in(wrong) == secret_in(owner.get(ACTIVATE)) == secret
    assert not Authenticator.objects.exists()


def test_secrets_are_encrypted_at_rest(owner, settings):
    secret = secret_in(owner.get(ACTIVATE))
    assert secret not in str(dict(owner.session))
    owner.post(ACTIVATE, {"code": totp(secret)})

    app, codes = Authenticator.objects.order_by("-type")
    assert secret not in str(app.data)
    assert len(codes.data["seed"]) > 100
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another" * 10
    assert app.wrap().instance.data["secret"]
    assert len(second_factor.unused_recovery_codes(app.user)) == 10


def test_a_lost_secret_key_opens_nothing(secret, citizen, settings, caplog):
    settings.SECRET_KEY = "another" * 10

    assert second_factor.redeem(citizen, totp(secret)) is None
    assert "SECRET_KEY has changed" in caplog.text


def test_the_code_is_asked_after_the_password(secret, citizen):
    client = Client()

    asked = client.post(
        "/connexion/?next=/mon-espace/profil/",
        {"login": citizen.email, "password": PASSWORD, "next": "/mon-espace/profil/"},
    )
    assert asked["Location"] == AUTHENTICATE
    assert client.get("/mon-espace/").status_code == 302
    assert not is_signed_in(client)
    response = client.post(AUTHENTICATE, {"code": totp(secret)})

    assert response["Location"] == "/mon-espace/profil/"
    line = citizen.journal.filter(kind=JournalKind.SIGNED_IN).first()
    assert line.means == "mot de passe et code"


def test_somebody_promoted_between_the_two_steps_does_not_enter(secret, citizen):
    client = Client()
    sign_in(client, citizen)
    type(citizen).objects.filter(pk=citizen.pk).update(is_staff=True)

    response = client.post(AUTHENTICATE, {"code": totp(secret)})

    assert response["Location"] == "/connexion/"
    assert not is_signed_in(client)


def test_a_password_changed_between_the_two_steps_stops_whoever_knew_the_old_one(secret, citizen):
    client = Client()
    sign_in(client, citizen)
    citizen.set_password("une autre phrase secrète")
    citizen.save()

    response = client.post(AUTHENTICATE, {"code": totp(secret)})

    assert response["Location"] == "/connexion/"
    assert not is_signed_in(client)
    assert "Recommencez depuis le début" in client.get("/connexion/").content.decode()


def test_the_page_of_the_code_is_for_whoever_gave_the_password(db, citizen):
    assert Client().get(AUTHENTICATE)["Location"] == "/connexion/"
    assert Client().post(AUTHENTICATE, {"code": "123456"})["Location"] == "/connexion/"


@pytest.mark.parametrize("shift", [0, 29, 45])
def test_a_code_serves_once(secret, citizen, clock, shift):
    """Even while the tolerance of clocks would still take it, even once the cache has forgotten."""
    code = totp(secret)
    first, second = Client(), Client()
    for client in (first, second):
        sign_in(client, citizen)
    first.post(AUTHENTICATE, {"code": code})
    clock.shift(shift)
    cache.clear()

    response = second.post(AUTHENTICATE, {"code": code})

    assert is_signed_in(first)
    assert not is_signed_in(second)
    assert "il a déjà servi" in response.content.decode()


def test_the_code_of_the_enrolment_signs_nobody_in(owner, citizen):
    secret = activate(owner)
    client = Client()
    sign_in(client, citizen)

    client.post(AUTHENTICATE, {"code": totp(secret)})

    assert not is_signed_in(client)


@pytest.mark.parametrize(("seconds", "is_taken"), [(-60, False), (-30, True), (30, True)])
def test_a_clock_may_be_half_a_minute_wrong(secret, citizen, clock, seconds, is_taken):
    import time

    clock.shift(120)
    client = Client()
    sign_in(client, citizen)

    client.post(AUTHENTICATE, {"code": totp(secret, at=time.time() + seconds)})

    assert is_signed_in(client) is is_taken


@pytest.mark.parametrize("code", ["", "12", "abcdef", "000000", "١٢٣٤٥٦", "0" * 5000, "é" * 6])
def test_a_wrong_code_is_refused_with_a_message_tied_to_the_field(secret, citizen, code):
    client = Client()
    sign_in(client, citizen)

    response = client.post(AUTHENTICATE, {"code": code})

    assert response.status_code == 200
    assert 'id="id_code_error"' in response.content.decode()
    assert not is_signed_in(client)


def test_five_wrong_codes_close_the_door_for_five_minutes(secret, citizen, clock):
    client = Client()
    sign_in(client, citizen)
    for _ in range(5):
        client.post(AUTHENTICATE, {"code": "000000"})
    other = Client()
    sign_in(other, citizen)

    response = other.post(AUTHENTICATE, {"code": totp(secret)})

    assert "Attendez cinq minutes" in response.content.decode()
    refused = citizen.journal.filter(kind=JournalKind.SIGN_IN_REFUSED)
    assert refused.count() == 5
    assert set(refused.values_list("code", flat=True)) == {"second_factor"}
    clock.shift(301)
    other.post(AUTHENTICATE, {"code": totp(secret)})
    assert is_signed_in(other)


def test_a_recovery_code_serves_once_is_journalled_and_told(owner, secret, citizen, mails):
    code = codes_shown(owner)[3]
    first, second = Client(), Client()
    for client in (first, second):
        sign_in(client, citizen)

    first.post(AUTHENTICATE, {"code": code})
    second.post(AUTHENTICATE, {"code": code})

    assert is_signed_in(first)
    assert not is_signed_in(second)
    assert citizen.journal.filter(kind=JournalKind.RECOVERY_CODE_USED).count() == 1
    assert mails()[-1].subject == "Un code de secours vient de servir"
    assert "Il vous en reste 9." in mails()[-1].message
    assert code.replace(" ", "") not in mails()[-1].message


def test_recovery_codes_are_shown_until_put_away_then_no_more(owner, clock):
    activate(owner)

    shown = codes_shown(owner)
    assert codes_shown(owner) == shown
    file = owner.get(f"{CODES}fichier/")
    assert file["Content-Disposition"] == 'attachment; filename="codes-de-secours.txt"'
    assert all(code in file.content.decode() for code in shown)
    owner.post(CODES)

    assert owner.get(CODES)["Location"] == FACTOR
    assert owner.get(f"{CODES}fichier/").status_code == 404


def test_recovery_codes_are_not_shown_to_another_session_nor_later(owner, citizen, clock):
    secret = activate(owner)
    clock.shift(60)
    other = Client()
    sign_in(other, citizen)
    other.post(AUTHENTICATE, {"code": totp(secret)})

    assert other.get(CODES)["Location"] == FACTOR
    clock.shift(9 * 60 + 30)
    sign_in(owner, citizen)
    assert owner.get(CODES).status_code == 302
    assert owner.get(f"{CODES}fichier/").status_code in (302, 404)


def test_new_recovery_codes_replace_the_old_ones(owner, secret, citizen, mails):
    old = codes_shown(owner)

    asked = owner.get(f"{CODES}nouveaux/")
    assert codes_shown(owner) == old
    owner.post(f"{CODES}nouveaux/")
    new = codes_shown(owner)

    assert "Les anciens ne serviront plus" in asked.content.decode()
    assert len(new) == 10
    assert not set(new) & set(old)
    assert second_factor.redeem(citizen, old[0].replace(" ", "")) is None
    assert mails()[-1].subject == "De nouveaux codes de secours ont été créés"


def test_turning_the_app_off_ends_codes_and_other_sessions(owner, secret, citizen, mails):
    other = Client()
    sign_in(other, citizen)
    other.post(AUTHENTICATE, {"code": totp(secret)})
    asked = owner.get(DEACTIVATE)
    assert Authenticator.objects.count() == 2

    response = owner.post(DEACTIVATE)

    assert "Désactiver l’application" in asked.content.decode()
    assert response["Location"] == FACTOR
    assert owner.get(FACTOR).status_code == 200
    assert other.get("/mon-espace/").status_code == 302
    assert not Authenticator.objects.exists()
    assert citizen.journal.first().kind == JournalKind.SECOND_FACTOR_OFF
    assert mails()[-1].subject == "La double authentification est désactivée"
    sign_in(other, citizen)
    assert is_signed_in(other)


def test_a_passkey_answers_where_the_code_is_asked(citizen, clock, settings):
    owner, key = browser(), SoftPasskey()
    sign_in(owner, citizen)
    activate(owner)
    add(owner, key)
    client = browser()
    sign_in(client, citizen)

    page = client.get(AUTHENTICATE)
    wrong = client.post(AUTHENTICATE, {"credential": "{}"})
    client.post(AUTHENTICATE, {"credential": key.get(options_in(wrong))})

    assert "Utiliser ma clé d’accès" in page.content.decode()
    assert "n’a pas pu être vérifiée" in wrong.content.decode()
    assert is_signed_in(client)
    line = citizen.journal.filter(kind=JournalKind.SIGNED_IN).first()
    assert line.means == "mot de passe et clé d’accès"


def test_a_password_reset_does_not_go_around_the_app(secret, citizen, mails):
    client = Client()
    client.post("/mot-de-passe-oublie/", {"email": citizen.email})
    client.post("/mot-de-passe-oublie/code/", {"code": code_in(mails()[-1])})
    client.post("/mot-de-passe-oublie/nouveau/", {"password1": "une nouvelle phrase secrète"})

    asked = client.post(
        "/connexion/", {"login": citizen.email, "password": "une nouvelle phrase secrète"}
    )

    assert asked["Location"] == AUTHENTICATE
    assert not is_signed_in(client)


def test_every_address_of_the_space_is_told_without_personal_data(owner, citizen, mails):
    citizen.space.contact_email = "contact@rivemont.example"
    citizen.space.save()

    activate(owner)

    told = [mail for mail in mails() if mail.subject == "La double authentification est activée"]
    assert {mail.to[0] for mail in told} == {citizen.email, "contact@rivemont.example"}
    for mail in mails():
        assert "PERRER" not in mail.subject
        assert "'" not in mail.subject


@pytest.mark.parametrize("page", [DEACTIVATE, CODES, f"{CODES}nouveaux/", f"{CODES}fichier/"])
def test_nobody_reaches_somebody_elses_second_factor(secret, citizen, stranger, agent, page):
    other, staff = Client(), Client()
    sign_in(other, stranger)
    sign_in_agent(staff, agent)

    assert Client().post(page)["Location"].startswith("/connexion/")
    assert other.post(page).status_code in (302, 404, 405)
    assert staff.post(page).status_code in (302, 403)
    assert Authenticator.objects.filter(user=citizen).count() == 2
    assert JournalEntry.objects.filter(kind=JournalKind.SECOND_FACTOR_OFF).count() == 0


def test_a_second_activation_changes_nothing(owner, secret, citizen):
    other_secret = "A" * 32

    assert not second_factor.turn_app_on(citizen, secret=other_secret, counter=0)
    assert owner.get(ACTIVATE)["Location"] == DEACTIVATE
    assert second_factor.redeem(citizen, totp(secret))


def test_an_agent_frees_somebody_who_lost_everything(owner, secret, citizen, agent, mails, capsys):
    call_command("second_factor_off", citizen.space.reference.lower(), agent=agent.email)

    assert "désactivée" in capsys.readouterr().out
    assert not Authenticator.objects.exists()
    assert owner.get("/mon-espace/").status_code == 302
    line = citizen.journal.first()
    assert (line.kind, line.actor) == (JournalKind.SECOND_FACTOR_OFF, agent)
    assert line.capacity == "administrateur du portail"
    assert mails()[-1].subject == "La mairie a désactivé votre double authentification"
    client = Client()
    sign_in(client, citizen)
    assert is_signed_in(client)


@pytest.mark.parametrize(
    ("reference", "email", "refusal"),
    [
        ("AAAA-AAAA", "agent@rivemont.example", "Aucun espace"),
        ("", "ines.perrer@rivemont.example", "aucun agent"),
        ("", "agent@rivemont.example", "pas de double authentification"),
    ],
)
def test_the_command_says_what_stops_it(citizen, agent, reference, email, refusal):
    with pytest.raises(CommandError, match=refusal):
        call_command("second_factor_off", reference or citizen.space.reference, agent=email)
