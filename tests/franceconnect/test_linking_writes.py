"""What each decision of the table writes, to the letter; no provider is needed for it."""

import time
from dataclasses import replace

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from accounts.codes import make_code
from accounts.models import CodePurpose, JournalKind, OneTimeCode, User
from franceconnect import linking
from franceconnect.exceptions import LinkRefused, UnknownState
from franceconnect.identity import PivotIdentity
from franceconnect.linking import Decision, Facts, Holder
from franceconnect.matching import Match
from franceconnect.models import EndCause, Link
from franceconnect.state import Intent, PendingIdentity
from tests.accounts.factories import make_citizen

ISSUER, PLUS = "https://fc.example/api/v2", "https://fcp.example/api/v2"
IDENTITY = PivotIdentity(
    "PERRER", ("Ines",), "", "female", "1985-04-12", "44109", "99100", "ines@x.example"
)


@pytest.fixture(autouse=True)
def _both_platforms(settings):
    common = {"client_id": "portail", "client_secret": "secret"}
    settings.FRANCECONNECT = settings.FRANCECONNECT | {"issuer": ISSUER, **common}
    settings.FRANCECONNECT_PLUS = settings.FRANCECONNECT_PLUS | {
        "issuer": PLUS,
        "encryption_key": "a key",
        **common,
    }


@pytest.fixture
def pending():
    return PendingIdentity(
        issuer=ISSUER,
        sub="the-sub",
        acr="eidas1",
        identity=IDENTITY,
        next_url="/mon-espace/",
        proven_at=time.time(),
    )


def tie(citizen, sub="the-sub", issuer=ISSUER, **fields):
    return Link.objects.create(issuer=issuer, sub=sub, citizen=citizen, level="eidas1", **fields)


def tie_ended(citizen, sub="the-sub", issuer=ISSUER):
    now = timezone.now()
    return tie(citizen, sub, issuer, created_at=now, ended_at=now, end_cause=EndCause.CITIZEN)


def lines(citizen):
    return list(citizen.journal.order_by("pk").values_list("kind", "means", "code"))


# --- What is known before a decision ---


def test_the_facts_about_somebody_unknown(db, pending):
    facts, link = linking.gather_facts(Intent.SIGN_IN, AnonymousUser(), pending)

    assert facts == Facts(Intent.SIGN_IN)
    assert (facts.match, facts.has_counter_code, link) == (Match.NOTHING, False, None)


@pytest.mark.parametrize(
    ("fields", "holder"),
    [
        ({}, Holder.CITIZEN),
        ({"is_active": False}, Holder.BLOCKED),
        ({"is_staff": True}, Holder.AGENT),
        ({"is_staff": True, "is_active": False}, Holder.AGENT),
    ],
)
def test_the_facts_about_somebody_linked(citizen, pending, fields, holder):
    User.objects.filter(pk=citizen.pk).update(**fields)
    link = tie(citizen)

    facts, found = linking.gather_facts(Intent.SIGN_IN, AnonymousUser(), pending)

    assert found == link
    assert facts == Facts(Intent.SIGN_IN, holder=holder)


def test_the_facts_about_an_ended_link(citizen, pending):
    tie_ended(citizen)

    facts, link = linking.gather_facts(Intent.SIGN_IN, AnonymousUser(), pending)

    assert (facts.holder, link) == (Holder.NOBODY_ANY_MORE, None)
    assert facts.match is Match.NOTHING


@pytest.mark.parametrize(
    ("issuer", "sub"), [(PLUS, "the-sub"), (ISSUER, "another"), (ISSUER, "THE-SUB")]
)
def test_only_the_pair_of_issuer_and_sub_is_a_person(citizen, pending, issuer, sub):
    tie(citizen, sub, issuer)

    facts, link = linking.gather_facts(Intent.SIGN_IN, AnonymousUser(), pending)

    assert (facts.holder, link) == (Holder.NOBODY, None)


