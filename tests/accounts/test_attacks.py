"""What somebody ill-meaning tries at the citizens' doors."""

import time

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.contrib.sessions.models import Session
from django.test import Client

from accounts import failed_sign_ins
from accounts.models import JournalKind, PersonalSpace, Provenance, User
from accounts.sessions import is_local_path
from tests.accounts.factories import PASSWORD, make_agent, make_citizen
from tests.accounts.test_sign_up import code_in, sign_up, user_id

RESET = "/mot-de-passe-oublie/"


def try_password(client, email, password=None, **headers):
    return client.post("/connexion/", {"login": email, "password": password or "faux"}, **headers)


def test_another_port_in_the_host_header_gives_no_new_tries(client, citizen):
    for port in range(6):
        try_password(client, citizen.email, HTTP_HOST=f"127.0.0.1:{8000 + port}")

    try_password(client, citizen.email, PASSWORD)

    assert user_id(client) is None


def test_nobody_is_locked_out_by_somebody_elses_tries(client, citizen):
    for _ in range(6):
        try_password(client, citizen.email, REMOTE_ADDR="192.0.2.1")

    try_password(client, citizen.email, PASSWORD, REMOTE_ADDR="198.51.100.7")

    assert user_id(client) == str(citizen.pk)


def test_many_machines_guessing_together_are_stopped(client, citizen):
    for number in range(51):
        try_password(client, citizen.email, REMOTE_ADDR=f"192.0.2.{number}")

    try_password(client, citizen.email, PASSWORD, REMOTE_ADDR="198.51.100.7")

    assert user_id(client) is None


@pytest.mark.parametrize("forwarded", ["1.2.3.4", "1.2.3.4, 5.6.7.8", "x", ""])
def test_a_forged_forwarding_header_gives_no_new_tries_and_no_crash(client, citizen, forwarded):
    for number in range(6):
        try_password(client, citizen.email, HTTP_X_FORWARDED_FOR=f"10.0.0.{number}, {forwarded}")

    try_password(client, citizen.email, PASSWORD, HTTP_X_FORWARDED_FOR=forwarded)

    assert user_id(client) is None


