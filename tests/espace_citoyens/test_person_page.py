"""One person on one page, and the acts that start from it."""

import re
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts import desk, journal, services
from accounts.admin.actions import ACTIONS
from accounts.files import Act
from accounts.models import (
    Commune,
    Country,
    IdentityDocument,
    JournalKind,
    PersonalSpace,
    Provenance,
    User,
)
from franceconnect.models import EndCause, Link
from tests.accounts.agents import make_agent_with, sign_in_agent
from tests.accounts.factories import PASSWORD, make_citizen
from tests.accounts.test_resending import send_all

VIEW = "accounts.view_personalspace"
REASON = "Demande de la personne, au guichet."
RIGHTS = {name: view.permission for name, (_, view) in ACTIONS.items() if name != "resend_mail"}


@pytest.fixture
def inside(client, agent):
    return sign_in_agent(client, agent)


def page_of(citizen, name="change", *args):
    return reverse(f"admin:accounts_personalspace_{name}", args=[citizen.space.pk, *args])


def text_of(response) -> str:
    text = re.sub(r"<[^>]+>", " ", response.content.decode())
    return " ".join(text.replace("&nbsp;", " ").replace("\u00a0", " ").split())


def link(citizen, settings, **fields):
    values = {
        "issuer": settings.FRANCECONNECT["issuer"],
        "sub": "the-secret-sub",
        "level": "eidas1",
        "created_at": timezone.now() - timedelta(days=30),
    }
    return Link.objects.create(citizen=citizen, **values | fields)


def test_the_page_says_what_is_known_and_where_it_comes_from(inside, citizen):
    Country.objects.create(code="99352", name="ALGERIE")
    PersonalSpace.objects.update(
        birthcountry="99100",
        birthplace="2A004",
        phone="+33612345678",
        identity_checked_at=timezone.now(),
        identity_provenance=Provenance.COUNTER,
    )

    text = text_of(inside.get(page_of(citizen)))

    for words in ("PERRER", "12 avril 1985", "vérifiée en mairie le", "France", "06 12 34 56 78"):
        assert words in text
    assert "99100" not in text
    assert "10 avenue Victor Hugo" in text
    assert "à vérifier" in text


def test_ties_are_shown_without_what_franceconnect_calls_the_person(inside, citizen, settings):
    link(citizen, settings, has_strong_mismatch=True)
    link(
        citizen,
        settings,
        sub="a-former-sub",
        ended_at=timezone.now(),
        end_cause=EndCause.CITIZEN,
        level="eidas2",
    )

    page = inside.get(page_of(citizen))

    text = text_of(page)
    for words in ("rattaché", "très différentes", "dissocié par le citoyen", "substantiel"):
        assert words in text
    assert "the-secret-sub" not in page.content.decode()
    assert "a-former-sub" not in page.content.decode()


def test_ways_in_are_counted_and_not_named(inside, citizen):
    for name in ("Téléphone de Paul", "Clé du bureau"):
        data = {"name": name, "credential": {}}
        Authenticator.objects.create(user=citizen, type="webauthn", data=data)

    text = text_of(inside.get(page_of(citizen)))

    assert f"E-mail de connexion {citizen.email}" in text
    assert "Mot de passe oui Clés d’accès 2 Double authentification non" in text
    assert "Téléphone de Paul" not in text


def test_open_sessions_are_listed(inside, citizen):
    Client(headers={"user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0"}).post(
        "/connexion/", {"login": citizen.email, "password": PASSWORD}
    )

    page = inside.get(page_of(citizen))

    assert "Firefox sur Linux" in text_of(page)
    assert len(page.context["sessions"]) == 1


def test_the_opening_is_journalled_before_the_page_is_given(inside, agent, citizen, monkeypatch):
    def refuse(*args):
        raise RuntimeError("the journal is full")

    inside.get(page_of(citizen))
    assert citizen.journal.get().kind == JournalKind.FILE_OPENED
    monkeypatch.setattr("accounts.files.record_opening", refuse)
    with pytest.raises(RuntimeError):
        inside.get(page_of(citizen))


def test_who_may_not_open_files_sees_nothing(client, citizen):
    agent = make_agent_with("accounts.correct_space", "accounts.block_space")
    sign_in_agent(client, agent)

    assert client.get(page_of(citizen)).status_code == 403
    for name in RIGHTS:
        assert client.get(page_of(citizen, name)).status_code == 403
    assert not citizen.journal.exists()