def test_the_facts_about_whoever_is_signed_in(citizen, stranger, agent, pending):
    make_citizen(None)  # an equal civil status is nobody's business once signed in
    unlinked, _ = linking.gather_facts(Intent.LINK, citizen, pending)
    tie(citizen)
    own, _ = linking.gather_facts(Intent.LINK, citizen, pending)
    others, _ = linking.gather_facts(Intent.LINK, stranger, pending)
    of_agent, _ = linking.gather_facts(Intent.LINK, agent, pending)

    assert unlinked == Facts(Intent.LINK, session_is_citizen=True)
    linked = {"session_is_citizen": True, "session_is_linked": True}
    assert own == Facts(Intent.LINK, **linked, holder=Holder.CITIZEN, is_own=True)
    assert others == Facts(Intent.LINK, session_is_citizen=True, holder=Holder.CITIZEN)
    assert of_agent == Facts(Intent.LINK, session_is_agent=True, holder=Holder.CITIZEN)


def test_an_agent_who_kept_a_link_is_linked_to_nothing(citizen, pending):
    tie(citizen)
    User.objects.filter(pk=citizen.pk).update(is_staff=True)

    facts, _ = linking.gather_facts(Intent.LINK, User.objects.get(pk=citizen.pk), pending)

    assert not facts.session_is_linked


@pytest.mark.parametrize(
    ("fields", "match"),
    [
        ({"identity_provenance": "counter"}, Match.PREPARED),
        ({"identity_checked_at": timezone.now()}, Match.PREPARED),
        (
            {"identity_provenance": "declared", "email": "a@rivemont.example"},
            Match.POSSIBLE_DUPLICATE,
        ),
        # A sign-up that nobody proved: thousands of them must not be read at each connection.
        ({"identity_provenance": "declared"}, Match.NOTHING),
        ({"identity_provenance": "franceconnect"}, Match.POSSIBLE_DUPLICATE),
        ({"identity_provenance": "counter", "birthplace": "44001"}, Match.NOTHING),
    ],
)
def test_the_facts_about_an_equal_civil_status(db, pending, fields, match):
    place = {"gender": "female", "birthplace": "44109", "birthcountry": "99100"}
    make_citizen(**{"email": None} | place | fields)

    facts, _ = linking.gather_facts(Intent.SIGN_IN, AnonymousUser(), pending)

    assert facts.match is match


def test_whoever_comes_back_costs_one_query_for_the_facts(
    citizen, pending, django_assert_num_queries
):
    tie(citizen)

    with django_assert_num_queries(1):
        _, link = linking.gather_facts(Intent.SIGN_IN, AnonymousUser(), pending)
        assert link.citizen.space.birth_family_name == "PERRER"


def test_whoever_is_signed_in_is_compared_to_nobody(citizen, pending, django_assert_num_queries):
    with django_assert_num_queries(3):  # the link of this sub, its history, their own link
        facts, _ = linking.gather_facts(Intent.LINK, citizen, pending)

    assert facts.match is Match.NOTHING


