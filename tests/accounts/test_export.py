"""« Mes données »: everything about its owner, nothing of anybody else, no secret."""

import json
import re
import time
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.db import DatabaseError, IntegrityError, transaction
from django.test import Client
from django.utils import timezone
from post_office.models import Email

from accounts import counter, exports, journal, services
from accounts.codes import make_code
from accounts.models import (
    CodePurpose,
    DataExport,
    IdentityDocument,
    JournalKind,
    PersonalSpace,
    TypedForm,
)
from tests.accounts import schema
from tests.accounts.agents import sign_in_agent
from tests.accounts.factories import make_agent
from tests.accounts.test_space import prove_again, sign_in

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "export-schema.json").read_text("utf-8"))
PAGE = "/mon-espace/mes-donnees/"
DOWNLOAD = "/mon-espace/mes-donnees/telecharger/"


@pytest.fixture
def owner(client, citizen):
    sign_in(client, citizen)
    return client


@pytest.fixture
def few_lines(monkeypatch):
    """Any journal is long."""
    monkeypatch.setattr(exports, "LINES_AT_ONCE", 0)


def files_of(archive: bytes) -> dict[str, str]:
    with zipfile.ZipFile(BytesIO(archive)) as files:
        return {name: files.read(name).decode() for name in files.namelist()}


def data_of(user) -> dict:
    return json.loads(files_of(exports.make_archive(user))["donnees.json"])


def fill(citizen):
    """Something of everything that can be held."""
    PersonalSpace.objects.filter(user=citizen).update(
        usual_name="DUMAS", phone="+33612345678", identity_checked_at=timezone.now()
    )
    secret = {"name": "Téléphone d’Ines", "credential": {"id": "secret-of-the-passkey"}}
    Authenticator.objects.create(user=citizen, type=Authenticator.Type.WEBAUTHN, data=secret)
    Authenticator.objects.create(
        user=citizen, type=Authenticator.Type.TOTP, data={"secret": "secret-of-the-app"}
    )
    make_code(CodePurpose.CONTACT_EMAIL, citizen)
    agent = make_agent()
    journal.record(JournalKind.FILE_OPENED, citizen=citizen, actor=agent, capacity="état civil")
    second = make_agent("second@rivemont.example")
    for act, who in ((counter.ask_code, second), (counter.give_code, agent)):
        act(citizen.space, agent=who, document=IdentityDocument.PASSPORT)
    counter.ask_code(citizen.space, agent=second, document=IdentityDocument.PASSPORT)
    TypedForm.objects.create(owner=citizen, path="/mon-espace/profil/modifier/", content="sealed")
    citizen.refresh_from_db()
    services.notify(citizen.space, "accounts/email/space_opened", {"at": timezone.now()})


def test_the_archive_follows_the_documented_schema(owner, citizen):
    fill(citizen)

    data = data_of(citizen)

    assert list(schema.problems(data, SCHEMA, root=SCHEMA)) == []


def test_the_schema_check_sees_what_is_wrong(citizen):
    data = data_of(citizen)
    data["identity"]["gender"] = "x"
    data["space"]["extra"] = 1
    del data["contact"]

    found = list(schema.problems(data, SCHEMA, root=SCHEMA))

    assert len(found) == 3


def test_everything_held_is_in_the_archive(owner, citizen):
    fill(citizen)

    data = data_of(citizen)

    assert data["identity"]["birth_family_name"] == "PERRER"
    assert data["identity"]["provenance"]["source"] == "declared"
    assert data["contact"]["phone"] == "+33612345678"
    assert data["address"]["city"] == "Nantes"
    assert data["credentials"]["login_email"] == "ines.perrer@rivemont.example"
    assert data["credentials"]["has_password"]
    assert [key["name"] for key in data["credentials"]["passkeys"]] == ["Téléphone d’Ines"]
    assert data["credentials"]["has_authenticator_app"]
    assert [session["network"] for session in data["sessions"]] == ["réseau local"]
    purposes = ["counter_request", "counter", "contact_email"]
    assert [code["purpose"] for code in data["codes"]] == purposes
    assert [form["page"] for form in data["unsent_forms"]] == ["/mon-espace/profil/modifier/"]
    assert len(data["journal"]) == citizen.journal.count() == 5
    assert data["journal"][1]["by_an_agent"]
    assert data["journal"][3]["capacity"] == "état civil"
    assert [mail["to"] for mail in data["mails"]] == ["ines.perrer@rivemont.example"] * 4


