"""The end of a space: asked for, thought better of, done for good."""

import base64
import json
import pickle
import time
from datetime import timedelta
from io import StringIO

import pytest
import time_machine
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from post_office.models import STATUS, Email, Log

from accounts import contact, erasure, exports, journal
from accounts.models import (
    JournalEntry,
    JournalKind,
    PersonalSpace,
    User,
)
from tests.accounts.agents import sign_in_agent
from tests.accounts.factories import PASSWORD
from tests.accounts.test_space import PAGES, prove_again, sign_in

DELETE = "/mon-espace/supprimer/"
KEEP = "/mon-espace/suppression-demandee/"


@pytest.fixture
def owner(client, citizen):
    sign_in(client, citizen)
    prove_again(client)
    return client


@pytest.fixture
def leaver(owner, citizen):
    """Ines, who asked for her space to go."""
    owner.post(DELETE, {"confirm": "on"})
    citizen.refresh_from_db()
    return citizen


def kinds(citizen):
    return list(citizen.journal.values_list("kind", flat=True))


# --- Asked for ---


def test_nothing_is_asked_without_a_fresh_proof_and_a_tick(client, citizen):
    sign_in(client, citizen)
    unproven = client.post(DELETE, {"confirm": "on"})
    prove_again(client)
    unticked = client.post(DELETE)

    assert unproven["Location"].startswith("/confirmation-identite/")
    assert list(unticked.context["form"].errors) == ["confirm"]
    citizen.space.refresh_from_db()
    assert citizen.space.deletion_asked_at is None


def test_the_page_says_what_goes_what_stays_and_by_when(owner):
    with time_machine.travel("2026-03-02T10:00:00Z", tick=False):
        sign_in(owner, User.objects.get())
        prove_again(owner)
        text = owner.get(DELETE).content.decode()

    assert "Ce qui disparaît après le 16 mars 2026" in text
    assert "une ligne sans nom" in text.lower()
    assert "14&nbsp;jours" in text


def test_asking_starts_a_delay_and_erases_nothing(leaver, mails):
    assert leaver.space.deletion_asked_at is not None
    assert PersonalSpace.objects.get().birth_family_name == "PERRER"
    assert kinds(leaver)[:2] == [JournalKind.SIGNED_OUT, JournalKind.DELETION_ASKED]
    assert [mail.subject for mail in mails()] == ["Suppression de votre espace personnel demandée"]
    assert "Je garde mon espace" in mails()[0].message


def test_every_session_ends(citizen, owner):
    other = Client()
    sign_in(other, citizen)

    response = owner.post(DELETE, {"confirm": "on"})

    assert response["Location"] == "/"
    for browser in (owner, other):
        assert browser.get("/mon-espace/")["Location"].startswith("/connexion/")


def test_every_address_is_told(owner, citizen, mails):
    PersonalSpace.objects.update(contact_email="foyer@rivemont.example")

    owner.post(DELETE, {"confirm": "on"})

    assert sorted(mail.to[0] for mail in mails()) == [
        "foyer@rivemont.example",
        "ines.perrer@rivemont.example",
    ]


def test_asking_twice_is_asking_once(citizen, rf, mails):
    assert erasure.ask_deletion(citizen)
    asked_at = PersonalSpace.objects.get().deletion_asked_at

    assert not erasure.ask_deletion(citizen)
    assert PersonalSpace.objects.get().deletion_asked_at == asked_at
    assert len(mails()) == 1


# --- Thought better of ---


@pytest.mark.parametrize("page", [*PAGES, "/mon-espace/mes-donnees/"])
def test_signing_in_leads_every_page_to_the_choice(client, leaver, page):
    sign_in(client, leaver)

    assert client.get(page)["Location"] == KEEP
    assert client.post(page)["Location"] == KEEP


def test_the_choice_says_when_and_costs_no_query(client, leaver, django_assert_num_queries):
    sign_in(client, leaver)
    client.get(KEEP)

    with django_assert_num_queries(2):
        page = client.get(KEEP)

    assert "Je garde mon espace" in page.content.decode()


def test_public_pages_stay_open_during_the_delay(client, leaver):
    sign_in(client, leaver)

    assert client.get("/").status_code == 200
    assert client.get("/aide/franceconnect/").status_code == 200
    assert client.post("/deconnexion/")["Location"] == "/"