@pytest.mark.parametrize("name", RIGHTS)
def test_each_act_asks_for_its_own_right(client, citizen, name):
    others = {f"accounts.{right}" for right in RIGHTS.values()} - {f"accounts.{RIGHTS[name]}"}
    without = make_agent_with(VIEW, *others)
    holder = make_agent_with(VIEW, f"accounts.{RIGHTS[name]}", email="avec@rivemont.example")

    sign_in_agent(client, without)
    assert page_of(citizen, name) not in client.get(page_of(citizen)).content.decode()
    assert client.get(page_of(citizen, name)).status_code == 403
    assert client.post(page_of(citizen, name), {"reason": REASON}).status_code == 403
    sign_in_agent(client, holder)
    assert client.get(page_of(citizen, name)).status_code == 200


@pytest.mark.parametrize("name", RIGHTS)
def test_looking_at_an_act_does_nothing_and_a_reason_is_asked(inside, citizen, mails, name):
    before = PersonalSpace.objects.values().get()

    inside.get(page_of(citizen, name))
    assert citizen.journal.get().kind == JournalKind.FILE_OPENED
    page = inside.post(page_of(citizen, name), {"reason": "  "})

    assert "Donnez un motif" in text_of(page)
    assert PersonalSpace.objects.values().get() == before
    assert not mails()
    assert not citizen.journal.exclude(kind=JournalKind.FILE_OPENED).exists()


def test_a_reason_too_long_is_kept_and_refused(inside, citizen):
    reason = "x" * 201

    page = inside.post(page_of(citizen, "block"), {"reason": reason})

    assert reason in page.content.decode()
    assert User.objects.get(pk=citizen.pk).is_active


def sent_form(inside, citizen, name, **values):
    """What the page of this act shows, filled in, and sent."""
    form = inside.get(page_of(citizen, name)).context["form"]
    shown = {field.html_name: field.value() for field in form}
    shown = {
        key: form.fields[key].prepare_value(value)
        for key, value in shown.items()
        if value is not None
    }
    return inside.post(page_of(citizen, name), shown | {"reason": REASON} | values)


@pytest.mark.parametrize("name", RIGHTS)
def test_an_act_leads_back_to_the_person_and_says_what_was_done(inside, citizen, mails, name):
    Client().post("/connexion/", {"login": citizen.email, "password": PASSWORD})
    User.objects.filter(pk=citizen.pk).update(is_active=name != "unblock")
    asked_at = timezone.now() if name == "stop_erasure" else None
    PersonalSpace.objects.update(deletion_asked_at=asked_at)
    specific = {"check_identity": {"document": "passport"}, "correct": {"city": "Rezé"}}

    response = sent_form(inside, citizen, name, **specific.get(name, {}))

    assert response["Location"] == page_of(citizen)
    page = text_of(inside.get(page_of(citizen)))
    assert ACTIONS[name][1].done.replace("\u00a0", " ") in page
    assert f"Motif : {REASON}" in page
    assert mails()


def test_the_second_of_two_agents_reads_that_it_is_done(inside, agent, citizen, mails):
    desk.block(citizen.space, Act(agent, REASON))

    response = sent_form(inside, citizen, "block")

    assert "était déjà bloqué" in text_of(inside.get(response["Location"]))
    assert len(mails()) == 1


def test_a_correction_of_what_changed_meanwhile_keeps_what_was_typed(inside, citizen):
    shown = inside.get(page_of(citizen, "correct")).context["form"]
    seen = shown.initial["seen"]
    services.update_space(citizen.space, {"city": "Rezé"})

    page = sent_form(inside, citizen, "correct", seen=seen, city="Vertou")
    text = text_of(page)

    assert "Ce dossier a changé" in text
    assert "Enregistré maintenant : Rezé." in text
    assert page.context["form"]["city"].value() == "Vertou"
    assert PersonalSpace.objects.get().city == "Rezé"
    version = page.context["form"]["seen"].value()
    assert sent_form(inside, citizen, "correct", seen=version, city="Vertou").status_code == 302
    assert PersonalSpace.objects.get().city == "Vertou"


def test_what_was_typed_is_kept_and_each_error_is_tied_to_its_field(inside, citizen):
    page = sent_form(
        inside, citizen, "correct", birthdate="31/02/1985", postcode="123", contact_email="rien"
    )

    content = page.content.decode()
    for name, value in (
        ("birthdate", "31/02/1985"),
        ("postcode", "123"),
        ("contact_email", "rien"),
    ):
        assert page.context["form"][name].value() == value
        assert f'id="id_{name}_error"' in content
        assert f"id_{name}_error" in re.search(rf'<input[^>]+name="{name}"[^>]*>', content).group()


def test_a_certified_identity_is_read_only_even_when_the_form_is_forged(inside, citizen):
    services.certify_identity(citizen.space, services.Identity("PERRER", ("Ines",)))
    form = inside.get(page_of(citizen, "correct")).context["form"]
    assert "birth_family_name" not in form.fields

    sent_form(inside, citizen, "correct", birth_family_name="FAUX", birthplace="44109", city="Rezé")

    space = PersonalSpace.objects.get()
    assert (space.birth_family_name, space.birthplace, space.city) == ("PERRER", "", "Rezé")
    assert space.is_certified


