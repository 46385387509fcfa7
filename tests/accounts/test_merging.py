"""Two spaces of one person made one, and taken back: the rules, what is written, who is told."""

import datetime
from datetime import timedelta

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from accounts import counter, desk, duplicates, erasure, exports, merging, services
from accounts.codes import make_code, redeem_code
from accounts.credentials import read_credentials
from accounts.files import Act
from accounts.merge_plan import Wish, make_plan, packed, unpacked
from accounts.merge_rules import MergeRefused, best_survivor
from accounts.models import (
    CodePurpose,
    Duplicate,
    DuplicateState,
    JournalKind,
    Merge,
    PersonalSpace,
    User,
)
from accounts.retention import all_categories
from tests.accounts.duplicates import NEW, OLD, REASON, make_checked, make_pair, merge, undo
from tests.accounts.factories import PASSWORD, make_agent

FRANCE = "https://fc.example"


@pytest.fixture
def old(db):
    """A space of years ago."""
    return make_checked(OLD, phone="+33612345678", usual_name="DUMAS")


@pytest.fixture
def new(db):
    return make_checked(NEW, phone="+33700000000", street="2 rue Neuve", city="Rezé")


@pytest.fixture
def pair(old, new):
    return make_pair(old, new)


def refusal(pair, agent, wish=None):
    with pytest.raises(MergeRefused) as refused:
        merge(pair, agent, wish)
    assert not Merge.objects.exists()
    return refused.value.code


def space_of(user):
    return PersonalSpace.objects.get(user=user)


def everything(*users):
    """All of these citizens but what merges may move on: the journal, mails, epochs."""
    spaces = PersonalSpace.objects.filter(user__in=users).order_by("pk").values()
    rows = User.objects.filter(pk__in=[user.pk for user in users]).order_by("pk")
    return list(spaces), list(rows.values("pk", "email", "password", "is_active"))


# --- What is written ---


def test_each_group_comes_from_where_the_agent_said(old, new, pair, agent):
    merge(pair, agent, Wish("first", {"phone": "second", "address": "second", "email": "first"}))

    space = space_of(old)
    assert (space.phone, space.city, space.usual_name) == ("+33700000000", "Rezé", "DUMAS")
    assert space.contact_email == OLD


def test_what_the_survivor_lacks_comes_from_the_other(old, new, pair, agent):
    PersonalSpace.objects.filter(user=new).update(phone="")

    merge(pair, agent, Wish("second"))

    assert (space_of(new).phone, space_of(new).usual_name) == ("+33612345678", "DUMAS")


def test_an_identity_is_one_block(old, new, pair, agent):
    PersonalSpace.objects.filter(user=new).update(
        given_names=["Inès", "Rose"], birthplace="44109", gender="female"
    )

    merge(pair, agent, Wish("first", {"identity": "second"}))

    space = space_of(old)
    assert (space.given_names, space.birthplace) == (["Inès", "Rose"], "44109")


@pytest.mark.parametrize("survivor", ["first", "second"])
def test_a_certified_identity_wins_whatever_is_asked(old, new, pair, agent, survivor):
    PersonalSpace.objects.filter(user=new).update(
        identity_provenance="franceconnect", given_names=["Inès"]
    )

    merge(pair, agent, Wish(survivor, {"identity": "first"}))

    kept = space_of(old if survivor == "first" else new)
    assert (kept.given_names, kept.is_certified) == (["Inès"], True)


def test_contact_details_of_two_origins_are_as_sure_as_the_weaker(old, new, pair, agent):
    PersonalSpace.objects.filter(user=old).update(contact_provenance="counter")

    merge(pair, agent, Wish("first", {"email": "first", "phone": "second"}))

    assert space_of(old).contact_provenance == "declared"


def test_values_are_written_down_to_the_microsecond(old):
    names = [field.attname for field in PersonalSpace._meta.concrete_fields]
    values = {name: getattr(space_of(old), name) for name in names}

    assert unpacked(packed(values)) == values


# --- What opens the result ---


def test_the_space_set_aside_opens_to_nobody(old, new, pair, agent):
    merge(pair, agent)

    client = Client()
    for email, opens in ((OLD, True), (NEW, False)):
        client.post("/connexion/", {"login": email, "password": PASSWORD})
        assert ("_auth_user_id" in client.session) is opens
        client.logout()


def test_nobody_unblocks_a_space_set_aside(old, new, pair, agent):
    """An undo alone opens it again, with what it held."""
    merge(pair, agent)

    with pytest.raises(desk.NothingDone):
        desk.unblock(space_of(new), Act(agent, REASON))

    assert not User.objects.get(pk=new.pk).is_active


def test_neither_password_nor_passkey_comes_over(old, new, pair, agent):
    Authenticator.objects.create(user=new, type="webauthn", data={"name": "x", "credential": {}})

    merge(pair, agent)

    kept = read_credentials(User.objects.get(pk=old.pk))
    assert (kept.passkeys, User.objects.get(pk=old.pk).email) == ((), OLD)
    assert User.objects.get(pk=old.pk).check_password(PASSWORD)