def test_a_kept_space_is_as_it_was(client, leaver, mails):
    sign_in(client, leaver)

    response = client.post(KEEP)

    assert response["Location"] == "/mon-espace/"
    assert PersonalSpace.objects.get().deletion_asked_at is None
    assert kinds(leaver)[0] == JournalKind.DELETION_CANCELLED
    assert mails()[-1].subject == "Vous gardez votre espace personnel"
    assert client.get("/mon-espace/profil/").status_code == 200


def test_a_get_keeps_nothing(client, leaver):
    sign_in(client, leaver)
    client.get(KEEP)

    assert PersonalSpace.objects.get().deletion_asked_at is not None


def test_keeping_twice_says_so_once(client, leaver, mails):
    sign_in(client, leaver)
    client.post(KEEP)
    again = client.post(KEEP)

    assert again["Location"] == client.get(KEEP)["Location"] == "/mon-espace/"
    assert kinds(leaver).count(JournalKind.DELETION_CANCELLED) == 1


def test_the_choice_is_its_owner_s_alone(client, leaver, stranger, agent):
    other, staff = Client(), Client()
    sign_in(other, stranger)
    sign_in_agent(staff, agent)

    other.post(KEEP)

    assert Client().post(KEEP)["Location"].startswith("/connexion/")
    assert staff.post(KEEP).status_code == 403
    assert other.get("/mon-espace/").status_code == 200
    assert PersonalSpace.objects.get(user=leaver).deletion_asked_at is not None


def test_signing_in_alone_does_not_keep_it(client, leaver):
    sign_in(client, leaver)
    later(days=15)

    assert not User.objects.filter(pk=leaver.pk).exists()


# --- Done for good ---


def later(days):
    """The purge of so many days from now."""
    with time_machine.travel(time.time() + days * 86400):
        call_command("purge", execute=True, stdout=StringIO())


def test_a_space_goes_after_fourteen_days_not_before(leaver, stranger):
    later(days=13)
    assert User.objects.filter(pk=leaver.pk).exists()

    later(days=15)

    assert list(User.objects.all()) == [stranger]
    assert list(EmailAddress.objects.values_list("user", flat=True)) == [stranger.pk]


def test_a_line_without_a_name_remains(leaver):
    later(days=15)

    entry = JournalEntry.objects.get()
    assert (entry.kind, entry.code) == (JournalKind.SPACE_DELETED, "deleted")
    assert (entry.citizen_id, entry.device, entry.network) == (None, "", "")


def test_the_last_mail_goes_to_every_address_and_says_nothing_else(leaver, mails):
    later(days=15)

    (mail,) = mails()
    assert mail.to == ["ines.perrer@rivemont.example"]
    assert mail.subject == "Votre espace personnel est supprimé"
    assert "PERRER" not in mail.message + mail.html_message + str(mail.headers)


def test_the_last_mail_goes_once_it_has_left(leaver):
    later(days=15)
    later(days=16)
    assert Email.objects.count() == 1
    Email.objects.update(status=STATUS.sent)

    later(days=16)

    assert not Email.objects.exists()


def test_an_agent_is_never_erased(agent):
    with pytest.raises(ValueError, match="agents"):
        erasure.erase([agent], erasure.AS_ASKED)

    assert User.objects.filter(pk=agent.pk).exists()


def test_a_citizen_become_agent_is_not_purged(leaver):
    User.objects.update(is_staff=True)

    later(days=15)

    assert User.objects.filter(pk=leaver.pk).exists()


def test_the_mails_of_whoever_shares_the_address_stay(leaver, stranger, mails):
    PersonalSpace.objects.update(contact_email=leaver.email)
    erasure.services.notify(
        PersonalSpace.objects.get(user=stranger),
        "accounts/email/space_opened",
        {"at": timezone.now()},
    )

    erasure.erase([User.objects.get(pk=leaver.pk)], erasure.AS_ASKED)

    subjects = [mail.subject for mail in mails()]
    assert subjects.count("Votre espace personnel est supprimé") == 1
    assert len(subjects) == 3


# --- Nothing is left ---