def test_only_who_may_check_identities_says_that_a_document_was_seen(client, citizen):
    sign_in_agent(client, make_agent_with(VIEW, "accounts.correct_space"))

    sent_form(client, citizen, "correct", birth_family_name="AUTRE", document="passport")

    assert PersonalSpace.objects.get().identity_provenance == Provenance.DECLARED


def test_a_birthplace_is_typed_by_its_name_and_kept_as_its_code(inside, citizen):
    Commune.objects.create(code="44109", name="Nantes")

    sent_form(inside, citizen, "correct", birthplace="nantes", birthcountry="99100")

    space = PersonalSpace.objects.get()
    assert (space.birthplace, space.birthcountry) == ("44109", "99100")
    assert "Nantes (44)" in text_of(inside.get(page_of(citizen)))
    shown = inside.get(page_of(citizen, "correct")).context["form"]["birthplace"].value()
    assert shown == "Nantes (44)"


def test_a_name_that_several_communes_bear_asks_for_the_code(inside, citizen):
    for code in ("93066", "97411"):
        Commune.objects.create(code=code, name="Saint-Denis")

    page = sent_form(inside, citizen, "correct", birthplace="Saint-Denis")

    assert "Saint-Denis (93) : 93066" in text_of(page)
    sent_form(inside, citizen, "correct", birthplace="Saint-Denis (974)")
    assert PersonalSpace.objects.get().birthplace == "97411"


def test_a_town_of_no_list_is_kept_as_it_is_typed(inside, citizen):
    sent_form(inside, citizen, "correct", birthplace="Tizi Ouzou")

    assert PersonalSpace.objects.get().birthplace == "Tizi Ouzou"


def test_a_date_whose_day_is_unknown_stays_so_when_it_is_left_alone(inside, citizen):
    PersonalSpace.objects.update(birthdate=None, birthdate_text="1992-11-00")

    assert "1992-11-00" in text_of(inside.get(page_of(citizen, "correct")))
    sent_form(inside, citizen, "correct", city="Rezé")

    assert PersonalSpace.objects.get().birthdate_text == "1992-11-00"


def test_an_address_is_whole_or_empty(inside, citizen):
    page = sent_form(inside, citizen, "correct", street="")
    assert "Remplissez-le, ou videz toute l’adresse" in text_of(page)

    sent_form(inside, citizen, "correct", street="", postcode="", city="")
    assert PersonalSpace.objects.get().address_lines == []


def test_what_is_offered_follows_how_things_stand(inside, citizen):
    def offered():
        links = [url for url, _ in inside.get(page_of(citizen)).context["actions"]]
        return {name for name in [*RIGHTS, "give_code"] if page_of(citizen, name) in links}

    always = {"check_identity", "correct"}
    assert offered() == always | {"block", "start_erasure", "give_code"}
    Client().post("/connexion/", {"login": citizen.email, "password": PASSWORD})
    assert offered() == always | {"block", "start_erasure", "give_code", "end_sessions"}
    User.objects.filter(pk=citizen.pk).update(is_active=False)
    PersonalSpace.objects.update(deletion_asked_at=timezone.now())
    assert offered() - {"end_sessions"} == always | {"unblock", "stop_erasure"}


def test_an_unknown_document_is_refused(inside, citizen):
    page = sent_form(inside, citizen, "check_identity", document="library_card")

    assert page.status_code == 200
    assert PersonalSpace.objects.get().identity_provenance == Provenance.DECLARED


def test_no_page_of_an_agent_as_a_person(inside, citizen):
    User.objects.filter(pk=citizen.pk).update(is_staff=True)

    page = inside.get(page_of(citizen))

    assert "devenue agent" in text_of(page)
    assert page.context["actions"] == []


@pytest.mark.parametrize("name", ["change", *RIGHTS])
def test_a_person_who_does_not_exist(inside, name):
    url = reverse(f"admin:accounts_personalspace_{name}", args=[977])

    assert inside.get(url).status_code in (302, 404)


def test_notices_say_what_is_under_way_and_who_decided_it(inside, agent, citizen):
    act = Act(agent, REASON)
    desk.block(citizen.space, act)
    desk.start_erasure(citizen.space, act)
    PersonalSpace.objects.update(unused_warned_at=timezone.now())

    text = text_of(inside.get(page_of(citizen)))

    assert "Accès bloqué depuis le" in text
    assert f"par administration, {agent.agent_reference}" in text
    assert "Effacement demandé" in text
    assert "espace inutilisé sera effacé" in text
    assert page_of(citizen, "unblock") in inside.get(page_of(citizen)).content.decode()


