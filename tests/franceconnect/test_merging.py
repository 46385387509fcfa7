"""Links when two spaces are made one, or that is taken back; row 8; and two requests at once."""

# The fixture of test_concurrency is asked for by its name.
# ruff: noqa: F401, F811

from contextlib import suppress
from dataclasses import replace

import pytest
from django.db import transaction
from django.db.models import Count
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts import duplicates
from accounts.credentials import has_local_way_in
from accounts.merge_plan import Wish
from accounts.merge_rules import MergeRefused
from accounts.models import (
    Duplicate,
    DuplicateKind,
    DuplicateState,
    JournalKind,
    Merge,
    PersonalSpace,
    User,
)
from franceconnect import linking, merging
from franceconnect.exceptions import FranceConnectError, LinkRefused
from franceconnect.models import EndCause, Link
from tests.accounts.duplicates import NEW, OLD, make_checked, make_pair, merge, undo
from tests.accounts.factories import make_agent, make_citizen
from tests.franceconnect.test_concurrency import at_once, in_a_request, pending

PLUS = "https://fcp.example/api/v2"


def tie(user, sub="the-sub", issuer=None):
    link = Link.objects.create(
        issuer=issuer or pending().issuer, sub=sub, citizen=user, level="eidas1"
    )
    PersonalSpace.objects.filter(user=user).update(identity_provenance="franceconnect")
    return link


@pytest.fixture
def old(db):
    """Opened with a password, years ago."""
    return make_checked(OLD)


@pytest.fixture
def new(db):
    """Opened with FranceConnect alone."""
    user = make_checked(None, contact_email=NEW)
    tie(user)
    return user


@pytest.fixture
def pair(old, new):
    return make_pair(old, new)


def holder_of(sub="the-sub"):
    return Link.objects.active().get(sub=sub).citizen


def space_of(user):
    return PersonalSpace.objects.get(user=user)


def refusal(act, *args):
    with pytest.raises(MergeRefused) as refused:
        act(*args)
    return refused.value.code


# --- What becomes of the links ---


def test_the_link_comes_over_with_its_certified_identity(old, new, pair, agent):
    merge(pair, agent)

    assert holder_of() == old
    assert space_of(old).is_certified
    assert linking.apply_sign_in(
        Link.objects.get(), acr="eidas1", identity=pending().identity
    ) == User.objects.get(pk=old.pk)


def test_two_identities_of_one_platform_are_two_persons(old, new, pair, agent):
    tie(old, "another-sub")

    assert refusal(merge, pair, agent) == "two_persons"
    assert holder_of() == new


def test_an_ended_link_is_no_second_person(old, new, pair, agent):
    link = tie(old, "another-sub")
    linking.end_links(Link.objects.filter(pk=link.pk), EndCause.CITIZEN)

    assert merge(pair, agent)


def test_links_of_both_platforms_meet_in_one_space(old, new, pair, agent):
    tie(old, "plus-sub", PLUS)

    merge(pair, agent)

    assert {link.sub for link in Link.objects.filter(citizen=old)} == {"the-sub", "plus-sub"}


def test_an_undo_moves_the_link_back(old, new, pair, agent):
    merge(pair, agent)

    undo(pair, agent)

    assert holder_of() == new
    assert not space_of(old).is_certified
    assert space_of(new).is_certified


def test_an_undo_leaves_no_identity_certified_without_a_link(old, new, pair, agent):
    """FranceConnect has corrected it since: it is not as it was merged, and stays, as declared."""
    merge(pair, agent)
    linking.apply_sign_in(Link.objects.get(), acr="eidas1", identity=pending().identity)

    assert "identity" in undo(pair, agent)

    assert space_of(old).identity_provenance != "franceconnect"


def test_no_undo_gives_back_a_space_that_nothing_opens(old, new, pair, agent):
    merge(pair, agent)
    linking.end_links(Link.objects.all(), EndCause.CITIZEN)

    assert refusal(undo, pair, agent) == "no_way_in_after"
    assert Merge.objects.exists()
    assert not User.objects.get(pk=new.pk).is_active


def test_no_undo_takes_away_the_last_way_in(old, new, pair, agent):
    """Certified since the merge, its owner gave up the password that they no longer needed."""
    merge(pair, agent)
    User.objects.filter(pk=old.pk).update(email=None)

    assert refusal(undo, pair, agent) == "no_way_in_after"
    assert holder_of() == old


def test_agents_read_platforms_and_levels(old, new):
    tie(old, "plus-sub", PLUS)

    words = merging.ties([old, new])

    assert words[new.pk] == ["FranceConnect (eidas1)"]
    assert "sub" not in str(words)


# --- Row 8 ---


def create(**identity):
    waiting = replace(pending(), identity=replace(pending().identity, **identity))
    return linking.apply_creation(waiting, contact_email="")


