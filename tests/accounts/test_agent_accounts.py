"""The accounts of agents: invited, recovered, changed by themselves, told of each change."""

import re
from datetime import timedelta

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import agent_accounts, journal
from accounts.models import AgentInvitation, JournalKind, PersonalSpace, User
from accounts.open_sessions import handle_of
from franceconnect.models import Link
from tests.accounts.agents import give_app, make_agent_with, sign_in_agent
from tests.accounts.authenticators import totp
from tests.accounts.factories import PASSWORD, make_agent, make_citizen
from tests.franceconnect.test_concurrency import at_once

INVITATION, LOGIN, ACCESS = "/admin/invitation/", "/admin/login/", "/admin/mon-acces/"
NEW = "neuf oies sur le lac"
NEWCOMER = "nouvelle@rivemont.example"
REASON = "Téléphone perdu, vue ce matin à son bureau"


@pytest.fixture
def boss(agent):
    return agent


@pytest.fixture
def inside(client, boss):
    return sign_in_agent(client, boss)


@pytest.fixture
def colleague(db):
    return make_agent_with("accounts.view_personalspace", email="collegue@rivemont.example")


def invite(inside, email=NEWCOMER):
    inside.post(reverse("admin:accounts_user_add"), {"email": email})
    return User.objects.get(email=email)


def code_in(mail):
    return re.search(r"\b(\w{4}-){2}\w{4}\b", mail.message).group(0)


def accepts(client, code, *, email=NEWCOMER, password=NEW):
    return client.post(INVITATION, {"email": email, "code": code, "password": password})


def own(agent, kind):
    return journal.own_lines(agent).filter(kind=kind)


# --- Invitation


def test_an_agent_is_invited_and_chooses_a_password_then_enrols(inside, mails):
    invited = invite(inside)
    (mail,) = mails()
    browser = Client()

    response = accepts(browser, code_in(mail).lower().replace("-", " "))

    invited.refresh_from_db()
    assert mail.to == [NEWCOMER]
    assert code_in(mail) not in mail.subject
    assert mail.message.count(code_in(mail)) == 1  # and not in the address beside it
    assert invited.is_staff
    assert invited.check_password(NEW)
    assert response["Location"] == reverse("admin:agent_enrol")
    assert browser.get("/admin/").status_code == 302
    assert not AgentInvitation.objects.exists()


def test_only_a_digest_of_the_code_is_kept(inside, mails):
    invite(inside)

    row = AgentInvitation.objects.get()
    assert code_in(mails()[0]).replace("-", "") not in str(vars(row)).replace("-", "").upper()


def test_a_code_serves_once(inside, mails):
    invite(inside)
    code = code_in(mails()[0])
    accepts(Client(), code)

    again = accepts(Client(), code, password="une autre phrase longue")

    assert again.status_code == 200
    assert User.objects.get(email=NEWCOMER).check_password(NEW)


@pytest.mark.parametrize("days", [2, 4])
def test_a_code_lasts_three_days(inside, mails, days):
    invite(inside)
    with time_machine.travel(timezone.now() + timedelta(days=days)):
        accepts(Client(), code_in(mails()[0]))

    assert User.objects.get(email=NEWCOMER).has_usable_password() is (days < 3)


@pytest.mark.parametrize("fault", ["wrong code", "code of another", "unknown", "short password"])
def test_a_faulty_invitation_opens_nothing(inside, mails, fault):
    invite(inside)
    invite(inside, "autre.nouvelle@rivemont.example")
    mine, other = (code_in(mail) for mail in mails())
    values = {
        "wrong code": {"code": "7K3M-92QX-BCDF"},
        "code of another": {"code": other},
        "unknown": {"code": mine, "email": "personne@rivemont.example"},
        "short password": {"code": mine, "password": "court"},
    }[fault]

    response = accepts(Client(), **({"code": mine} | values))

    assert response.status_code == 200
    assert response.context["form"].errors
    assert not User.objects.get(email=NEWCOMER).has_usable_password()
    assert AgentInvitation.objects.count() == 2


def test_a_newer_code_takes_the_place_of_the_older(inside, mails):
    invited = invite(inside)
    inside.post(reverse("admin:accounts_user_invite", args=[invited.pk]))
    older, newer = (code_in(mail) for mail in mails())

    accepts(Client(), older)
    assert not User.objects.get(email=NEWCOMER).has_usable_password()
    accepts(Client(), newer)
    assert User.objects.get(email=NEWCOMER).check_password(NEW)


def test_looking_invites_nobody_again(inside, mails):
    invited = invite(inside)

    inside.get(reverse("admin:accounts_user_invite", args=[invited.pk]))
    inside.get(INVITATION)

    assert len(mails()) == 1