def test_no_secret_is_in_the_archive(owner, citizen):
    fill(citizen)
    code = "731904"
    Email.objects.create(
        from_email="portail@rivemont.example",
        to=citizen.email,
        subject="Votre code",
        message=f"Voici : {code}",
        html_message=f"<p>{code}</p>",
    )

    text = "".join(files_of(exports.make_archive(citizen)).values())

    assert "Votre code" in text
    for secret in (citizen.password, "secret-of-the", code, owner.session.session_key):
        assert secret not in text
    assert "agent@rivemont.example" not in text


def test_another_s_mails_are_not_mine_whatever_address_i_type(citizen, stranger):
    """A contact e-mail is not verified: to type somebody's gives nothing of theirs."""
    services.notify(stranger.space, "accounts/email/space_opened", {"at": timezone.now()})
    PersonalSpace.objects.filter(user=citizen).update(contact_email=stranger.email)
    citizen.refresh_from_db()

    assert data_of(citizen)["mails"] == []
    assert len(data_of(stranger)["mails"]) == 1


def test_a_couple_shares_an_address_and_each_has_their_own_mails(citizen, stranger):
    PersonalSpace.objects.filter(user=stranger).update(contact_email=citizen.email)
    stranger.refresh_from_db()
    services.notify(stranger.space, "accounts/email/space_opened", {"at": timezone.now()})

    assert data_of(citizen)["mails"] == []
    assert len(data_of(stranger)["mails"]) == 2


def test_the_readable_page_needs_nothing_else(owner, citizen):
    fill(citizen)

    page = files_of(exports.make_archive(citizen))["donnees.html"]

    assert '<html lang="fr">' in page
    assert page.count("<h1>") == 1
    assert not re.search(r"<script|<link|\ssrc=|https?://|@import", page)
    for text in ("PERRER", "DUMAS", "Téléphone d’Ines", "10 avenue Victor Hugo", "état civil"):
        assert text in page
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_a_name_is_text_in_the_readable_page(citizen):
    PersonalSpace.objects.filter(user=citizen).update(usual_name="<script>alert(1)</script>")
    citizen.refresh_from_db()

    assert "<script>" not in files_of(exports.make_archive(citizen))["donnees.html"]


def test_the_copy_is_downloaded_and_journalled(owner, citizen):
    response = owner.post(DOWNLOAD)

    assert response.status_code == 200
    assert response["Content-Type"] == "application/zip"
    assert response["Content-Disposition"] == 'attachment; filename="mes-donnees.zip"'
    assert "no-store" in response["Cache-Control"]
    assert set(files_of(response.content)) == {"donnees.json", "donnees.html"}
    assert citizen.journal.first().kind == JournalKind.DATA_EXPORTED
    assert not DataExport.objects.exists()


def test_a_get_downloads_nothing(owner, citizen):
    assert owner.get(DOWNLOAD)["Location"] == "/mon-espace/mes-donnees/"
    assert JournalKind.DATA_EXPORTED not in citizen.journal.values_list("kind", flat=True)


def test_the_copy_is_given_to_its_owner_alone(owner, citizen, stranger, agent):
    other, staff = Client(), Client()
    sign_in(other, stranger)
    sign_in_agent(staff, agent)

    assert Client().post(DOWNLOAD)["Location"].startswith("/connexion/")
    assert staff.post(DOWNLOAD).status_code == 403
    theirs = files_of(other.post(DOWNLOAD).content)["donnees.json"]
    assert "ROUSSET" in theirs
    assert "PERRER" not in theirs