def test_whoever_makes_a_second_space_reaches_the_queue(old):
    PersonalSpace.objects.filter(user=old).update(gender="female")

    created = create()

    pair = Duplicate.objects.get()
    assert (pair.kind, pair.first.user, pair.second.user) == (
        DuplicateKind.CERTIFIED,
        old,
        created,
    )


@pytest.mark.usefixtures("old")
def test_whoever_is_new_reaches_no_queue():
    create(given_names=("Rose",))

    assert not Duplicate.objects.exists()


def test_row_8_is_the_page_of_row_5(traveller):
    """Word for word: the queue is the agents' alone."""
    ours = make_citizen(None, given_names=["Inès"])
    pages = []
    for _ in range(2):
        traveller.come_back(traveller.identify(traveller.leave()))
        pages.append(traveller.client.get(reverse("franceconnect:first_time")))
        traveller.client.cookies.clear()
        PersonalSpace.objects.filter(user=ours).update(birthdate_text="1961-01-01")

    assert pages[0].status_code == 200
    assert pages[0].templates[0].name == pages[1].templates[0].name
    assert "doublon" not in pages[0].content.decode()
    assert not Duplicate.objects.exists()


# --- Whatever is done, in whatever order ---

PEOPLE = ("ines", "marc")
actions = st.one_of(
    st.tuples(st.just("register"), st.sampled_from(PEOPLE)),
    st.tuples(st.just("create"), st.sampled_from(PEOPLE), st.booleans()),
    st.tuples(st.just("link"), st.integers(0, 5), st.booleans()),
    st.tuples(st.just("unlink"), st.integers(0, 5), st.booleans()),
    st.tuples(st.just("merge"), st.integers(0, 5), st.integers(0, 5), st.booleans()),
    st.tuples(st.just("undo"), st.integers(0, 5)),
)


class Town:
    """Spaces of two persons, and an agent who merges and undoes what the rules let through."""

    def __init__(self):
        self.agent = make_agent("guichet@rivemont.example")
        self.people: list[tuple[User, str]] = []
        self.opened: set[int] = set()

    @staticmethod
    def identity(person):
        return {"birth_family_name": person.upper(), "given_names": [person.title()]}

    def pending(self, person, is_plus):
        identity = replace(
            pending().identity, family_name=person.upper(), given_names=(person.title(),)
        )
        issuer = PLUS if is_plus else pending().issuer
        return replace(pending(f"sub-of-{person}"), issuer=issuer, identity=identity)

    def one(self, index):
        return self.people[index % len(self.people)] if self.people else (None, "")

    def register(self, person):
        email = f"n{len(self.people)}@rivemont.example"
        self.people.append((make_checked(email, **self.identity(person)), person))

    def create(self, person, is_plus):
        with suppress(LinkRefused), transaction.atomic():
            user = linking.apply_creation(self.pending(person, is_plus), contact_email="")
            self.people.append((user, person))

    def link(self, index, is_plus):
        user, person = self.one(index)
        if user:
            with suppress(LinkRefused):
                linking.apply_link(user, self.pending(person, is_plus))

    def unlink(self, index, is_plus):
        user, _ = self.one(index)
        if user:
            with suppress(LinkRefused):
                linking.apply_unlink(user, PLUS if is_plus else pending().issuer)

    def merge(self, one, other, keeps_second):
        (first, person), (second, somebody) = self.one(one), self.one(other)
        # The agent's own part: whoever stands there owns both spaces.
        if first is None or first == second or person != somebody:
            return
        keys = sorted((first.space.pk, second.space.pk))
        pair, _ = Duplicate.objects.get_or_create(
            first_id=keys[0], second_id=keys[1], defaults={"kind": DuplicateKind.NEAR}
        )
        wish = Wish("second" if keeps_second else "first")
        with suppress(MergeRefused, duplicates.AlreadyDecided, duplicates.NotYours):
            merge(pair, self.agent, wish)

    def undo(self, index):
        merges = list(Merge.objects.order_by("pk"))
        if merges:
            with suppress(MergeRefused):
                undo(merges[index % len(merges)].duplicate, self.agent)

    def check(self):
        active = Link.objects.active()
        for keys in (("issuer", "sub"), ("citizen", "issuer")):
            assert not active.values(*keys).annotate(n=Count("pk")).filter(n__gt=1).exists()
        for user, person in self.people:
            user = User.objects.get(pk=user.pk)
            links = list(active.filter(citizen=user))
            assert {link.sub for link in links} <= {f"sub-of-{person}"}
            made = Merge.objects.filter(absorbed__user=user).first()
            if made:
                assert not user.is_active
                assert not links
            else:
                assert user.is_active
                assert links or has_local_way_in(user)
            assert bool(links) or not PersonalSpace.objects.get(user=user).is_certified or made