def test_whoever_has_a_password_is_not_invited_again(inside, colleague, mails):
    response = inside.post(reverse("admin:accounts_user_invite", args=[colleague.pk]))

    assert response.status_code == 403
    assert not mails()


def test_guessing_codes_is_slowed_down(inside, mails):
    invite(inside)
    browser = Client()
    for _ in range(5):
        accepts(browser, "7K3M-92QX-BCDF")

    accepts(browser, code_in(mails()[0]))

    assert not User.objects.get(email=NEWCOMER).has_usable_password()


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_of_two_requests_with_one_code_one_goes_on(mails):
    boss = make_agent()
    invited = User.objects.create_user(NEWCOMER, None, is_staff=True)
    agent_accounts.invite(invited, by=boss)
    code = code_in(mails()[0])

    outcomes = at_once(
        lambda: agent_accounts.accept(NEWCOMER, code, password=NEW),
        lambda: agent_accounts.accept(NEWCOMER, code, password="une autre phrase longue"),
    )

    assert sorted(outcome is None for outcome in outcomes) == [False, True]


# --- Recovery by another administrator


def recover(inside, agent, reason=REASON):
    return inside.post(reverse("admin:accounts_user_recover", args=[agent.pk]), {"reason": reason})


def test_a_colleague_who_lost_everything_is_let_in_again(inside, boss, colleague, mails):
    other_boss = make_agent("autre.chef@rivemont.example")
    give_app(colleague)
    theirs = sign_in_agent(Client(), colleague)

    recover(inside, colleague)

    colleague.refresh_from_db()
    assert theirs.get(ACCESS).status_code == 302
    assert not colleague.has_usable_password()
    assert not Authenticator.objects.filter(user=colleague).exists()
    line = own(boss, JournalKind.AGENT_RECOVERED).get()
    assert (line.reason, line.reference) == (REASON, colleague.agent_reference)
    told = {address for mail in mails() for address in mail.to}
    assert told == {colleague.email, other_boss.email}
    accepts(Client(), code_in(mails()[-1]), email=colleague.email)
    colleague.refresh_from_db()
    assert colleague.check_password(NEW)


def test_a_recovery_says_why(inside, colleague):
    response = recover(inside, colleague, reason="")

    assert response.status_code == 200
    assert "reason" in response.context["form"].errors
    assert User.objects.get(pk=colleague.pk).has_usable_password()


def test_looking_recovers_nobody(inside, colleague):
    inside.get(reverse("admin:accounts_user_recover", args=[colleague.pk]))

    assert User.objects.get(pk=colleague.pk).has_usable_password()


@pytest.mark.parametrize("case", ["oneself", "more rights", "blocked", "without the right"])
def test_nobody_is_recovered_by_whom_may_not(client, colleague, case):
    rights = ["accounts.view_user", "accounts.change_user", "accounts.view_personalspace"]
    if case != "without the right":
        rights.append("accounts.recover_agent")
    helper = make_agent_with(*rights, email="chef.adjoint@rivemont.example")
    target = {"oneself": helper, "more rights": make_agent("chef@rivemont.example")}
    User.objects.filter(pk=colleague.pk).update(is_active=case != "blocked")

    response = recover(sign_in_agent(client, helper), target.get(case, colleague))

    assert response.status_code == 403
    assert not AgentInvitation.objects.exists()


# --- What an administrator changes


def test_a_new_address_is_told_to_both_and_ends_invitations(inside, colleague, mails):
    old = colleague.email
    agent_accounts.invite(colleague, by=User.objects.get(is_superuser=True))
    page = reverse("admin:accounts_user_change", args=[colleague.pk])

    inside.post(page, {"email": "nouvelle.adresse@rivemont.example", "is_active": "on"})

    assert {mails()[-1].to[0], mails()[-2].to[0]} == {old, "nouvelle.adresse@rivemont.example"}
    assert not AgentInvitation.objects.exists()


def test_blocking_an_agent_ends_their_sessions_at_once(inside, boss, colleague):
    agent_accounts.invite(colleague, by=boss)
    theirs = sign_in_agent(Client(), colleague)
    page = reverse("admin:accounts_user_change", args=[colleague.pk])

    inside.post(page, {"email": colleague.email})

    assert theirs.get(ACCESS).status_code == 302
    assert not AgentInvitation.objects.exists()
    assert own(boss, JournalKind.AGENT_CHANGED).filter(code=agent_accounts.BLOCKED).exists()


# --- One's own access