def fill(citizen, agent):
    """A trace of this person in every place that can hold one."""
    space = citizen.space
    EmailAddress.objects.create(user=citizen, email="neuve.perrer@rivemont.example")
    Authenticator.objects.create(
        user=citizen, type="webauthn", data={"name": "Clé PERRER", "credential": {}}
    )
    contact.send_code(citizen, "nouvelle.perrer@ailleurs.example")
    exports.ask_export(citizen)
    exports.make_waiting_exports()
    journal.record(JournalKind.FILE_OPENED, citizen=citizen, actor=agent, capacity="état civil")
    former = "ancienne.perrer@rivemont.example"
    erasure.services.send_mail("accounts/email/contact_changed", former, {"space": space})
    mail = Email.objects.latest("pk")
    Log.objects.create(email=mail, status=STATUS.failed, message=f"550 no such user {former}")
    LogEntry.objects.create(
        user=agent,
        content_type=ContentType.objects.get_for_model(PersonalSpace),
        object_id=str(space.pk),
        object_repr=str(space),
        action_flag=CHANGE,
        change_message="PERRER",
    )


def everything_stored() -> str:
    """Every column of every row of every table, encoded sessions and pickled cache opened."""
    pieces = []
    for model in apps.get_models(include_auto_created=True):
        for row in model._base_manager.values():
            pieces.append(json.dumps(row, default=_readable, ensure_ascii=False))
    pieces += [json.dumps(session.get_decoded()) for session in Session.objects.all()]
    pieces += [f"{key} {pickle.loads(value)!r}" for key, value in cache._cache.items()]  # noqa: S301 ours
    return "\n".join(pieces)


def _readable(value):
    return _inflated(bytes(value)) if isinstance(value, bytes | memoryview) else str(value)


def _inflated(archive: bytes) -> str:
    return base64.b64encode(archive).decode() if archive[:2] != b"PK" else f"archive {len(archive)}"


def test_no_table_and_no_cache_holds_the_person_any_more(
    owner, citizen, stranger, agent, settings, tmp_path
):
    settings.MEDIA_ROOT = tmp_path
    reference, password = citizen.space.reference, citizen.password
    PersonalSpace.objects.filter(user=citizen).update(street="7 allée des Libellules")
    citizen.space.refresh_from_db()
    fill(citizen, agent)
    traces = ["perrer", "Libellules", reference, password, owner.session.session_key]
    assert all(trace.lower() in everything_stored().lower() for trace in traces)
    assert "archive " in everything_stored()

    erasure.erase([User.objects.get(pk=citizen.pk)], erasure.AS_ASKED)
    Email.objects.filter(subject="Votre espace personnel est supprimé").update(status=STATUS.sent)
    call_command("purge", execute=True, stdout=StringIO())

    left = everything_stored().lower()
    assert [trace for trace in traces if trace.lower() in left] == []
    assert "archive " not in left
    assert "rousset" in left
    assert LogEntry.objects.get().user == agent
    assert not list(tmp_path.rglob("*"))
    assert owner.get("/mon-espace/")["Location"].startswith("/connexion/")


def test_the_journal_lines_an_agent_wrote_go_with_the_person(citizen, agent):
    journal.record(JournalKind.FILE_OPENED, citizen=citizen, actor=agent, capacity="état civil")

    erasure.erase([citizen], erasure.AS_ASKED)

    assert JournalEntry.objects.count() == 1
    assert User.objects.filter(pk=agent.pk).exists()


def test_sessions_of_others_stay(owner, citizen, stranger):
    other = Client()
    other.post("/connexion/", {"login": stranger.email, "password": PASSWORD})

    erasure.erase([User.objects.get(pk=citizen.pk)], erasure.AS_ASKED)

    assert other.get("/mon-espace/").status_code == 200
    assert Session.objects.count() == 1


def test_a_session_kept_in_the_cache_goes_from_there_too(client, citizen, settings):
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
    sign_in(client, citizen)
    key = client.session.session_key
    assert any(key in name for name in cache._cache)

    erasure.erase([User.objects.get(pk=citizen.pk)], erasure.AS_ASKED)

    assert not any(key in name for name in cache._cache)
    assert not Session.objects.exists()


def test_the_date_of_the_erasure_follows_the_setting(settings):
    settings.RETENTION = settings.RETENTION | {"deletion_days": 3}
    asked_at = timezone.now()

    assert erasure.deletion_date(asked_at) == asked_at + timedelta(days=3)