def test_an_empty_space_has_a_whole_page(inside, db):
    citizen = make_citizen(None, birthdate=None, birthdate_text="", street="", postcode="", city="")

    text = text_of(inside.get(page_of(citizen)))

    for words in ("Aucune adresse", "Aucune session ouverte", "Personne n’a encore ouvert"):
        assert words in text


def crowd(citizen, settings, size):
    """A long life: lines, mails, ended links, passkeys."""
    for number in range(size):
        journal.record(JournalKind.SIGNED_IN, citizen=citizen)
        services.notify(citizen.space, "accounts/email/new_device", {"user": citizen})
        link(citizen, settings, sub=f"s{number}", ended_at=timezone.now(), end_cause="citizen")


def test_the_page_costs_the_same_whatever_the_life_of_the_person(inside, citizen, settings):
    def cost():
        with CaptureQueriesContext(connection) as queries:
            assert inside.get(page_of(citizen)).status_code == 200
        return len(queries)

    crowd(citizen, settings, 2)
    send_all()
    inside.get(page_of(citizen))
    few = cost()
    crowd(citizen, settings, 40)
    send_all()

    assert cost() <= few <= 20


def test_the_history_goes_page_by_page(inside, citizen):
    for number in range(60):
        journal.record(JournalKind.SIGNED_IN, citizen=citizen, reference=f"R{number:03d}")

    first, last = inside.get(page_of(citizen)), inside.get(page_of(citizen) + "?page=3")

    assert "R059" in text_of(first)
    assert "R000" not in text_of(first)
    assert "R000" in text_of(last)
    assert "Page 3 sur 3" in text_of(last)
    assert inside.get(page_of(citizen) + "?page=rien").status_code == 200


# --- A blocked citizen ---


def sign_in(client, citizen, password=PASSWORD):
    return client.post("/connexion/", {"login": citizen.email, "password": password}, follow=True)


def test_a_blocked_citizen_reads_a_reference_that_the_journal_finds(citizen, agent):
    desk.block(citizen.space, Act(agent, REASON))

    page = sign_in(Client(), citizen)

    reference = re.search(r'class="reference">(\w+)<', page.content.decode()).group(1)
    assert REASON not in page.content.decode()
    line = citizen.journal.get(kind=JournalKind.SIGN_IN_REFUSED)
    assert (line.reference, line.means, line.code) == (reference, "mot de passe", "blocked")
    desk_client = sign_in_agent(Client(), agent)
    found = desk_client.get(reverse("admin:accounts_journalentry_changelist"), {"q": reference})
    assert page_of(citizen) in found.content.decode()


def test_an_agent_without_the_journal_finds_the_person_by_the_reference_too(citizen, stranger):
    User.objects.filter(pk=citizen.pk).update(is_active=False)
    sign_in(Client(), citizen)
    reference = citizen.journal.get(kind=JournalKind.SIGN_IN_REFUSED).reference
    client = sign_in_agent(Client(), make_agent_with(VIEW))

    typed = {"recherche": reference.lower()}
    found = client.post(reverse("admin:accounts_personalspace_changelist"), typed)

    assert found.context["found"].spaces == [citizen.space]


def test_a_reference_is_not_looked_for_for_ever(citizen):
    old = timezone.now() - timedelta(days=91)
    journal.record(JournalKind.SIGN_IN_REFUSED, citizen=citizen, reference="B3N4DRND", at=old)

    assert not journal.people_told("B3N4DRND").exists()


def test_a_wrong_password_says_nothing_of_a_block(citizen, stranger, agent):
    desk.block(citizen.space, Act(agent, REASON))

    blocked = sign_in(Client(), citizen, "faux")
    other = sign_in(Client(), stranger, "faux")

    errors = [page.context["form"].non_field_errors() for page in (blocked, other)]
    assert errors[0] == errors[1]
    assert blocked.redirect_chain == other.redirect_chain == []
    assert not citizen.journal.filter(kind=JournalKind.SIGN_IN_REFUSED).exists()


def test_trying_again_and_again_is_one_line(citizen, agent):
    desk.block(citizen.space, Act(agent, REASON))

    references = {
        re.search(r'class="reference">(\w+)<', sign_in(Client(), citizen).content.decode()).group(1)
        for _ in range(3)
    }

    assert len(references) == 1
    assert citizen.journal.filter(kind=JournalKind.SIGN_IN_REFUSED).count() == 1


def test_the_page_of_a_block_says_no_reference_to_a_passer_by(client, db):
    page = client.get(reverse("account_inactive"))

    assert page.status_code == 200
    assert 'class="reference"' not in page.content.decode()


def test_a_document_is_named_and_its_number_has_no_field(inside, citizen):
    form = inside.get(page_of(citizen, "check_identity")).context["form"]

    assert set(form.fields) == {"seen", "document", "reason"}
    assert [key for key, _ in form.fields["document"].choices] == list(IdentityDocument.values)