@pytest.fixture
def both_platforms(settings):
    settings.FRANCECONNECT = settings.FRANCECONNECT | {
        "client_id": "portail",
        "client_secret": "secret",
    }
    settings.FRANCECONNECT_PLUS = settings.FRANCECONNECT_PLUS | {
        "issuer": PLUS,
        "client_id": "portail",
        "client_secret": "secret",
        "encryption_key": "a key",
    }


@pytest.mark.usefixtures("db", "both_platforms")
@settings(
    max_examples=60,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(actions, min_size=4, max_size=14))
def test_no_sequence_leaves_two_links_on_one_sub_or_anybody_outside(sequence):
    with transaction.atomic():
        town = Town()
        for name, *arguments in sequence:
            getattr(town, name)(*arguments)
            town.check()
        transaction.set_rollback(True)


# --- Two requests at once, each with its own connection ---

together = pytest.mark.django_db(transaction=True)


@pytest.fixture
def people():
    """Both spaces, their pair and two agents, as other connections see them."""
    old, new = make_checked(OLD), make_checked(None, contact_email=NEW)
    tie(new)
    agents = [make_agent(), make_agent("deux@rivemont.example")]
    return old, new, make_pair(old, new), agents


@together
def test_two_agents_at_once_take_one_pair_once(in_a_request, people):
    *_, pair, agents = people

    results = at_once(
        *[in_a_request(lambda agent=agent: duplicates.take(pair.pk, agent)) for agent in agents]
    )

    assert sorted(type(result).__name__ for result in results) == ["NoneType", "NotYours"]


@together
def test_a_double_click_on_merge_is_one_merge(in_a_request, people, mails):
    *_, pair, agents = people

    results = at_once(*[in_a_request(lambda: merge(pair, agents[0]))] * 2)

    assert sorted(type(result).__name__ for result in results) == ["AlreadyDecided", "Merge"]
    assert len(mails()) == 2


@together
def test_two_agents_who_undo_at_once_undo_once(in_a_request, people):
    old, new, pair, agents = people
    in_a_request(lambda: merge(pair, agents[0]))()

    results = at_once(*[in_a_request(lambda agent=agent: undo(pair, agent)) for agent in agents])

    assert sorted(type(result).__name__ for result in results) == ["MergeRefused", "tuple"]
    assert old.journal.filter(kind=JournalKind.MERGE_UNDONE).count() == 1
    assert Duplicate.objects.get().state == DuplicateState.UNDONE


@together
def test_one_space_in_two_pairs_at_once_is_set_aside_once(in_a_request, people):
    _, new, pair, agents = people
    other = make_pair(make_checked("trois@rivemont.example"), new)
    wishes = (Wish("first"), Wish("second" if other.first == new.space else "first"))

    results = at_once(
        in_a_request(lambda: merge(pair, agents[0], wishes[0])),
        in_a_request(lambda: merge(other, agents[1], wishes[1])),
    )

    assert sorted(type(result).__name__ for result in results) == ["Merge", "MergeRefused"]
    assert Merge.objects.count() == 1


@together
def test_a_sign_in_and_a_merge_at_once_are_one_after_the_other(in_a_request, people):
    old, new, pair, agents = people
    link = Link.objects.select_related("citizen__space").get()

    results = at_once(
        in_a_request(lambda: merge(pair, agents[0])),
        in_a_request(
            lambda: linking.apply_sign_in(link, acr="eidas1", identity=pending().identity)
        ),
    )

    assert isinstance(results[0], Merge | MergeRefused), results
    assert isinstance(results[1], User | FranceConnectError), results
    if isinstance(results[0], Merge):
        assert holder_of() == old
        assert not User.objects.get(pk=new.pk).is_active
    # Whoever was let in has a session of before the merge: it opens nothing.
    if isinstance(results[1], User):
        fresh = User.objects.get(pk=results[1].pk)
        assert results[1].get_session_auth_hash() != fresh.get_session_auth_hash() or isinstance(
            results[0], MergeRefused
        )


@together
def test_a_link_and_a_merge_at_once_leave_one_link_to_whoever_stays(
    in_a_request,
    people,
):
    old, new, pair, agents = people
    Link.objects.all().delete()
    PersonalSpace.objects.update(identity_provenance="counter")
    User.objects.filter(pk=new.pk).update(email=NEW)

    results = at_once(
        in_a_request(lambda: merge(pair, agents[0])),
        in_a_request(lambda: linking.apply_link(new, pending())),
    )

    assert isinstance(results[0], Merge | MergeRefused), results
    assert results[1] is None or isinstance(results[1], LinkRefused), results
    absorbed = User.objects.get(pk=new.pk)
    assert absorbed.is_active or not Link.objects.active().filter(citizen=absorbed).exists()
    assert Link.objects.active().count() <= 1