def test_an_old_session_proves_itself_before_the_copy(owner, citizen):
    with time_machine.travel(time.time() + 601):
        page, refused = owner.get(PAGE), owner.post(DOWNLOAD)
        prove_again(owner)
        given = owner.post(DOWNLOAD)

    assert not page.context["is_proven"]
    assert DOWNLOAD not in page.content.decode()
    assert refused["Location"] == f"/confirmation-identite/?next={PAGE.replace('/', '%2F')}"
    assert given.status_code == 200


def test_copies_are_limited(owner):
    answers = [owner.post(DOWNLOAD).status_code for _ in range(6)]

    assert answers == [200] * 5 + [429]


def test_the_page_says_what_is_kept_and_how_long(owner, settings):
    settings.RETENTION = settings.RETENTION | {"journal_months": 9}

    page = owner.get(PAGE)

    assert "9&nbsp;mois" in page.content.decode()


def test_the_page_costs_the_same_whatever_is_held(owner, citizen, django_assert_max_num_queries):
    for _ in range(30):
        journal.record(JournalKind.SIGNED_IN, citizen=citizen)
    owner.get(PAGE)

    with django_assert_max_num_queries(6):
        owner.get(PAGE)


def test_the_archive_costs_the_same_whatever_is_held(citizen, django_assert_num_queries):
    def fill_and_count(expected):
        with django_assert_num_queries(expected):
            exports.make_archive(citizen)

    exports.make_archive(citizen)
    fill_and_count(13)
    for _ in range(30):
        journal.record(JournalKind.SIGNED_IN, citizen=citizen)
        services.notify(citizen.space, "accounts/email/space_opened", {"at": timezone.now()})
    fill_and_count(13)


# --- A long journal: the worker ---


@pytest.mark.usefixtures("few_lines")
def test_a_long_copy_is_made_by_the_worker_and_told_by_mail(owner, citizen, mails):
    asked = owner.post(DOWNLOAD)
    waiting = owner.get(PAGE)
    assert exports.make_waiting_exports() == 1
    ready = owner.get(PAGE)
    given = owner.post(DOWNLOAD)

    assert asked["Location"] == PAGE
    assert "se prépare" in waiting.content.decode()
    assert DOWNLOAD not in waiting.content.decode()
    assert "est prête" in ready.content.decode()
    assert set(files_of(given.content)) == {"donnees.json", "donnees.html"}
    assert [mail.subject for mail in mails()] == ["La copie de vos données est prête"]
    assert citizen.journal.first().kind == JournalKind.DATA_EXPORTED


@pytest.mark.usefixtures("few_lines")
def test_a_copy_made_is_given_to_its_owner_alone(owner, citizen, stranger):
    other = Client()
    sign_in(other, stranger)
    exports.ask_export(citizen)
    exports.make_waiting_exports()

    response = other.post(DOWNLOAD)

    assert response["Location"] == PAGE
    assert DataExport.objects.filter(citizen=stranger, made_at__isnull=True).exists()


@pytest.mark.usefixtures("few_lines")
def test_asking_twice_makes_one_copy(owner, citizen, mails):
    owner.post(DOWNLOAD)
    owner.post(DOWNLOAD)

    assert exports.make_waiting_exports() == 1
    assert exports.make_waiting_exports() == 0
    assert len(mails()) == 1


def test_a_copy_that_fails_stops_no_other(citizen, stranger, monkeypatch, caplog):
    exports.ask_export(citizen)
    exports.ask_export(stranger)
    make = exports.make_archive

    def fail_for_citizen(user):
        if user == citizen:
            raise DatabaseError("something personal")
        return make(user)

    monkeypatch.setattr(exports, "make_archive", fail_for_citizen)

    assert exports.make_waiting_exports() == 1
    assert DataExport.objects.get(made_at__isnull=False).citizen == stranger
    messages = [line.message for line in caplog.records if line.name == "accounts.exports"]
    assert messages == ["export failed: DatabaseError"]


def test_the_database_keeps_one_copy_a_person_whole_or_waiting(citizen):
    DataExport.objects.create(citizen=citizen)
    with pytest.raises(IntegrityError), transaction.atomic():
        DataExport.objects.create(citizen=citizen)
    with pytest.raises(IntegrityError), transaction.atomic():
        DataExport.objects.update(made_at=timezone.now())
