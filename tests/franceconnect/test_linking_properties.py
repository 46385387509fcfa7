"""Whatever people do, in whatever order: the promises that no sequence may break.

Each person has one `sub` at each platform, and acts in their own name, sometimes in a browser
where somebody else is signed in.
"""

import re
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.db.models import Count
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from post_office.models import Email

from accounts import counter as counter_codes
from accounts import erasure
from accounts.models import User
from franceconnect import conf, counter, linking, matching
from franceconnect.exceptions import LinkRefused
from franceconnect.identity import PivotIdentity
from franceconnect.linking import Decision
from franceconnect.models import Link
from franceconnect.state import Intent, PendingIdentity
from tests.accounts.factories import make_agent, make_citizen

ISSUERS = ("https://fc.example/api/v2", "https://fcp.example/api/v2")
PEOPLE = ("ines", "marc", "rose")
FIRST_TIME = (Decision.ASK_FIRST_TIME, Decision.ASK_PREPARED)
MAIL = "famille@rivemont.example"


def civil_status(person):
    """As an agent types it, accents and capitals aside."""
    return {
        "birth_family_name": person,
        "given_names": [person.title()],
        "gender": "female",
        "birthplace": "44109",
        "birthcountry": "99100",
        "contact_email": MAIL,
    }


def pending(issuer, person):
    return PendingIdentity(
        issuer=issuer,
        sub=f"sub-of-{person}",
        acr="eidas1",
        identity=PivotIdentity(
            person.upper(), (person,), "", "female", "1985-04-12", "44109", "99100", MAIL
        ),
        next_url="/mon-espace/",
        proven_at=time.time(),
    )


