"""After the password, for whoever asked for it: a code by e-mail."""

import pytest
from django.test import Client

from accounts.models import JournalKind, User
from tests.accounts.authenticators import totp
from tests.accounts.factories import PASSWORD
from tests.accounts.test_second_factor import (
    AUTHENTICATE,
    FACTOR,
    activate,
    clock,  # noqa: F401
    is_signed_in,
    owner,  # noqa: F401
)
from tests.accounts.test_sign_up import code_in
from tests.accounts.test_space import sign_in

EMAIL_CODE = f"{FACTOR}code-par-e-mail/"
EMAIL_STEP = "/connexion/code-par-e-mail/"


@pytest.fixture
def mailed(owner):  # noqa: F811
    """Ines asked for a code by e-mail after her password."""
    owner.post(EMAIL_CODE, {"action": "on"})
    return Client()


def test_a_code_by_email_follows_the_password_of_whoever_asked(mailed, citizen, mails):
    before = [mail.subject for mail in mails()]
    asked = mailed.post("/connexion/", {"login": citizen.email.upper(), "password": PASSWORD})
    page = mailed.get(EMAIL_STEP)

    assert before == ["Un code par e-mail est demandé à la connexion"]
    assert asked["Location"] == EMAIL_STEP
    assert "Gardez cette page ouverte" in page.content.decode()
    assert not is_signed_in(mailed)
    assert mails()[-1].to == [citizen.email]
    code = code_in(mails()[-1])
    assert code not in mails()[-1].subject
    mailed.post(EMAIL_STEP, {"code": code})

    assert is_signed_in(mailed)
    line = citizen.journal.filter(kind=JournalKind.SIGNED_IN).first()
    assert line.means == "mot de passe et code"


def test_a_code_by_email_serves_once(mailed, citizen, mails):
    sign_in(mailed, citizen)
    code = code_in(mails()[-1])
    mailed.post(EMAIL_STEP, {"code": code})
    other = Client()
    sign_in(other, citizen)

    other.post(EMAIL_STEP, {"code": code})

    assert is_signed_in(mailed)
    assert not is_signed_in(other)


def test_a_code_by_email_lives_ten_minutes(mailed, citizen, mails, clock):  # noqa: F811
    sign_in(mailed, citizen)
    clock.shift(601)

    response = mailed.post(EMAIL_STEP, {"code": code_in(mails()[-1])})

    assert response["Location"] == "/connexion/"
    assert not is_signed_in(mailed)


def test_a_code_by_email_has_five_tries(mailed, citizen, mails):
    sign_in(mailed, citizen)
    for _ in range(5):
        wrong = mailed.post(EMAIL_STEP, {"code": "000000"})

    response = mailed.post(EMAIL_STEP, {"code": code_in(mails()[-1])})

    assert wrong["Location"] == "/connexion/"
    assert response["Location"] == "/connexion/"
    assert not is_signed_in(mailed)
    assert citizen.journal.filter(kind=JournalKind.SIGN_IN_REFUSED).count() == 5


def test_tries_are_counted_for_the_person_too(mailed, citizen, mails):
    """A copy of the session, before any try, starts the count of the session again."""
    sign_in(mailed, citizen)
    fresh = dict(mailed.session)
    for _ in range(5):
        session = mailed.session
        session.update(fresh)
        session.save()
        mailed.post(EMAIL_STEP, {"code": "000000"})
    session = mailed.session
    session.update(fresh)
    session.save()

    response = mailed.post(EMAIL_STEP, {"code": code_in(mails()[-1])})

    assert "Attendez cinq minutes" in response.content.decode()
    assert not is_signed_in(mailed)


def test_a_new_code_by_email_replaces_the_first(mailed, citizen, mails):
    sign_in(mailed, citizen)
    first = code_in(mails()[-1])
    mailed.post(EMAIL_STEP, {"action": "resend"})
    second = code_in(mails()[-1])

    if first != second:
        mailed.post(EMAIL_STEP, {"code": first})
        assert not is_signed_in(mailed)
    mailed.post(EMAIL_STEP, {"code": second})

    assert is_signed_in(mailed)


def test_codes_by_email_are_few_an_hour(mailed, citizen, mails):
    for _ in range(10):
        sign_in(Client(), citizen)
    sent = len(mails())

    response = mailed.post("/connexion/", {"login": citizen.email, "password": PASSWORD})

    assert response["Location"] == "/connexion/"
    assert "Attendez une heure" in mailed.get("/connexion/").content.decode()
    assert len(mails()) == sent


def test_a_code_by_email_is_not_asked_beside_an_app(owner, citizen, mails, clock):  # noqa: F811
    owner.post(EMAIL_CODE, {"action": "on"})
    secret = activate(owner)
    sent = len(mails())
    clock.shift(60)
    client = Client()

    asked = client.post("/connexion/", {"login": citizen.email, "password": PASSWORD})
    client.post(AUTHENTICATE, {"code": totp(secret)})

    assert asked["Location"] == AUTHENTICATE
    assert is_signed_in(client)
    assert len(mails()) == sent


def test_a_code_by_email_is_no_way_in_by_itself(db, citizen, mails):
    for path in ("/connexion/code-par-e-mail/", "/connexion/code/demande/"):
        Client().post(path, {"email": citizen.email, "login": citizen.email})

    assert not mails()


def test_the_code_by_email_is_switched_off_and_other_sessions_end(owner, mailed, citizen, mails):  # noqa: F811
    sign_in(mailed, citizen)
    mailed.post(EMAIL_STEP, {"code": code_in(mails()[-1])})

    owner.get(EMAIL_CODE)
    citizen.refresh_from_db()
    assert citizen.wants_email_code
    owner.post(EMAIL_CODE, {"action": "off"})

    citizen.refresh_from_db()
    assert not citizen.wants_email_code
    assert mailed.get("/mon-espace/").status_code == 302
    assert citizen.journal.first().kind == JournalKind.SECOND_FACTOR_OFF
    assert mails()[-1].subject == "Aucun code par e-mail n’est plus demandé à la connexion"


def test_the_page_of_the_code_is_for_whoever_gave_the_password(db, citizen):
    assert Client().get(EMAIL_STEP)["Location"] == "/connexion/"
    assert Client().post(EMAIL_STEP, {"code": "123456"})["Location"] == "/connexion/"


def test_somebody_blocked_between_the_two_steps_does_not_enter(mailed, citizen, mails):
    sign_in(mailed, citizen)
    User.objects.update(is_active=False)
    before = citizen.journal.count()

    response = mailed.post(EMAIL_STEP, {"code": code_in(mails()[-1])})

    assert response["Location"] == "/connexion/"
    assert not is_signed_in(mailed)
    assert citizen.journal.count() == before