def test_every_session_and_code_of_both_ends(old, new, pair, agent):
    clients = []
    for email in (OLD, NEW):
        client = Client()
        client.post("/connexion/", {"login": email, "password": PASSWORD})
        assert client.get("/mon-espace/").status_code == 200
        clients.append(client)
    keys = [make_code(CodePurpose.CONTACT_EMAIL, user) for user in (old, new)]
    given = [counter.give_code(user.space, agent=agent, document="passport") for user in (old, new)]

    merge(pair, agent)

    assert [client.get("/mon-espace/").status_code for client in clients] == [302, 302]
    for key, code in keys:
        assert redeem_code(CodePurpose.CONTACT_EMAIL, key=key, code=code) is None
    assert [counter.find_code(code) for code in given] == [None, None]


# --- What is refused ---


def test_an_unchecked_identity_is_refused(old, new, pair, agent):
    """Else whoever signs up in somebody's name waits to be given their space."""
    PersonalSpace.objects.filter(user=new).update(
        identity_provenance="declared", identity_checked_at=None
    )

    assert refusal(pair, agent) == "unchecked"


@pytest.mark.parametrize(
    ("fields", "code"), [({"is_staff": True}, "agent"), ({"is_active": False}, "blocked")]
)
def test_agents_and_blocked_people_are_refused(new, pair, agent, fields, code):
    User.objects.filter(pk=new.pk).update(**fields)

    assert refusal(pair, agent) == code


def test_a_space_that_is_leaving_is_refused(new, pair, agent):
    PersonalSpace.objects.filter(user=new).update(deletion_asked_at=timezone.now())

    assert refusal(pair, agent) == "deletion"


def test_two_different_certified_identities_are_refused(old, new, pair, agent):
    PersonalSpace.objects.update(identity_provenance="franceconnect")
    PersonalSpace.objects.filter(user=new).update(birthdate_text="1986-04-12")

    assert refusal(pair, agent) == "certified_differ"


def test_a_space_that_nothing_would_open_is_not_kept(agent):
    closed, open_ = make_checked(None), make_checked(NEW)
    pair = make_pair(closed, open_)

    assert refusal(pair, agent, Wish("first")) == "no_way_in"
    assert merge(pair, agent, Wish("second")).survivor == open_.space


def test_a_space_with_a_second_factor_is_not_given_to_one_without(old, new, pair, agent):
    User.objects.filter(pk=new.pk).update(wants_email_code=True)

    assert refusal(pair, agent, Wish("first")) == "weaker_door"
    assert best_survivor(Duplicate.objects.get()) == "second"
    assert merge(pair, agent, Wish("second"))


def test_what_changed_since_the_preview_is_shown_again(old, new, pair, agent):
    shown = make_plan(old.space, new.space, Wish("first")).fingerprint()
    services.update_space(space_of(old), {"phone": "+33799999999"})
    duplicates.take(pair.pk, agent)
    grounds = merging.Grounds(agent, REASON)

    with pytest.raises(MergeRefused) as refused:
        merging.merge(pair.pk, Wish("first"), shown=shown, grounds=grounds)

    assert refused.value.code == "changed"


def test_only_whoever_took_the_pair_decides(old, new, pair, agent):
    duplicates.take(pair.pk, make_agent("deux@rivemont.example"))
    shown = make_plan(old.space, new.space, Wish("first")).fingerprint()

    with pytest.raises(duplicates.NotYours):
        merging.merge(pair.pk, Wish("first"), shown=shown, grounds=merging.Grounds(agent, REASON))


def test_the_database_sets_a_space_aside_once(old, new, pair, agent):
    made = merge(pair, agent)
    again = make_pair(make_checked("trois@rivemont.example"), new)

    with pytest.raises(IntegrityError), transaction.atomic():
        Merge.objects.create(
            duplicate=again, survivor=again.second, absorbed=made.absorbed, merged_by=agent
        )


def test_no_pair_of_a_space_set_aside_waits_for_anybody(old, new, pair, agent):
    make_pair(new, make_checked("trois@rivemont.example"))

    merge(pair, agent)

    assert not Duplicate.objects.waiting().exists()


# --- Who is told ---


def test_both_journals_say_who_why_and_on_what(old, new, pair, agent):
    made = merge(pair, agent)

    for person in (old, new):
        line = person.journal.get(kind=JournalKind.SPACES_MERGED)
        assert (line.actor, line.reason, line.means) == (agent, REASON, "passeport")
        assert line.reference == made.reference


