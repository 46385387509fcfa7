"""The agents' pages about probable duplicates: who sees them, what they show, what they do."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from accounts import duplicates
from accounts.models import (
    Duplicate,
    DuplicateState,
    JournalKind,
    Merge,
    PersonalSpace,
    User,
)
from franceconnect.models import Link
from tests.accounts.agents import make_agent_with, sign_in_agent
from tests.accounts.duplicates import NEW, OLD, REASON, make_checked, make_pair, merge
from tests.accounts.factories import make_citizen

QUEUE = reverse("admin:accounts_duplicate_changelist")
RIGHTS = ("accounts.view_duplicate", "accounts.merge_spaces")
CONFIRMED = {"document": "passport", "recognised": "on", "reason": REASON}
ACTIONS = ("take", "leave", "dismiss", "preview", "merge")


@pytest.fixture
def pair(db):
    old = make_checked(OLD, phone="+33612345678", street="10 rue des Lilas")
    new = make_checked(NEW, given_names=["Inès"], phone="+33700000000")
    return make_pair(old, new)


@pytest.fixture
def agent(db):
    return make_agent_with(*RIGHTS)


@pytest.fixture
def inside(client, agent):
    return sign_in_agent(client, agent)


def address(pair, name="compare"):
    return reverse(f"admin:accounts_duplicate_{name}", args=[pair.pk])


def post(client, pair, name, data=None):
    return client.post(address(pair, name), data or {}, follow=True)


def words(response) -> str:
    return re.sub(r"\s+", " ", response.content.decode().replace("&nbsp;", " "))


def shown_by(page) -> str:
    return re.search(r'name="shown" value="(\w+)"', page.content.decode()).group(1)


# --- Who sees ---


def test_the_queue_shows_names_birth_dates_and_references_alone(inside, pair):
    page = words(inside.get(QUEUE))

    assert "1 paire à voir" in page
    assert "12 avril 1985" in page
    assert pair.first.reference in page
    for datum in ("Lilas", "06 12 34 56 78", OLD, NEW):
        assert datum not in page
    assert not pair.first.user.journal.exists()


def test_whoever_only_sees_cannot_decide(client, pair):
    viewer = sign_in_agent(client, make_agent_with("accounts.view_duplicate"))

    assert viewer.get(QUEUE).status_code == 200
    assert "<form" not in viewer.get(address(pair)).content.decode().split("<h1")[1]
    for name in (*ACTIONS, "undo"):
        assert viewer.post(address(pair, name)).status_code == 403
        assert viewer.get(address(pair, name)).status_code == 403


@pytest.mark.parametrize("rights", [(), ("accounts.merge_spaces", "accounts.view_personalspace")])
def test_whoever_may_not_see_is_refused(client, pair, rights):
    other = sign_in_agent(client, make_agent_with(*rights))

    assert other.get(QUEUE).status_code == 403
    for name in ("compare", *ACTIONS, "undo"):
        assert other.post(address(pair, name)).status_code == 403
    assert Client().get(QUEUE).status_code == 302


def test_an_empty_queue_says_so(inside):
    assert "Aucun doublon à voir" in words(inside.get(QUEUE))


def test_fifty_pairs_a_page_in_few_queries(inside, django_assert_max_num_queries):
    people = [make_citizen(f"n{number}@rivemont.example") for number in range(12)]
    for index, one in enumerate(people):
        for other in people[index + 1 :]:
            make_pair(one, other)

    with django_assert_max_num_queries(10):
        page = inside.get(QUEUE)

    assert page.content.decode().count("Comparer</button>") == 50
    assert "page 1 sur 2" in words(page)
    assert inside.get(QUEUE, {"page": "deux"}).status_code == 200


# --- The comparison ---


def test_opening_a_comparison_opens_both_files_once(inside, agent, pair):
    inside.get(address(pair))
    inside.get(address(pair))

    for space in pair.spaces:
        line = space.user.journal.get()
        assert (line.kind, line.actor) == (JournalKind.FILE_OPENED, agent)


def test_differences_are_told_in_words(inside, pair):
    page = words(inside.get(address(pair)))

    assert re.search(r"Nom de naissance <span[^>]*><span[^>]*>=</span> identique", page)
    assert re.search(r"Prénoms <span[^>]*><span[^>]*>≈</span> écrit autrement", page)
    assert re.search(r"Téléphone <span[^>]*><span[^>]*>≠</span> différent", page)


def test_links_show_their_platform_and_level_never_the_identifier(inside, pair, settings):
    issuer = settings.FRANCECONNECT["issuer"]
    Link.objects.create(issuer=issuer, sub="the-sub", citizen=pair.first.user, level="eidas1")

    page = words(inside.get(address(pair)))

    assert "FranceConnect (eidas1)" in page
    assert "the-sub" not in page


def test_a_comparison_costs_few_queries(inside, pair, django_assert_max_num_queries):
    post(inside, pair, "take")

    with django_assert_max_num_queries(45):
        inside.get(address(pair))


def test_files_are_offered_to_whoever_may_open_them(inside, pair):
    assert "Dossier de l’espace" not in words(inside.get(address(pair)))

    agent = make_agent_with(*RIGHTS, "accounts.view_personalspace", email="tout@rivemont.example")
    other = sign_in_agent(Client(), agent)

    assert words(other.get(address(pair))).count("Dossier de l’espace") == 2


def test_looking_takes_nothing(inside, pair):
    inside.get(address(pair))

    assert Duplicate.objects.get().locked_by is None


# --- The lock ---


def test_a_colleague_is_told_who_is_at_work_and_cannot_act(inside, pair):
    colleague = make_agent_with(*RIGHTS, email="deux@rivemont.example")
    duplicates.take(pair.pk, colleague)

    for page in (inside.get(QUEUE), inside.get(address(pair))):
        told = f"Un collègue ({colleague.agent_reference}) s’en occupe depuis"
        assert told in words(page)
    for name in ("take", "dismiss", "preview", "merge"):
        page = post(inside, pair, name, CONFIRMED | {"survivor": "first"})
        assert "Un collègue s’en occupe" in words(page)
    post(inside, pair, "leave")
    assert Duplicate.objects.get().holder == colleague
    assert Duplicate.objects.get().is_waiting


def test_whoever_has_not_taken_the_pair_is_asked_to(inside, pair):
    page = post(inside, pair, "dismiss", {"reason": REASON})

    assert "Reprenez-la, puis recommencez" in words(page)
    assert Duplicate.objects.get().state == DuplicateState.TO_SEE


def test_a_pair_is_taken_and_left(inside, agent, pair):
    page = post(inside, pair, "take")
    assert "Vous vous en occupez jusqu’à" in words(page)
    assert Duplicate.objects.get().holder == agent

    post(inside, pair, "leave")
    assert Duplicate.objects.get().holder is None


@pytest.mark.parametrize("name", ACTIONS)
def test_a_get_changes_nothing(inside, pair, name):
    inside.get(address(pair, name))

    assert Duplicate.objects.get().locked_by is None


def test_every_form_needs_its_token(agent, pair):
    strict = sign_in_agent(Client(enforce_csrf_checks=True), agent)

    for name in (*ACTIONS, "undo"):
        assert strict.post(address(pair, name), CONFIRMED).status_code == 403


# --- Deciding ---


def test_a_pair_is_dismissed_with_a_reason(inside, pair):
    post(inside, pair, "take")
    refused = post(inside, pair, "dismiss", {"reason": ""})
    assert "Dites pourquoi" in words(refused)

    page = post(inside, pair, "dismiss", {"reason": REASON})

    assert "ne reviendra plus" in words(page)
    assert Duplicate.objects.get().state == DuplicateState.DISMISSED
    assert "déjà traitée" in words(inside.get(address(pair), follow=True))
    assert "déjà traitée" in words(post(inside, pair, "take"))


WISH = {"survivor": "first", "phone": "second", "address": "first", "email": "first"}


def preview(client, pair, wish=WISH):
    post(client, pair, "take")
    return post(client, pair, "preview", wish | {"identity": "second"})


def test_the_preview_shows_the_result_and_changes_nothing(inside, pair):
    page = words(preview(inside, pair))

    assert "07 00 00 00 00" in page
    assert "06 12 34 56 78" not in page
    assert "Inès" in page
    assert not Merge.objects.exists()
    assert User.objects.filter(is_active=False).count() == 0


def test_a_merge_writes_what_the_preview_showed(inside, pair):
    shown = shown_by(preview(inside, pair))

    page = post(inside, pair, "merge", WISH | CONFIRMED | {"identity": "second", "shown": shown})

    assert "n’en font qu’un" in words(page)
    space = PersonalSpace.objects.get(pk=pair.first_id)
    assert (space.phone, space.given_names) == ("+33700000000", ["Inès"])
    assert not User.objects.get(space=pair.second_id).is_active
    assert space.user.journal.get(kind=JournalKind.SPACES_MERGED).means == "passeport"


@pytest.mark.parametrize("missing", list(CONFIRMED))
def test_nothing_is_merged_without_every_confirmation(inside, pair, missing):
    data = WISH | CONFIRMED | {"identity": "second", "shown": shown_by(preview(inside, pair))}

    page = post(inside, pair, "merge", data | {missing: ""})

    assert "errorlist" in page.content.decode()
    assert 'name="phone" value="second"' in page.content.decode()
    assert not Merge.objects.exists()


def test_what_changed_meanwhile_is_shown_before_it_is_confirmed_again(inside, pair):
    data = WISH | CONFIRMED | {"identity": "second", "shown": shown_by(preview(inside, pair))}
    PersonalSpace.objects.filter(pk=pair.second_id).update(phone="+33799999999")

    page = post(inside, pair, "merge", data)

    assert "a changé depuis l’aperçu" in words(page)
    assert "07 99 99 99 99" in words(page)
    assert "n’en font qu’un" in words(post(inside, pair, "merge", data | {"shown": shown_by(page)}))


@pytest.mark.parametrize("wish", [{}, {"survivor": "third"}, WISH | {"phone": "x"}])
def test_a_forged_choice_is_shown_to_be_chosen_again(inside, pair, wish):
    for name in ("preview", "merge"):
        post(inside, pair, "take")
        page = post(inside, pair, name, wish | CONFIRMED)
        assert page.status_code == 200
        assert "errorlist" in page.content.decode()
    assert not Merge.objects.exists()


def test_a_refusal_is_told_before_anything_is_chosen(inside, pair):
    PersonalSpace.objects.update(identity_provenance="declared", identity_checked_at=None)

    page = words(post(inside, pair, "take"))

    assert "Vérifiez-la au guichet" in page
    assert "Voir l’aperçu" not in page


# --- Taking it back ---


def test_a_merge_is_undone_with_a_reason(inside, agent, pair):
    merge(pair, agent)
    assert "Annuler la réunion de" in words(inside.get(QUEUE))
    page = words(inside.get(address(pair, "undo")))
    assert "redeviendra comme avant" in page
    assert "errorlist" in post(inside, pair, "undo", {"reason": "x"}).content.decode()

    done = words(post(inside, pair, "undo", {"reason": "Ce sont deux sœurs jumelles."}))

    assert "La réunion est annulée" in done
    assert "réunion annulée" in done
    assert User.objects.filter(is_active=False).count() == 0
    assert "déjà annulée" in words(post(inside, pair, "undo", {"reason": REASON}))


def test_the_page_of_an_undo_says_what_stays(inside, agent, pair):
    merge(pair, agent)
    made = Merge.objects.get()
    PersonalSpace.objects.filter(pk=made.survivor_id).update(phone="+33799999999", city="Rezé")

    page = words(inside.get(address(pair, "undo")))

    assert "Annuler la réunion</button>" in page
    assert made.reference in page


def test_a_refused_undo_says_why(inside, agent, pair, settings):
    merge(pair, agent)
    settings.SECRET_KEY_FALLBACKS = []
    User.objects.filter(space=pair.first_id).update(is_active=False)

    page = words(inside.get(address(pair, "undo")))

    assert "L’accès à l’un de ces espaces est bloqué" in page
    assert "Annuler la réunion</button>" not in page
