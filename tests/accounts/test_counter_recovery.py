"""A space opened anew by a code of the counter, by its owner alone; and each way to abuse it."""

import re
import time

import pytest
from allauth.account.models import EmailAddress
from django.db import IntegrityError
from django.test import Client
from django.urls import reverse

from accounts import counter, counter_recovery, counter_views
from accounts.counter_recovery import SESSION_KEY
from accounts.models import CounterCode, JournalEntry, JournalKind, User
from tests.accounts.agents import make_agent_with, sign_in_agent
from tests.accounts.factories import PASSWORD, make_citizen

CODE, EMAIL = reverse("counter:code"), reverse("counter:email")
PROOF, NEW_PASSWORD = reverse("counter:proof"), reverse("counter:password")
STEPS = [EMAIL, PROOF, NEW_PASSWORD]
NEW, SECRET = "nouvelle@rivemont.example", "cinq cormorans sur la digue"
WRONG, WRONG_DIGITS = "ne vont pas ensemble", "Ce code n’est pas le bon"
BORN = "12/04/1985"
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="[^"]+"|nonce="[^"]+"')


@pytest.fixture
def code(citizen, agent):
    return counter.give_code(citizen.space, agent=agent, document="passport")


def typed(code, birthdate=BORN) -> dict:
    return {"code": code, "birthdate": birthdate}


def digits_in(mail) -> str:
    return re.search(r"\b\d{6}\b", mail.message).group()


@pytest.fixture
def travels(mails):
    """The journey up to the last page, in this browser."""

    def travel(client, code, email=NEW):
        client.post(CODE, typed(code))
        client.post(EMAIL, {"email": email})
        return client.post(PROOF, {"code": digits_in(mails()[-1])})

    return travel


def opens(client, password=SECRET):
    return client.post(NEW_PASSWORD, {"password1": password})


def signs_in(email, password) -> bool:
    client = Client()
    client.post("/connexion/", {"login": email, "password": password})
    return "_auth_user_id" in client.session


def test_a_code_opens_the_space_with_a_new_login(client, code, citizen, travels, mails):
    response = travels(client, code)
    assert response["Location"] == NEW_PASSWORD
    assert citizen.journal.count() == 1  # nothing is written before the end
    assert CounterCode.objects.exists()
    opened = opens(client)

    assert opened["Location"] == "/mon-espace/identifiants/"
    assert client.session["_auth_user_id"] == str(citizen.pk)
    assert signs_in(NEW, SECRET)
    assert not signs_in("ines.perrer@rivemont.example", PASSWORD)
    assert not signs_in("ines.perrer@rivemont.example", SECRET)
    addresses = EmailAddress.objects.values_list("email", "verified", "primary")
    assert list(addresses) == [(NEW, True, True)]
    assert not CounterCode.objects.exists()
    citizen.space.refresh_from_db()
    assert citizen.space.contact_email == NEW  # the former login was the contact e-mail too
    page = client.get("/mon-espace/").content.decode()
    assert "code remis en mairie" in page


def test_every_address_is_told_and_the_journal_says_all(client, code, citizen, travels, mails):
    before = len(mails())
    travels(client, code)
    opens(client)

    told = [mail.to[0] for mail in mails() if "a rouvert votre espace" in mail.subject]
    assert told == ["ines.perrer@rivemont.example", NEW]
    assert all(NEW not in mail.message for mail in mails()[before:] if mail.to != [NEW])
    kinds = [entry.kind for entry in citizen.journal.order_by("pk")]
    assert kinds == [
        JournalKind.COUNTER_CODE_GIVEN,
        JournalKind.COUNTER_CODE_USED,
        JournalKind.EMAIL_CHANGED,
        JournalKind.PASSWORD_CHANGED,
        JournalKind.CONTACT_VERIFIED,
        JournalKind.SIGNED_IN,
    ]


def test_what_opened_the_space_before_opens_it_no_more(client, code, citizen, agent, travels):
    """A passkey, an app, a mailed code, an open session: perhaps in somebody else's hands."""
    citizen.authenticator_set.create(type="webauthn", data={})
    citizen.authenticator_set.create(type="totp", data={"secret": "x"})
    citizen.authenticator_set.create(type="recovery_codes", data={})
    User.objects.update(wants_email_code=True)
    intruder = Client()
    intruder.force_login(citizen)
    counter.ask_code(citizen.space, agent=make_agent_with(counter.PERMISSION), document="passport")
    travels(client, counter.give_code(citizen.space, agent=agent, document="passport"))
    before = client.get(NEW_PASSWORD).content.decode()
    opens(client)
    after = client.get("/mon-espace/identifiants/").content.decode()

    assert "Les clés d’accès et la double authentification sont retirées" in before
    assert "Vos anciens moyens d’entrer ont été retirés" in after
    citizen.refresh_from_db()
    assert not citizen.authenticator_set.exists()
    assert not citizen.wants_email_code
    assert intruder.get("/mon-espace/").status_code == 302
    kinds = set(citizen.journal.values_list("kind", flat=True))
    assert {JournalKind.SECOND_FACTOR_OFF, JournalKind.PASSKEY_REMOVED} <= kinds


def test_the_identity_provider_still_opens_it(client, code, citizen, travels, link_of):
    link_of(citizen, "test")
    travels(client, code)
    opens(client)

    assert citizen.franceconnect_links.active().count() == 1


def test_a_contact_email_of_its_own_is_left_alone(client, code, citizen, travels, mails):
    citizen.space.contact_email = "mairie-ecrit-ici@rivemont.example"
    citizen.space.save()
    travels(client, code)
    opens(client)

    citizen.space.refresh_from_db()
    assert citizen.space.contact_email == "mairie-ecrit-ici@rivemont.example"
    told = {mail.to[0] for mail in mails() if "a rouvert votre espace" in mail.subject}
    assert told == {citizen.space.contact_email, "ines.perrer@rivemont.example", NEW}


def test_the_former_login_can_be_kept(client, code, citizen, travels):
    travels(client, code, email="Ines.Perrer@rivemont.example")
    opens(client)

    assert signs_in("ines.perrer@rivemont.example", SECRET)
    assert EmailAddress.objects.count() == 1


def test_a_space_without_any_login_gets_one(client, agent, travels):
    """Somebody who only had FranceConnect, and has lost it."""
    prepared = make_citizen(None)
    travels(client, counter.give_code(prepared.space, agent=agent, document="passport"))
    opens(client)

    prepared.space.refresh_from_db()
    assert signs_in(NEW, SECRET)
    assert prepared.space.contact_email == NEW


# --- A paper that somebody found ---


def test_no_page_says_whose_space_it_is_before_it_is_open(client, code, citizen, travels, mails):
    travels(client, code)
    pages = [client.get(page).content.decode() for page in (CODE, EMAIL, NEW_PASSWORD)]
    client.post(EMAIL, {"email": NEW})
    pages.append(client.get(PROOF).content.decode())

    sent = [mail.subject + mail.message + mail.html_message for mail in mails() if mail.to == [NEW]]
    for text in [*pages, *sent]:
        for datum in ("PERRER", "Ines", citizen.space.reference, "ines.perrer", "Victor Hugo"):
            assert datum not in text
        assert code not in text


def test_a_paper_that_somebody_found_is_worth_nothing_without_the_birth_date(client, code):
    """The paper names nobody; and the answer does not tell that the code is right."""
    found = client.post(CODE, typed(code, "13/04/1985")).content.decode()
    guessed = client.post(CODE, typed("2345-6789-BCDF", "13/04/1985")).content.decode()

    assert WRONG in found
    assert TOKEN.sub("", found).replace(code, "") == TOKEN.sub("", guessed).replace(
        "2345-6789-BCDF", ""
    )
    for page in STEPS:
        assert client.get(page)["Location"] == CODE


def test_birth_dates_are_guessed_a_few_times_alone(client, code):
    for day in range(13, 18):
        client.post(CODE, typed(code, f"{day}/04/1985"), REMOTE_ADDR=f"192.0.2.{day}")

    response = client.post(CODE, typed(code), REMOTE_ADDR="192.0.2.99")
    assert "Attendez une heure" in response.content.decode()


@pytest.mark.parametrize(
    ("known", "birthdate", "opens_it"),
    [
        ("1985-04-00", "01/04/1985", True),
        ("1985-00-00", "01/01/1985", True),
        ("1985-00-00", "01/01/1986", False),
        ("", "01/01/1986", True),
    ],
)
def test_a_birth_date_that_is_not_wholly_known_is_compared_as_far(
    client, code, citizen, known, birthdate, opens_it
):
    citizen.space.birthdate, citizen.space.birthdate_text = None, known
    citizen.space.save()

    response = client.post(CODE, typed(code, birthdate))

    assert (response.status_code == 302) is opens_it


def test_the_code_is_in_no_address(client, code, mails):
    response = client.post(CODE, typed(code))

    assert response["Location"] == EMAIL
    assert code not in str(dict(client.session))
    page = client.get(CODE, {"code": code}).content.decode()
    assert f'value="{code}"' not in page  # nor is one taken from there


def test_a_step_is_no_way_round_the_one_before(client, code, mails):
    for page in STEPS:
        assert client.get(page)["Location"] == CODE
        assert client.post(page, {"password1": SECRET})["Location"] == CODE
    client.post(CODE, typed(code))
    for page in (PROOF, NEW_PASSWORD):
        assert client.get(page)["Location"] == EMAIL
    client.post(EMAIL, {"email": NEW})
    assert client.post(NEW_PASSWORD, {"password1": SECRET})["Location"] == EMAIL

    assert CounterCode.objects.exists()


def test_another_address_has_to_be_proven_too(client, code, travels):
    travels(client, code)
    client.post(EMAIL, {"email": "autre.boite@rivemont.example"})

    assert opens(client)["Location"] == EMAIL
    assert not User.objects.filter(email="autre.boite@rivemont.example").exists()


def test_what_was_typed_is_no_use_in_another_browser(client, code, travels, mails):
    travels(client, code)

    assert opens(Client())["Location"] == CODE


def test_the_session_changes_its_key_with_the_code(client, code):
    """Whoever planted their session in this browser does not follow."""
    client.get(CODE)
    client.session["x"] = 1
    client.session.save()
    planted = client.session.session_key
    client.post(CODE, typed(code))

    assert client.session.session_key != planted


def test_half_an_hour_later_the_code_is_typed_again(client, code, travels, monkeypatch):
    travels(client, code)
    later = time.time() + counter_recovery.LIFETIME_SECONDS + 1
    monkeypatch.setattr(counter_recovery.time, "time", lambda: later)

    assert opens(client)["Location"] == CODE
    assert CounterCode.objects.exists()


@pytest.mark.parametrize("end", ["cancelled", "newer", "blocked", "promoted", "agent blocked"])
def test_a_code_that_dies_on_the_way_opens_nothing(client, code, citizen, agent, travels, end):
    travels(client, code)
    if end == "cancelled":
        counter.cancel_codes(citizen.space)
    elif end == "newer":
        counter.give_code(citizen.space, agent=agent, document="passport")
    else:
        person = agent if end == "agent blocked" else citizen
        change = {"is_staff": True} if end == "promoted" else {"is_active": False}
        User.objects.filter(pk=person.pk).update(**change)
    response = client.post(NEW_PASSWORD, {"password1": SECRET}, follow=True)

    assert response.redirect_chain == [(CODE, 302)]
    assert "ne vaut plus rien" in response.content.decode()
    assert not User.objects.filter(email=NEW).exists()
    assert "_auth_user_id" not in client.session


def test_a_code_that_dies_at_the_very_end_opens_nothing(client, code, travels, monkeypatch):
    travels(client, code)
    monkeypatch.setattr(counter, "use_up", lambda pk: None)

    assert opens(client)["Location"] == CODE
    assert not User.objects.filter(email=NEW).exists()


# --- An address that is somebody's ---


@pytest.mark.parametrize("owner", ["citizen", "agent"])
def test_an_address_that_is_somebodys_login_reads_the_same(client, code, stranger, mails, owner):
    """No enumeration: the page, its address and its statements are those of a free address."""
    if owner == "agent":
        make_agent_with(email="autre.agent@rivemont.example")
    taken = "autre.agent@rivemont.example" if owner == "agent" else stranger.email
    client.post(CODE, typed(code))
    answers = []
    for email in (NEW, taken):
        response = client.post(EMAIL, {"email": email})
        page = client.get(response["Location"]).content.decode()
        answers.append((response["Location"], TOKEN.sub("", page).replace(email, "")))

    assert answers[0] == answers[1]
    assert mails()[-1].to == [taken]
    assert mails()[-1].subject == "Cette adresse ouvre déjà un espace"
    assert not re.search(r"\b\d{6}\b", mails()[-1].message)
    assert WRONG_DIGITS in client.post(PROOF, {"code": "123456"}).content.decode()


def test_an_address_taken_meanwhile_is_refused_and_the_code_stays(
    client, code, citizen, travels, monkeypatch
):
    travels(client, code)
    make_citizen(NEW)
    response = client.post(NEW_PASSWORD, {"password1": SECRET}, follow=True)

    assert response.redirect_chain == [(EMAIL, 302)]
    assert "ne peut pas être utilisée" in response.content.decode()
    citizen.refresh_from_db()
    assert citizen.email == "ines.perrer@rivemont.example"
    assert citizen.check_password(PASSWORD)
    assert counter.find_code(code) is not None
    assert not JournalEntry.objects.filter(kind=JournalKind.COUNTER_CODE_USED).exists()


def test_everything_or_nothing(client, code, citizen, travels, monkeypatch):
    citizen.authenticator_set.create(type="recovery_codes", data={})

    def fails(*args, **kwargs):
        raise IntegrityError

    travels(client, code)
    monkeypatch.setattr(counter_recovery, "record_sign_in", fails)
    opens(client)

    citizen.refresh_from_db()
    assert citizen.check_password(PASSWORD)
    assert citizen.authenticator_set.exists()
    assert counter.find_code(code) is not None


# --- Guesses, mails, bad input ---


def test_guesses_are_few_for_an_address(client, code, monkeypatch):
    monkeypatch.setattr(counter_views, "RATES_BY_ADDRESS", "3/h/ip")
    for _ in range(3):
        assert WRONG in client.post(CODE, typed("2345-6789-BCDF")).content.decode()

    response = Client().post(CODE, typed(code))
    assert "Attendez une heure" in response.content.decode()
    assert response.context["form"]["code"].value() == code


def test_guesses_are_few_in_all(client, code, monkeypatch):
    monkeypatch.setattr(counter_views, "RATE_IN_ALL", "3/h/key")
    for number in range(3):
        client.post(CODE, typed("2345-6789-BCDF"), REMOTE_ADDR=f"192.0.2.{number}")

    response = client.post(CODE, typed(code), REMOTE_ADDR="192.0.2.99")
    assert "Attendez une heure" in response.content.decode()


def test_mails_are_few(client, code, mails):
    client.post(CODE, typed(code))
    before = len(mails())
    for number in range(6):
        response = client.post(EMAIL, {"email": f"a{number}@rivemont.example"})

    assert len(mails()) - before == 5
    assert "Trop de codes" in response.content.decode()
    assert response.context["form"]["email"].value() == "a5@rivemont.example"


def test_six_digits_die_after_five_tries(client, code, mails):
    client.post(CODE, typed(code))
    client.post(EMAIL, {"email": NEW})
    digits = digits_in(mails()[-1])
    for _ in range(5):
        client.post(PROOF, {"code": "000000" if digits != "000000" else "111111"})

    assert WRONG_DIGITS in client.post(PROOF, {"code": digits}).content.decode()


@pytest.mark.parametrize("code", ["", "7K3M", "\0" * 12, "é" * 200, "<b>"])
def test_what_is_no_code_says_so_and_is_kept(client, db, code):
    response = client.post(CODE, typed(code))

    assert response.status_code == 200
    assert response.context["form"].errors["code"]
    assert response.context["form"]["code"].value() == code
    assert response.context["form"]["birthdate"].value() == BORN


@pytest.mark.parametrize("password", ["", "court", "123456789012", NEW, "a\0" * 9])
def test_a_weak_password_is_refused_and_nothing_changes(client, code, citizen, travels, password):
    travels(client, code)
    response = opens(client, password)

    assert response.context["form"].errors["password1"]
    assert CounterCode.objects.exists()


@pytest.mark.parametrize("email", ["", "sans-arobase", "a@b\0.example", "a,b@rivemont.example"])
def test_what_is_no_address_says_so(client, code, email):
    client.post(CODE, typed(code))
    response = client.post(EMAIL, {"email": email})

    assert response.context["form"].errors["email"]


# --- Who has no business here ---


def test_an_agent_types_no_code(client, code, agent, citizen):
    sign_in_agent(client, agent)

    for page in [CODE, *STEPS]:
        response = client.post(page, {"code": code})
        assert response.status_code == 403
        assert "Un agent ne le tape jamais" in response.content.decode()
    assert SESSION_KEY not in client.session


def test_somebody_signed_in_is_refused(client, code, stranger):
    client.force_login(stranger)

    for page in [CODE, *STEPS]:
        for method in (client.get, client.post):
            response = method(page, {"code": code})
            assert response.status_code == 403
            assert "Vous êtes déjà connecté" in response.content.decode()


def test_the_doors_lead_there(client, db):
    for page in ("/connexion/", "/", "/mot-de-passe-oublie/"):
        assert f'href="{CODE}"' in client.get(page).content.decode()