def test_every_address_of_both_is_told_even_one_that_goes(old, new, pair, agent, mails):
    PersonalSpace.objects.filter(user=old).update(contact_email="foyer@rivemont.example")
    PersonalSpace.objects.filter(user=new).update(contact_email="foyer@rivemont.example")
    merge(pair, agent, Wish("first"))

    sent = {mail.to[0]: mail.message for mail in mails()}
    assert sorted(sent) == sorted([OLD, NEW, "foyer@rivemont.example"])
    assert "qui le remplace" in sent[NEW]
    assert "reconnectez-vous" in sent[OLD]
    assert not [mail for mail in mails() if "PERRER" in mail.subject]


# --- Taking it back ---


def test_an_undo_makes_both_what_they_were(old, new, pair, agent):
    before = everything(old, new)
    merge(pair, agent, Wish("first", dict.fromkeys(["phone", "address", "email"], "second")))

    assert undo(pair, agent) == ()

    assert everything(old, new) == before
    assert not Merge.objects.exists()
    assert Duplicate.objects.get().state == DuplicateState.UNDONE


def test_what_its_owner_changed_since_stays_and_is_said(old, new, pair, agent):
    merge(pair, agent, Wish("first", {"phone": "second", "address": "second"}))
    services.update_space(space_of(old), {"phone": "+33788888888"})

    assert undo(pair, agent) == ("phone",)

    assert (space_of(old).phone, space_of(old).city) == ("+33788888888", "Nantes")


def test_an_undo_is_journalled_told_and_ends_every_session(old, new, pair, agent, mails):
    merge(pair, agent)
    client = Client()
    client.post("/connexion/", {"login": OLD, "password": PASSWORD})
    count = len(mails())

    undo(pair, agent)

    for person in (old, new):
        assert person.journal.get(kind=JournalKind.MERGE_UNDONE).actor == agent
    assert {mail.to[0] for mail in mails()[count:]} == {OLD, NEW}
    assert client.get("/mon-espace/").status_code == 302


def test_an_undo_comes_too_late_after_seven_days(pair, agent):
    merge(pair, agent)

    later = timezone.now() + timedelta(days=7, minutes=1)
    with time_machine.travel(later), pytest.raises(MergeRefused) as refused:
        undo(pair, agent)

    assert refused.value.code == "too_late"


def test_the_latest_merge_is_undone_first(old, new, pair, agent):
    merge(pair, agent)
    third = make_pair(old, make_checked("trois@rivemont.example"))
    merge(third, agent)

    with pytest.raises(MergeRefused) as refused:
        undo(pair, agent)

    assert refused.value.code == "newer"
    undo(third, agent)
    undo(pair, agent)


def test_an_undo_happens_once(pair, agent):
    merge(pair, agent)
    undo(pair, agent)

    with pytest.raises(MergeRefused) as refused:
        undo(pair, agent)

    assert refused.value.code == "undone"


def test_another_key_says_so_and_changes_nothing(pair, agent, settings):
    merge(pair, agent)
    settings.SECRET_KEY = "another key, and the former is lost"

    with pytest.raises(MergeRefused) as refused:
        undo(pair, agent)

    assert refused.value.code == "unreadable"


# --- Time, export, erasure ---


def purge():
    for category in all_categories():
        assert not category.run().failed


def test_what_is_sealed_goes_after_seven_days_with_the_space_set_aside(
    old, new, pair, agent, mails
):
    merge(pair, agent)
    told = len(mails())
    purge()
    assert User.objects.filter(pk=new.pk).exists()

    with time_machine.travel(timezone.now() + timedelta(days=7, minutes=1)):
        purge()

    assert not User.objects.filter(pk=new.pk).exists()
    assert not Merge.objects.exists()
    assert not Duplicate.objects.exists()
    assert len(mails()) <= told
    assert space_of(old)


def test_the_journal_of_the_space_set_aside_outlives_it(old, new, pair, agent):
    at = timezone.now() - datetime.timedelta(days=30)
    merging.journal.record(JournalKind.SIGNED_IN, citizen=new, means="clé d’accès", at=at)
    merge(pair, agent)

    with time_machine.travel(timezone.now() + timedelta(days=7, minutes=1)):
        purge()

    assert old.journal.get(kind=JournalKind.SIGNED_IN).at == at


def test_an_erased_survivor_takes_what_was_set_aside_for_it(old, new, pair, agent):
    merge(pair, agent)
    old.refresh_from_db()

    erasure.erase([old], erasure.AS_ASKED)

    assert not User.objects.filter(pk__in=[old.pk, new.pk]).exists()


def test_a_copy_holds_what_was_set_aside_and_nobody_else(old, new, pair, agent):
    stranger = make_checked("etranger@rivemont.example", birth_family_name="ETRANGER")
    make_pair(old, stranger)
    merge(pair, agent)

    (section,) = [s for s in exports.sections_of(old) if s.key == "duplicates"]

    assert len(section.data["possible_duplicates"]) == 2
    assert section.data["set_aside"][0]["contact"]["phone"] == "+33700000000"
    assert "ETRANGER" not in str(section.data)
    assert stranger.space.reference not in str(section.data)