def test_a_citizen_is_locked_with_their_space_in_one_query(citizen, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert linking.locked(citizen).space.birth_family_name == "PERRER"


@pytest.mark.parametrize("decision", list(linking.REFUSALS))
def test_a_refusal_has_its_code_and_its_words(decision):
    error = linking.refusal(decision)

    assert error.code == decision.value
    assert error.user_message == linking.REFUSALS[decision]


def test_the_means_are_the_name_of_the_platform():
    assert linking.means_of(ISSUER) == "FranceConnect"
    assert linking.means_of(PLUS) == "FranceConnect+"
    assert linking.means_of("https://gone.example") == "FranceConnect"
    assert linking.already_linked("FranceConnect+") == (
        "Votre espace est déjà certifié avec FranceConnect+."
    )


def test_the_latest_end_is_the_one_told(citizen, stranger):
    assert linking.ended_link_date(ISSUER, "the-sub") is None
    tie_ended(citizen, "other")
    assert linking.ended_link_date(ISSUER, "the-sub") is None
    with time_machine.travel("2026-01-01T00:00Z", tick=False):
        tie_ended(stranger)
    with time_machine.travel("2026-02-01T00:00Z", tick=False):
        last = tie_ended(citizen)
    with time_machine.travel("2026-01-15T00:00Z", tick=False):
        tie_ended(stranger)

    assert linking.ended_link_date(ISSUER, "the-sub") == last.ended_at


# --- Row 1 ---


def test_signing_in_dates_the_link_and_journals(citizen):
    with time_machine.travel("2026-01-01T00:00Z", tick=False):
        link = tie(citizen)

    user = linking.apply_sign_in(link, acr="eidas2", identity=IDENTITY)

    link.refresh_from_db()
    assert user == citizen
    assert link.level == "eidas2"
    assert link.last_used_at.year == timezone.now().year
    assert link.last_used_at > link.created_at
    assert lines(citizen) == [
        (JournalKind.IDENTITY_REFRESHED, "FranceConnect", "gender place"),
        (JournalKind.SIGNED_IN, "FranceConnect", ""),
    ]


def test_signing_in_again_with_the_same_identity_refreshes_nothing(citizen):
    link = tie(citizen)
    linking.apply_sign_in(link, acr="eidas1", identity=IDENTITY)
    link = Link.objects.select_related("citizen__space").get()

    linking.apply_sign_in(link, acr="eidas1", identity=IDENTITY)

    kinds = [kind for kind, *_ in lines(citizen)]
    assert kinds.count(JournalKind.IDENTITY_REFRESHED) == 1
    assert kinds.count(JournalKind.SIGNED_IN) == 2


def test_a_link_that_has_just_ended_opens_nothing(citizen):
    link = tie(citizen)
    Link.objects.update(ended_at=timezone.now(), end_cause=EndCause.CITIZEN)

    with pytest.raises(UnknownState, match="^link_ended$"):
        linking.apply_sign_in(link, acr="eidas1", identity=IDENTITY)
    assert lines(citizen) == []


def test_the_register_wins_over_the_other_platform(citizen):
    tie(citizen)
    plus = tie(citizen, "plus-sub", PLUS)
    spelt_otherwise = replace(IDENTITY, family_name="Perrer")

    linking.apply_sign_in(plus, acr="eidas2", identity=spelt_otherwise)
    citizen.space.refresh_from_db()

    assert not citizen.space.is_certified
    assert lines(citizen) == [(JournalKind.SIGNED_IN, "FranceConnect+", "")]


def test_the_other_platform_certifies_when_it_is_alone_on_a_space(citizen):
    plus = tie(citizen, "plus-sub", PLUS)

    linking.apply_sign_in(plus, acr="eidas2", identity=IDENTITY)

    citizen.space.refresh_from_db()
    assert citizen.space.is_certified
    assert {means for _, means, _ in lines(citizen)} == {"FranceConnect+"}


def test_the_register_certifies_a_space_tied_to_both(citizen):
    link = tie(citizen)
    tie(citizen, "plus-sub", PLUS)

    linking.apply_sign_in(link, acr="eidas1", identity=IDENTITY)

    citizen.space.refresh_from_db()
    assert citizen.space.is_certified


# --- Rows 5 and 10 ---


BOTH = pytest.mark.parametrize(
    ("issuer", "means"), [(ISSUER, "FranceConnect"), (PLUS, "FranceConnect+")]
)


@BOTH
def test_creating_a_space_writes_it_whole(db, pending, mails, issuer, means):
    pending = replace(pending, issuer=issuer)

    user = linking.apply_creation(pending, contact_email="ines@rivemont.example")

    link = user.franceconnect_links.get()
    assert (link.issuer, link.sub, link.level) == (issuer, "the-sub", "eidas1")
    assert link.has_strong_mismatch is False
    assert user.space.is_certified
    assert user.space.contact_email == "ines@rivemont.example"
    assert lines(user) == [
        (JournalKind.SPACE_CREATED, means, ""),
        (JournalKind.LINKED, means, ""),
        (JournalKind.SIGNED_IN, means, ""),
    ]
    assert [(mail.to, mail.subject) for mail in mails()] == [
        (["ines@rivemont.example"], "Votre espace personnel est ouvert")
    ]


@BOTH
@pytest.mark.parametrize(("name", "mismatch"), [("PERRER", False), ("ROUSSET", True)])
def test_linking_writes_it_whole(db, pending, mails, name, mismatch, issuer, means):
    citizen, pending = make_citizen(birth_family_name=name), replace(pending, issuer=issuer)

    assert linking.apply_link(citizen, pending) is None

    link = citizen.franceconnect_links.get()
    assert (link.sub, link.level, link.has_strong_mismatch) == ("the-sub", "eidas1", mismatch)
    citizen.space.refresh_from_db()
    assert citizen.space.is_certified
    assert citizen.space.birth_family_name == "PERRER"
    assert lines(citizen) == [(JournalKind.LINKED, means, "")]
    (mail,) = mails()
    assert mail.to == [citizen.email]
    assert mail.subject == f"Votre espace est certifié avec {means}"
    assert f"rattaché à {means} depuis le" in mail.message
    assert str(timezone.localtime().year) in mail.message


def test_tying_the_other_platform_too_leaves_the_identity_of_the_register(citizen, pending):
    linking.apply_link(citizen, pending)
    spelt_otherwise = replace(IDENTITY, family_name="Perrer")

    linking.apply_link(
        citizen, replace(pending, issuer=PLUS, sub="plus-sub", identity=spelt_otherwise)
    )

    citizen.space.refresh_from_db()
    assert citizen.space.birth_family_name == "PERRER"
    assert citizen.franceconnect_links.active().count() == 2


def test_linking_again_changes_nothing(citizen, pending, mails):
    tie(citizen)

    assert linking.apply_link(citizen, pending) is None
    assert lines(citizen) == []
    assert mails() == []


def test_linking_what_another_has_is_refused(citizen, stranger, pending):
    tie(stranger)

    with pytest.raises(LinkRefused, match="^linked_elsewhere$"):
        linking.apply_link(citizen, pending)


def test_two_platforms_do_not_make_two_people_of_a_space(stranger, pending):
    tie(stranger, "plus-sub", PLUS)

    with pytest.raises(LinkRefused, match="^another_person$"):
        linking.apply_link(stranger, pending)
    assert lines(stranger) == []


def test_only_an_active_link_of_the_same_space_with_the_other_platform_contradicts(
    citizen, stranger, pending
):
    contradicts = linking.contradicts_a_link
    tie(citizen, "plus-sub", PLUS)
    assert not contradicts(citizen, pending)  # the same civil status
    assert not contradicts(stranger, pending)  # another, but tied to nothing
    tie(stranger, "theirs")
    assert not contradicts(stranger, pending)  # this very platform: the table refuses it itself
    tie_ended(stranger, "x", PLUS)
    assert not contradicts(stranger, pending)
    tie(stranger, "y", PLUS)
    assert contradicts(stranger, pending)


# --- Rows U1, U2 and 3 ---


def a_code_for(citizen):
    make_code(CodePurpose.EXISTING_SPACE, citizen)


def test_unlinking_ends_the_tie_the_certification_the_codes_and_the_sessions(
    citizen, stranger, pending, mails
):
    linking.apply_link(citizen, pending)
    tie(stranger, "theirs")
    a_code_for(citizen)
    a_code_for(stranger)

    assert linking.apply_unlink(citizen, ISSUER) is True

    link = citizen.franceconnect_links.get()
    assert link.end_cause == EndCause.CITIZEN
    assert link.ended_at is not None
    before = citizen.session_epoch
    citizen.refresh_from_db()
    assert citizen.session_epoch == before + 1
    citizen.space.refresh_from_db()
    assert not citizen.space.is_certified
    assert OneTimeCode.objects.get().citizen == stranger
    assert stranger.franceconnect_links.active().exists()
    assert lines(citizen)[-1] == (JournalKind.UNLINKED, "FranceConnect", "")
    mail = mails()[-1]
    assert mail.to == [citizen.email]
    assert "FranceConnect" in mail.subject
    assert str(timezone.localtime().year) in mail.message
    assert "FranceConnect" in mail.message


def test_the_mail_of_an_unlink_names_what_still_opens_the_space(db, pending, mails):
    citizen = make_citizen(None, contact_email="contact@rivemont.example")
    linking.apply_link(citizen, pending)
    Authenticator.objects.create(user=citizen, type="webauthn", data={"name": "Téléphone"})

    linking.apply_unlink(citizen, ISSUER)

    assert "s’ouvre seulement avec une clé d’accès." in mails()[-1].message


def test_unlinking_one_of_two_platforms_leaves_the_identity_certified(citizen, pending):
    linking.apply_link(citizen, pending)
    tie(citizen, "plus-sub", PLUS)

    assert linking.apply_unlink(citizen, PLUS) is True

    citizen.space.refresh_from_db()
    assert citizen.space.is_certified
    assert citizen.franceconnect_links.active().get().issuer == ISSUER
    assert lines(citizen)[-1] == (JournalKind.UNLINKED, "FranceConnect+", "")


def test_unlinking_nothing_changes_nothing(citizen, mails):
    before = citizen.session_epoch

    assert linking.apply_unlink(citizen, ISSUER) is False

    citizen.refresh_from_db()
    assert citizen.session_epoch == before
    assert lines(citizen) == []
    assert mails() == []


def test_the_only_way_in_is_not_taken_away(db, pending):
    user = linking.apply_creation(pending, contact_email="")

    with pytest.raises(LinkRefused, match="^only_way_in$") as refused:
        linking.apply_unlink(user, ISSUER)
    assert refused.value.user_message == (
        "FranceConnect est votre seul moyen de connexion. Choisissez d’abord un identifiant et un "
        "mot de passe, ou ajoutez une clé d’accès."
    )
    assert user.franceconnect_links.active().exists()


def test_no_decision_but_a_citizens_own_makes_an_agent_lose_what_is_not_theirs(
    citizen, stranger, pending
):
    """A promotion ends this person's links, sessions and certification; nobody else's."""
    linking.apply_link(citizen, pending)
    tie(stranger, "theirs")
    before = citizen.session_epoch

    linking.end_links_of_agent(citizen)

    link = citizen.franceconnect_links.get()
    assert link.end_cause == EndCause.AGENT
    citizen.refresh_from_db()
    assert citizen.session_epoch == before + 1
    citizen.space.refresh_from_db()
    assert not citizen.space.is_certified
    assert lines(citizen)[-1] == (JournalKind.UNLINKED, "FranceConnect", "agent")
    assert stranger.franceconnect_links.active().exists()


def test_a_promotion_without_a_link_ends_the_sessions_all_the_same(citizen):
    before = citizen.session_epoch

    linking.end_links_of_agent(citizen)

    citizen.refresh_from_db()
    assert citizen.session_epoch == before + 1
    assert lines(citizen) == []


def test_the_rows_in_order(db):
    """A refusal of row 15 comes before row 16, and row 9 before rows 4 to 8."""
    agent = Facts(Intent.STEP_UP, session_is_agent=True)
    prepared = Facts(Intent.SIGN_IN, match=Match.PREPARED, has_counter_code=True)

    assert linking.decide(agent) is Decision.REFUSE_AGENT
    assert linking.decide(prepared) is Decision.LINK_BY_COUNTER