@dataclass
class Town:
    """The portal under any sequence of actions, and who owns which account in truth."""

    owners: dict[int, str] = field(default_factory=dict)
    registered: int = 0
    prepared: set[int] = field(default_factory=set)
    codes: dict[str, str] = field(default_factory=dict)

    def __post_init__(self):
        self.agent = make_agent("guichet@rivemont.example")

    def account_of(self, person, *, active=True):
        pks = [pk for pk, owner in self.owners.items() if owner == person]
        return User.objects.filter(pk__in=pks, is_staff=False, is_active=active).first()

    def register(self, person):
        self.registered += 1
        user = make_citizen(f"{person}{self.registered}@rivemont.example")
        self.owners[user.pk] = person

    def return_from(self, person, issuer, intent, session_of, choice):
        """`person` comes back from `issuer`, in a browser where `session_of` is signed in."""
        waiting = pending(issuer, person)
        session = (session_of and self.account_of(session_of)) or AnonymousUser()
        facts, link = linking.gather_facts(intent, session, waiting)
        decision = linking.decide(facts)
        if decision is Decision.SIGN_IN:
            user = linking.apply_sign_in(link, acr="eidas1", identity=waiting.identity)
            assert self.owners[user.pk] == person
        elif decision in FIRST_TIME and choice == "create":
            user = linking.apply_creation(waiting, contact_email="")
            self.owners[user.pk] = person
        elif decision is Decision.ASK_PREPARED and choice == "prepared":
            self.open_prepared(person, waiting)
        elif decision in FIRST_TIME and choice == "counter":
            self.type_counter_code(person, waiting)
        elif decision in FIRST_TIME and (own := self.account_of(person)):
            self.link(own, waiting)
        elif decision is Decision.ASK_LINK and self.owners[session.pk] == person:
            self.link(session, waiting)
        elif decision is Decision.REAUTHENTICATED:
            assert self.owners[session.pk] == person

    @staticmethod
    def link(user, waiting):
        with suppress(LinkRefused):
            linking.apply_link(user, waiting)

    def prepare(self, person):
        """An agent opens a space at the counter, for somebody who may have one already."""
        space = make_citizen(None, **civil_status(person), identity_provenance="counter").space
        self.owners[space.user_id] = person
        self.prepared.add(space.user_id)

    def give_code(self, person):
        """An agent has seen the papers of `person`, and hands over a code for their space."""
        if user := self.account_of(person):
            with suppress(counter_codes.SpaceCannotBeOpened):
                code = counter_codes.give_code(user.space, agent=self.agent, document="passport")
                self.codes[person] = code

    def type_counter_code(self, person, waiting):
        """The last code they were given, good or dead, perhaps spent already."""
        found = counter_codes.find_code(self.codes.get(person, ""))
        if found is None:
            return
        with suppress(LinkRefused):
            user = counter.apply_counter_code(replace(waiting, counter_code=found.pk))
            assert self.owners[user.pk] == person
            assert counter_codes.find_code(self.codes[person]) is None

    def open_prepared(self, person, waiting):
        space = matching.prepared_space(waiting.identity)
        assert self.owners[space.user_id] == person
        key = counter.send_prepared_code(waiting, space)
        code = re.search(r"\b\d{6}\b", Email.objects.latest("pk").message).group()
        user = counter.apply_prepared(replace(waiting, prepared_key=key), code=code)
        assert self.owners[user.pk] == person

    def unlink(self, person, issuer):
        if user := self.account_of(person):
            try:
                linking.apply_unlink(user, issuer)
            except LinkRefused:
                assert not linking.has_another_way_in(user, issuer)

    def delete(self, person):
        if user := self.account_of(person):
            del self.owners[user.pk]
            erasure.erase([user], erasure.AS_ASKED)

    def promote(self, person):
        if user := self.account_of(person):
            user.is_staff = True
            user.save()

    def block(self, person):
        if user := self.account_of(person):
            user.is_active = False
            user.save()

    def check(self):
        active = Link.objects.active()
        for keys in (("issuer", "sub"), ("citizen", "issuer")):
            assert not active.values(*keys).annotate(n=Count("pk")).filter(n__gt=1).exists()
        for link in active.select_related("citizen"):
            assert link.sub == f"sub-of-{self.owners[link.citizen_id]}"
            assert not link.citizen.is_staff
        for user in User.objects.filter(is_staff=False):
            # A space of the counter waits for its first opening: nobody has lost a way in.
            waits = user.pk in self.prepared and not Link.objects.filter(citizen=user).exists()
            assert waits or user.has_password_door or active.filter(citizen=user).exists()


people, issuers = st.sampled_from(PEOPLE), st.sampled_from(ISSUERS)
actions = st.one_of(
    st.tuples(st.just("register"), people),
    st.tuples(
        st.just("return_from"),
        people,
        issuers,
        st.sampled_from(Intent),
        st.sampled_from([None, *PEOPLE]),
        st.sampled_from(["create", "existing", "prepared", "counter"]),
    ),
    st.tuples(st.just("unlink"), people, issuers),
    st.tuples(st.just("delete"), people),
    st.tuples(st.just("prepare"), people),
    st.tuples(st.just("give_code"), people),
    st.tuples(st.just("promote"), people),
    st.tuples(st.just("block"), people),
)


@pytest.fixture
def both_platforms(settings):
    common = {"client_id": "portail", "client_secret": "secret"}
    settings.FRANCECONNECT = settings.FRANCECONNECT | {"issuer": ISSUERS[0], **common}
    settings.FRANCECONNECT_PLUS = settings.FRANCECONNECT_PLUS | {
        "issuer": ISSUERS[1],
        "encryption_key": "a key",
        **common,
    }
    assert [platform.issuer for platform in conf.platforms()] == list(ISSUERS)


@pytest.mark.usefixtures("db", "both_platforms")
@settings(
    max_examples=100,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(actions, min_size=1, max_size=12))
def test_no_sequence_of_actions_breaks_a_promise(sequence):
    with transaction.atomic():
        town = Town()
        for name, *arguments in sequence:
            getattr(town, name)(*arguments)
            town.check()
        transaction.set_rollback(True)
