"""Sending a mail again: what was told, to its citizen, and never what opens something."""

import re
from pathlib import Path

import pytest
from django.conf import settings as portal_settings
from django.urls import reverse
from django.utils import timezone
from post_office.models import STATUS, Email

from accounts import contact, desk, mail_journal, resending, services
from accounts.desk import NothingDone
from accounts.files import Act
from accounts.models import JournalKind, PersonalSpace
from tests.accounts.agents import make_agent_with, sign_in_agent
from tests.accounts.factories import make_citizen

TEMPLATES = Path(portal_settings.BASE_DIR) / "templates"
LINKED = "franceconnect/email/linked"
REASON = "La personne ne l’a pas reçu."


def send_all(status=STATUS.sent):
    """What the worker does: every queued mail leaves, or fails, and the journal says so."""
    Email.objects.filter(status=STATUS.queued).update(status=status, last_updated=timezone.now())
    mail_journal.record_outcomes()


@pytest.fixture
def act(agent):
    return Act(agent, REASON)


def told(citizen, template=LINKED, status=STATUS.sent, **context):
    """A line of the journal about a mail of this template, which has left."""
    facts = {"at": timezone.now(), "means": "FranceConnect", **context}
    services.notify(citizen.space, template, facts)
    send_all(status)
    return citizen.journal.filter(code=template).first()


@pytest.mark.parametrize("status", [STATUS.sent, STATUS.failed])
def test_a_notice_leaves_again_word_for_word(citizen, agent, act, mails, status):
    line = told(citizen, status=status)
    (first,) = mails()

    resending.resend(citizen.space, act, line)

    again = mails()[-1]
    assert again.pk != first.pk
    assert again.status == STATUS.queued
    assert (again.subject, again.message, again.html_message) == (
        first.subject,
        first.message,
        first.html_message,
    )
    entry = citizen.journal.get(kind=JournalKind.MAIL_RESENT)
    assert (entry.actor, entry.reason, entry.code) == (agent, REASON, LINKED)
    send_all()
    assert citizen.journal.filter(kind=JournalKind.MAIL_SENT, code=LINKED).exists()


def test_it_goes_to_the_addresses_of_today(citizen, act, mails):
    line = told(citizen)
    PersonalSpace.objects.update(contact_email="nouvelle@rivemont.example")

    resending.resend(citizen.space, act, line)

    assert [mail.to for mail in mails()[1:]] == [[citizen.email], ["nouvelle@rivemont.example"]]


def test_a_code_is_never_sent_again(citizen, act, mails):
    contact.send_code(citizen, "nouvelle@rivemont.example")
    send_all()
    line = citizen.journal.get(code="accounts/email/contact_code")

    assert resending.resendable(citizen.space, [line]) == set()
    with pytest.raises(NothingDone):
        resending.resend(citizen.space, act, line)
    assert len(mails()) == 1


@pytest.mark.parametrize("template", sorted(portal_settings.RESENDABLE_MAILS))
def test_no_mail_that_may_leave_again_opens_anything(template):
    for part in ("message.txt", "message.html"):
        source = (TEMPLATES / f"{template}_{part}").read_text()
        assert "mail/code" not in source
        assert not re.search(r"{{\s*(code|key|token|\w*url\w*)\b", source)
        assert set(re.findall(r"{% url '([\w:]+)'", source)) <= {"account_login"}


def test_what_is_no_longer_true_does_not_leave_again(citizen, act, mails):
    desk.start_erasure(citizen.space, act)
    send_all()
    line = citizen.journal.get(code="accounts/email/deletion_started")
    space = PersonalSpace.objects.get()
    assert resending.resendable(space, [line]) == {line.pk}

    desk.stop_erasure(space, act)

    assert resending.resendable(PersonalSpace.objects.get(), [line]) == set()


def test_twice_in_a_row_is_once(citizen, act, mails):
    line = told(citizen)
    resending.resend(citizen.space, act, line)

    with pytest.raises(NothingDone):
        resending.resend(citizen.space, act, line)

    assert len(mails()) == 2


def test_somebody_elses_mail_is_not_theirs_to_receive(citizen, stranger, act, mails):
    line = told(stranger)

    assert resending.resendable(citizen.space, [line]) == set()
    with pytest.raises(NothingDone):
        resending.resend(citizen.space, act, line)
    assert len(mails()) == 1


def test_a_mail_that_is_not_kept_any_more_is_not_offered(citizen):
    line = told(citizen)
    Email.objects.all().delete()

    assert resending.resendable(citizen.space, [line]) == set()


def test_without_an_address_nothing_leaves(db, act, mails):
    citizen = make_citizen("seule@rivemont.example")
    line = told(citizen)
    PersonalSpace.objects.update(contact_email="")
    type(citizen).objects.filter(pk=citizen.pk).update(email=None)

    with pytest.raises(NothingDone):
        resending.resend(citizen.space, act, line)

    assert len(mails()) == 1


def test_the_page_offers_it_shows_no_text_and_does_it(client, citizen, mails):
    line = told(citizen)
    sign_in_agent(client, make_agent_with("accounts.view_personalspace", "accounts.resend_mail"))
    url = reverse("admin:accounts_personalspace_resend_mail", args=[citizen.space.pk, line.pk])
    person = reverse("admin:accounts_personalspace_change", args=[citizen.space.pk])
    assert url in client.get(person).content.decode()

    page = client.get(url)
    response = client.post(url, {"reason": REASON})

    assert "La mairie ne reçoit ni identifiant" not in page.content.decode()
    assert response["Location"] == person
    assert len(mails()) == 2


@pytest.mark.parametrize("whose", ["code", "stranger", "nothing"])
def test_the_page_of_what_cannot_leave_again_does_not_exist(client, citizen, stranger, whose):
    contact.send_code(citizen, "nouvelle@rivemont.example")
    send_all()
    pk = {
        "code": citizen.journal.get().pk,
        "stranger": told(stranger).pk,
        "nothing": 977_977,
    }[whose]
    sign_in_agent(client, make_agent_with("accounts.view_personalspace", "accounts.resend_mail"))

    url = reverse("admin:accounts_personalspace_resend_mail", args=[citizen.space.pk, pk])

    assert client.get(url).status_code == 404


def test_who_may_not_resend_is_offered_nothing(client, citizen):
    line = told(citizen)
    sign_in_agent(client, make_agent_with("accounts.view_personalspace"))
    url = reverse("admin:accounts_personalspace_resend_mail", args=[citizen.space.pk, line.pk])

    page = client.get(reverse("admin:accounts_personalspace_change", args=[citizen.space.pk]))

    assert url not in page.content.decode()
    assert client.get(url).status_code == 403