def test_an_agent_sees_and_ends_their_own_sessions_alone(inside, boss, colleague):
    theirs = sign_in_agent(Client(), colleague)
    elsewhere = sign_in_agent(Client(), boss)
    foreign = handle_of(theirs.session.session_key)
    mine = handle_of(elsewhere.session.session_key)

    assert len(inside.get(ACCESS).context["sessions"]) == 2
    inside.post("/admin/mon-acces/fermer/", {"session": foreign})
    assert theirs.get(ACCESS).status_code == 200
    inside.post("/admin/mon-acces/fermer/", {"session": mine})
    assert elsewhere.get(ACCESS).status_code == 302
    assert inside.get(ACCESS).status_code == 200


def test_an_agent_ends_all_their_other_sessions(inside, boss):
    others = [sign_in_agent(Client(), boss) for _ in range(2)]

    inside.post("/admin/mon-acces/fermer/", {"others": ""})

    assert [other.get(ACCESS).status_code for other in others] == [302, 302]
    assert UserSession.objects.filter(user=boss).count() == 1


def test_a_new_password_ends_the_other_sessions_and_is_told(inside, boss, mails):
    other = sign_in_agent(Client(), boss)
    values = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}

    wrong = inside.post("/admin/password_change/", values | {"old_password": "faux"})
    inside.post("/admin/password_change/", values)

    assert wrong.status_code == 200
    assert User.objects.get(pk=boss.pk).check_password(NEW)
    assert inside.get(ACCESS).status_code == 200
    assert other.get(ACCESS).status_code == 302
    assert mails()[-1].to == [boss.email]
    assert own(boss, JournalKind.PASSWORD_CHANGED).exists()


def test_a_new_telephone_is_enrolled_after_the_old_one_is_proven(inside, boss):
    secret = give_app(boss)
    page = reverse("admin:agent_factor_change")
    values = {"wanted": "factor", "password": PASSWORD, "code": totp(secret)}

    wrong = inside.post(page, values | {"code": "000000"})
    right = inside.post(page, values)

    assert wrong.status_code == 200
    assert right["Location"] == reverse("admin:agent_enrol")
    assert inside.get("/admin/").status_code == 302
    assert not Authenticator.objects.filter(user=boss).exists()


def test_new_recovery_codes_are_shown_once_asked_with_the_factor(inside, boss):
    secret = give_app(boss)
    page = reverse("admin:agent_factor_change")

    response = inside.post(
        page, {"wanted": "codes", "password": PASSWORD, "code": totp(secret)}, follow=True
    )

    assert len(response.context["codes"]) == 10


def test_a_new_device_is_told_once(boss, mails):
    secret = give_app(boss)
    for number, agent_string in enumerate(("Firefox/130.0", "Firefox/130.0", "Chrome/129.0.0.0")):
        browser = Client(HTTP_USER_AGENT=f"Mozilla/5.0 (X11; Linux x86_64) {agent_string}")
        with time_machine.travel(timezone.now() + timedelta(minutes=2 * number + 1)):
            browser.post(LOGIN, {"username": boss.email, "password": PASSWORD})
            browser.post("/admin/connexion/code/", {"code": totp(secret)})
            assert browser.get(ACCESS).status_code == 200

    assert [mail.to for mail in mails()] == [[boss.email]]
    lines = own(boss, JournalKind.SIGNED_IN)
    assert lines.count() == 3
    assert not lines.filter(citizen__isnull=False).exists()


# --- Becoming an agent


def test_a_citizen_who_becomes_an_agent_keeps_no_way_in_of_a_citizen(citizen, settings):
    inside = Client()
    inside.post("/connexion/", {"login": citizen.email, "password": PASSWORD})
    assert inside.get("/mon-espace/").status_code == 200
    Link.objects.create(citizen=citizen, issuer=settings.FRANCECONNECT["issuer"], sub="a" * 64)
    Authenticator.objects.create(user=citizen, type="webauthn", data={})

    citizen.is_staff = True
    citizen.save()

    assert not Link.objects.active().exists()
    assert not Authenticator.objects.exists()
    assert inside.get("/mon-espace/").status_code == 302
    assert inside.get("/admin/").status_code == 302


def test_an_agent_is_given_no_personal_space(agent):
    values = {"birth_family_name": "PERRER", "given_names": ["Ines"]}

    with pytest.raises(ValueError, match="no personal space"):
        PersonalSpace.objects.create(user=agent, **values)


@pytest.mark.postgresql
def test_the_database_refuses_a_space_to_an_agent(agent):
    space = make_citizen().space

    with pytest.raises(IntegrityError), transaction.atomic():
        PersonalSpace.objects.filter(pk=space.pk).update(user=agent)