def test_fewer_proxies_than_declared_are_no_crash(client, citizen, settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 2

    try_password(client, citizen.email, PASSWORD, HTTP_X_FORWARDED_FOR="192.0.2.1")

    assert user_id(client) == str(citizen.pk)


def test_unproven_accounts_of_an_address_cost_nothing_at_sign_in(db, django_assert_num_queries):
    for _ in range(5):
        user = make_citizen(None)
        EmailAddress.objects.create(user=user, email="cible@rivemont.example", primary=True)

    with django_assert_num_queries(1):
        assert not Client().login(email="cible@rivemont.example", password=PASSWORD)


def ask_reset(client, email, mails):
    client.post(RESET, {"email": email})
    return code_in(mails()[-1])


def test_nobody_uses_up_somebody_elses_resets(client, citizen):
    for _ in range(6):
        refused = client.post(RESET, {"email": citizen.email}, REMOTE_ADDR="192.0.2.1")

    accepted = Client().post(RESET, {"email": citizen.email}, REMOTE_ADDR="198.51.100.7")

    assert refused.status_code == 429
    assert accepted.status_code == 302


def test_many_machines_cannot_ask_for_codes_without_end(client, citizen):
    answers = [
        client.post(RESET, {"email": citizen.email}, REMOTE_ADDR=f"192.0.2.{number}").status_code
        for number in range(21)
    ]

    assert answers[-1] == 429


@pytest.mark.parametrize("after", ["code", "confirmation"])
@pytest.mark.parametrize("change", ["password", "login e-mail", "blocked", "agent"])
def test_a_reset_code_dies_when_what_it_is_for_changes(client, citizen, mails, after, change):
    code = ask_reset(client, citizen.email, mails)
    if after == "confirmation":
        client.post(RESET + "code/", {"code": code})
    citizen = User.objects.get(pk=citizen.pk)
    if change == "password":
        citizen.set_password("changé par son propriétaire")
    citizen.is_active = change != "blocked"
    citizen.is_staff = change == "agent"
    citizen.email = "neuve@rivemont.example" if change == "login e-mail" else citizen.email
    citizen.save()

    client.post(RESET + "code/", {"code": code})
    client.post(RESET + "nouveau/", {"password1": "choisi par un intrus"})

    citizen.refresh_from_db()
    assert not citizen.check_password("choisi par un intrus")


def test_the_address_of_an_agent_cannot_be_taken(client, citizen, mails):
    make_agent("agent@rivemont.example")
    try_password(client, citizen.email, PASSWORD)
    client.post(
        "/mon-espace/identifiants/adresse-e-mail/",
        {"email": "agent@rivemont.example", "action_add": "1"},
    )
    code = client.session["account_email_verification_code"].get("code", "000000")

    response = client.post("/verification-adresse/", {"code": code})

    citizen.refresh_from_db()
    assert response.status_code == 200
    assert citizen.email == "ines.perrer@rivemont.example"


def test_an_agent_made_between_sign_up_and_code_is_no_crash(client, db, mails):
    sign_up(client)
    make_agent("ada.verne@rivemont.example")

    assert client.post("/verification-adresse/", {"code": code_in(mails()[0])}).status_code == 200
    assert user_id(client) is None


def test_a_new_door_is_told_to_the_address_that_was_there_before(client, mails):
    citizen = make_citizen(None, contact_email="contact@rivemont.example")
    client.force_login(citizen)
    session = client.session
    session["account_authentication_methods"] = [{"method": "franceconnect", "at": time.time()}]
    session["account_authentication_methods_user"] = str(citizen.pk)
    session.save()
    client.post(
        "/mon-espace/identifiants/adresse-e-mail/",
        {"email": "intrus@rivemont.example", "action_add": "1"},
    )
    client.post("/verification-adresse/", {"code": code_in(mails()[-1])})
    client.post(
        "/mon-espace/identifiants/nouveau-mot-de-passe/", {"password1": "choisi par un intrus"}
    )

    told = [mail.subject for mail in mails() if mail.to == ["contact@rivemont.example"]]
    assert len(told) == 2
    kinds = list(citizen.journal.values_list("kind", flat=True))
    assert kinds[:2] == [JournalKind.PASSWORD_CHANGED, JournalKind.EMAIL_CHANGED]


def test_a_changed_contact_is_told_to_the_former_one(client, citizen, mails):
    try_password(client, citizen.email, PASSWORD)
    page = client.get("/mon-espace/profil/modifier/")
    values = {bound.name: bound.value() or "" for bound in page.context["form"]}
    values |= {"contact_email": "neuve@rivemont.example", "given_names": "Ines"}
    values["birthdate"] = "12/04/1985"

    client.post("/mon-espace/profil/modifier/", values)
    code = code_in(mails()[0])
    client.post("/mon-espace/profil/adresse-e-mail/", {"code": code})

    assert [mail.to for mail in mails()] == [
        ["neuve@rivemont.example"],
        ["ines.perrer@rivemont.example"],
    ]
    assert "neuve" not in mails()[1].subject + mails()[1].message


def test_an_unknown_day_of_birth_survives_a_change_of_address(client, citizen):
    citizen.space.birthdate_text = "1985-00-00"
    citizen.space.save()
    try_password(client, citizen.email, PASSWORD)
    page = client.get("/mon-espace/profil/modifier/")
    values = {bound.name: bound.value() or "" for bound in page.context["form"]}
    values |= {"street": "2 rue Neuve", "given_names": "Ines", "birthdate": "12/04/1985"}

    client.post("/mon-espace/profil/modifier/", values)

    citizen.space.refresh_from_db()
    assert citizen.space.street == "2 rue Neuve"
    assert citizen.space.birthdate_text == "1985-00-00"


def test_sign_out_forgets_what_a_visitor_left(client, db):
    sign_up(client)

    client.post("/deconnexion/", {"next": "/inscription/"})

    assert "account_email_verification_code" not in client.session
    assert client.get("/verification-adresse/")["Location"] == "/connexion/"


@pytest.mark.parametrize("charset", ["hex", "rot13", "unicode_escape", "idna", "undefined"])
def test_a_body_in_a_strange_charset_is_refused(client, db, charset):
    body = b"--B\r\nContent-Disposition: form-data; name=login\r\n\r\nabc\r\n--B--\r\n"
    kind = f"multipart/form-data; boundary=B; charset={charset}"

    assert client.generic("POST", "/connexion/", body, content_type=kind).status_code == 400


@pytest.mark.parametrize("value", ["a\x00b" * 9, "é" * 32, "../../etc", "x" * 5000, "' OR 1=1"])
def test_a_strange_session_cookie_is_no_crash(client, db, value):
    client.cookies["espace_session"] = value

    assert client.get("/").status_code == 200


@pytest.mark.parametrize(
    "path", ["/deconnexion/", "/mon-espace/", "/aide/franceconnect/", "/rien/", "/acces-bloque/"]
)
def test_no_page_with_a_name_is_kept(client, citizen, path):
    try_password(client, citizen.email, PASSWORD)

    assert "no-store" in client.get(path)["Cache-Control"]


def test_a_message_does_not_outlive_its_session(client, citizen):
    try_password(client, citizen.email, PASSWORD)

    assert "messages" not in client.cookies


@pytest.mark.parametrize(
    "text",
    [
        "24/08/1962",
        "24 8 1962",
        "24081962",
        "24-08-1962",
        "24.08.1962",
        "1962-08-24",
        "24 août 1962",
        "24 AOUT 1962",
        "24 / 08 / 1962",
    ],
)
def test_a_birth_date_is_read_as_people_write_it(client, db, text):
    sign_up(client, birthdate=text)

    assert str(User.objects.get().space.birthdate) == "1962-08-24"


@pytest.mark.parametrize(
    "text", ["1/2/85", "24/13/1962", "août 1962", "24", "²²/08/1962", "x" * 99]
)
def test_a_date_that_could_be_another_is_asked_again(client, db, text):
    response = sign_up(client, birthdate=text)

    assert list(response.context["form"].errors) == ["birthdate"]


@pytest.mark.parametrize("name", ["<b>x</b>", "😀", "A\u200bda", "123", "Ada;Marie", "\u202eada"])
@pytest.mark.parametrize("field", ["birth_family_name", "given_names"])
def test_what_is_no_name_is_said_at_its_field(client, db, field, name):
    response = sign_up(client, **{field: name})

    assert list(response.context["form"].errors) == [field]


@pytest.mark.parametrize(
    "name", ["D’ALENÇON", "O'Neil", "Jean-Paul", "Œdipe", "Nguyễn", "王", "Ali"]
)
def test_a_name_of_any_script_is_a_name(client, db, name):
    sign_up(client, birth_family_name=name)

    assert User.objects.get().space.birth_family_name == name


def change_street(client, **changes):
    """Open the form, change the street, send everything back as a browser would."""
    page = client.get("/mon-espace/profil/modifier/")
    values = {}
    for bound in page.context["form"]:
        values[bound.name] = bound.field.prepare_value(bound.value()) or ""
    return client.post("/mon-espace/profil/modifier/", values | changes)


def test_a_name_that_came_certified_does_not_stop_a_change_of_address(client, citizen):
    PersonalSpace.objects.update(birth_family_name="D'AZUR_2", given_names=["Jean_X", "Ève"])
    try_password(client, citizen.email, PASSWORD)

    change_street(client, street="2 rue Neuve")

    space = PersonalSpace.objects.get()
    assert (space.street, space.birth_family_name) == ("2 rue Neuve", "D'AZUR_2")
    assert space.given_names == ["Jean_X", "Ève"]


@pytest.mark.parametrize("provenance", Provenance.values)
def test_a_profile_sent_back_unchanged_writes_nothing(client, citizen, provenance):
    PersonalSpace.objects.update(identity_provenance=provenance, birthdate_text="1985-00-00")
    before = list(PersonalSpace.objects.values())
    try_password(client, citizen.email, PASSWORD)

    assert change_street(client).status_code == 302

    assert list(PersonalSpace.objects.values()) == before
    assert JournalKind.PROFILE_CHANGED not in citizen.journal.values_list("kind", flat=True)


def code_page_after_reset(client):
    client.post(RESET, {"email": make_citizen().email})
    return "/mot-de-passe-oublie/code/"


def code_page_after_sign_up(client):
    sign_up(client)
    return "/verification-adresse/"


@pytest.mark.parametrize("ask", [code_page_after_reset, code_page_after_sign_up])
def test_a_hundred_tries_of_a_code_at_once_are_five(client, db, mails, ask):
    """All of them read the session before any of them writes in it that a try failed."""
    page = ask(client)
    code = code_in(mails()[-1])
    row = Session.objects.get()
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"

    for guess in [*[wrong] * 5, code]:
        row.save()
        client.post(page, {"code": guess})

    assert user_id(client) is None
    assert not User.objects.filter(email__startswith="ada").exists()
    assert client.get("/mot-de-passe-oublie/nouveau/").status_code == 302


@pytest.mark.parametrize("with_cookie", [False, True])
def test_a_sign_up_refused_by_its_limit_says_nothing_of_the_address(citizen, with_cookie):
    answers = []
    for email in (citizen.email, "personne@rivemont.example"):
        for number in range(11):
            client = Client(REMOTE_ADDR=f"192.0.2.{number}")
            if with_cookie:
                sign_up(client, email=f"moi{number}@{email}")
            answer = sign_up(client, email=email)
        cookie = {name: morsel["expires"] for name, morsel in answer.cookies.items()}
        answers.append((answer.status_code, answer.content, cookie))

    assert answers[0] == answers[1]


@pytest.mark.parametrize("path", ["/\n//evil.example", "/\t/evil.example", "/\r/\\evil.example"])
def test_an_address_that_a_browser_reads_otherwise_is_no_page_of_ours(path):
    assert not is_local_path(path)


def test_nobody_buries_the_activity_of_somebody_else(client, citizen):
    for number in range(30):
        try_password(client, citizen.email, REMOTE_ADDR=f"90.45.{number}.1")
    failed_sign_ins.follow_up()

    assert citizen.journal.count() == failed_sign_ins.LINES_AN_HOUR


def test_a_stranger_writes_no_words_in_the_activity_of_somebody_else(client, citizen):
    words = "Appelez le 0899 70 70 70 urgent bot/1.0 (Windows NT 10.0)"
    try_password(client, citizen.email, HTTP_USER_AGENT=words)
    failed_sign_ins.follow_up()
    try_password(client, citizen.email, PASSWORD)

    assert "0899" not in client.get("/mon-espace/activite/").content.decode()


@pytest.mark.parametrize(
    ("page", "field"),
    [
        ("/confirmation-identite/", "password"),
        ("/mon-espace/identifiants/mot-de-passe/", "oldpassword"),
    ],
)
def test_a_borrowed_screen_is_no_place_to_guess_a_password(client, citizen, page, field):
    try_password(client, citizen.email, PASSWORD)

    answers = [client.post(page, {field: "faux"}).status_code for _ in range(4)]
    with time_machine.travel(time.time() + 61):
        answers += [client.post(page, {field: "faux"}).status_code for _ in range(7)]

    assert answers == [200] * 10 + [429]
