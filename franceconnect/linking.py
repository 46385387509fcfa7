"""The decision table of a return from FranceConnect, and what each decision writes.

`decide` is pure: facts in, decision out, rows in the order of the design (docs/architecture.md).
The functions under it each are one transaction; the database's constraints have the last word.
"""

import datetime
from dataclasses import dataclass
from enum import Enum, StrEnum, auto

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import journal, services
from accounts.codes import kill_codes
from accounts.counter import kill_codes as kill_counter_codes
from accounts.credentials import has_local_way_in, locked, read_credentials
from accounts.models import JournalKind, PersonalSpace, User
from accounts.sign_ins import record_sign_in
from franceconnect import activation, conf
from franceconnect.exceptions import LinkRefused, UnknownState
from franceconnect.identity import PivotIdentity
from franceconnect.matching import Match, match_of, note_duplicates
from franceconnect.models import EndCause, Link
from franceconnect.state import Intent, PendingIdentity

# The proofs of somebody signed in (row 16); the other intents choose who is.
PROOFS = (Intent.REAUTHENTICATE, Intent.STEP_UP, Intent.DATA)


class Holder(Enum):
    """Who the `sub` belongs to."""

    NOBODY = auto()
    NOBODY_ANY_MORE = auto()
    CITIZEN = auto()
    BLOCKED = auto()
    AGENT = auto()


@dataclass(frozen=True)
class Facts:
    """All that a decision depends on. `is_own`: the holder is the person signed in.

    `match` is what the town knows of this civil status, `has_counter_code` whether a live code of
    the counter was typed in this browser: both only tell between the rows of an unknown `sub`.
    """

    intent: Intent
    session_is_citizen: bool = False
    session_is_agent: bool = False
    session_is_linked: bool = False
    holder: Holder = Holder.NOBODY
    is_own: bool = False
    match: Match = Match.NOTHING
    has_counter_code: bool = False


class Decision(StrEnum):
    """Outcomes of the table; a refusal's value is its code in journal and log."""

    SIGN_IN = "sign_in"
    ASK_FIRST_TIME = "ask_first_time"
    ASK_PREPARED = "ask_prepared"
    LINK_BY_COUNTER = "link_by_counter"
    ASK_LINK = "ask_link"
    ASK_SWITCH = "ask_switch"
    REAUTHENTICATED = "reauthenticated"
    ALREADY_LINKED = "already_linked"
    REFUSE_AGENT = "agent"
    REFUSE_BLOCKED = "blocked"
    REFUSE_LINKED_ELSEWHERE = "linked_elsewhere"
    REFUSE_SPACE_HAS_ANOTHER = "space_has_another"
    REFUSE_ANOTHER_PERSON = "another_person"
    REFUSE_COUNTER_CODE = "counter_code_dead"


REFUSALS = {
    Decision.REFUSE_AGENT: (
        "Les agents de la mairie n’entrent pas par FranceConnect. Passez par l’administration, ou "
        "déconnectez-vous d’abord."
    ),
    Decision.REFUSE_BLOCKED: (
        "Cet accès n’est pas disponible. Contactez la mairie en donnant la référence ci-dessous."
    ),
    Decision.REFUSE_LINKED_ELSEWHERE: (
        "Cette identité FranceConnect est déjà rattachée à un autre espace personnel. Connectez-"
        "vous avec FranceConnect pour l’ouvrir, ou demandez à la mairie de réunir les deux."
    ),
    Decision.REFUSE_SPACE_HAS_ANOTHER: (
        "Votre espace est déjà rattaché à une autre identité FranceConnect : un espace, une "
        "personne. Vérifiez avec quel compte vous vous êtes identifié."
    ),
    Decision.REFUSE_ANOTHER_PERSON: (
        "L’identité reçue de FranceConnect n’est pas celle de cet espace. Rien n’a changé : vous "
        "restez connecté."
    ),
    Decision.REFUSE_COUNTER_CODE: (
        "Le code remis en mairie ne vaut plus rien. Demandez-en un autre à la mairie."
    ),
}


def decide(facts: Facts) -> Decision:
    """The one outcome of a return, by rows of the decision table."""
    if not facts.session_is_citizen and not facts.session_is_agent:
        return _decide_signed_out(facts)  # rows 1 to 9
    if facts.session_is_citizen and facts.intent not in PROOFS:
        return _decide_signed_in(facts)  # rows 10 to 14
    if facts.session_is_agent:  # row 15
        return Decision.REFUSE_AGENT
    return _decide_proof(facts)  # row 16


def _decide_signed_out(facts: Facts) -> Decision:
    """Rows 1 to 9: nobody is signed in."""
    if facts.intent in PROOFS:
        return Decision.REFUSE_ANOTHER_PERSON
    known = {
        Holder.CITIZEN: Decision.SIGN_IN,  # row 1
        Holder.BLOCKED: Decision.REFUSE_BLOCKED,  # row 2
        Holder.AGENT: Decision.REFUSE_AGENT,  # row 3
    }
    if facts.holder in known:
        return known[facts.holder]
    if facts.has_counter_code:  # row 9, also for somebody of row 4, 5, 7 or 8
        return Decision.LINK_BY_COUNTER
    if facts.holder is Holder.NOBODY and facts.match is Match.PREPARED:  # row 7
        return Decision.ASK_PREPARED
    # Row 4, which says when the link ended; rows 5, 6 and 8: the same page, word for word.
    return Decision.ASK_FIRST_TIME


def _decide_signed_in(facts: Facts) -> Decision:
    """Rows 10 to 14: somebody is signed in to their space."""
    if facts.is_own:
        if facts.intent is Intent.LINK:  # row 11
            return Decision.ALREADY_LINKED
        return Decision.SIGN_IN  # pressed the button in a second tab: nothing else changes
    if facts.holder in (Holder.NOBODY, Holder.NOBODY_ANY_MORE):
        if facts.session_is_linked:  # row 13
            return Decision.REFUSE_SPACE_HAS_ANOTHER
        return Decision.ASK_LINK  # row 10
    if facts.intent is Intent.SIGN_IN and facts.holder is Holder.CITIZEN:  # row 14
        return Decision.ASK_SWITCH
    return Decision.REFUSE_LINKED_ELSEWHERE  # row 12: nothing of the other person is shown


def _decide_proof(facts: Facts) -> Decision:
    """Row 16: whoever is signed in proves themselves again, or at a stronger level.

    The stronger platform knows each person by another `sub`: the first step-up has to tie it to
    the space, which asks both identities to be compared (row 10).
    """
    if facts.is_own:
        return Decision.REAUTHENTICATED
    is_free = facts.holder in (Holder.NOBODY, Holder.NOBODY_ANY_MORE)
    if facts.intent is Intent.STEP_UP and is_free and not facts.session_is_linked:
        return Decision.ASK_LINK
    return Decision.REFUSE_ANOTHER_PERSON


def gather_facts(intent: Intent, user, pending: PendingIdentity) -> tuple[Facts, Link | None]:
    """The facts about this `sub` and the person signed in (or AnonymousUser); the active link.

    One query for somebody who comes back; the history and the civil statuses of the town are read
    only when there is no link.
    """
    issuer = pending.issuer
    links = Link.objects.of_sub(issuer, pending.sub)
    link = links.active().select_related("citizen__space").first()
    is_citizen = user.is_authenticated and not user.is_staff
    is_unknown = link is None and user.is_anonymous
    return Facts(
        intent=intent,
        session_is_citizen=is_citizen,
        session_is_agent=user.is_authenticated and user.is_staff,
        session_is_linked=is_citizen and active_link(user, issuer) is not None,
        holder=_holder(link, links),
        is_own=link is not None and user.is_authenticated and link.citizen_id == user.pk,
        match=match_of(pending.identity) if is_unknown else Match.NOTHING,
    ), link


def _holder(link: Link | None, links) -> Holder:
    if link is None:
        return Holder.NOBODY_ANY_MORE if links.ended().exists() else Holder.NOBODY
    if link.citizen.is_staff:
        return Holder.AGENT
    return Holder.CITIZEN if link.citizen.is_active else Holder.BLOCKED


def already_linked(means: str) -> str:
    """What row 11 says; `means` is the name of the platform."""
    return f"Votre espace est déjà certifié avec {means}."


def refusal(decision: Decision) -> LinkRefused:
    """The error that a refusal of the table raises."""
    return LinkRefused(decision.value, REFUSALS[decision])


def active_link(user: User, issuer: str) -> Link | None:
    """The link of this citizen with this issuer, if there is one."""
    return Link.objects.active().filter(citizen=user, issuer=issuer).first()


def means_of(issuer: str) -> str:
    """The name of the platform of this issuer, for the journal."""
    platform = conf.platform_of(issuer)
    return platform.label if platform else conf.LABELS[conf.FRANCECONNECT]


def certify(space: PersonalSpace, issuer: str, identity: PivotIdentity) -> tuple[str, ...]:
    """Refresh the certified identity; which parts of it changed (`services.IDENTITY_PARTS`).

    FranceConnect's comes from the civil register, FranceConnect+'s from whichever identity
    provider was chosen, which may spell it otherwise: the register wins when both are tied.
    """
    platform, register = conf.platform_of(issuer), conf.platform(conf.FRANCECONNECT)
    is_plus = platform is not None and platform.name == conf.FRANCECONNECT_PLUS
    if is_plus and register and active_link(space.user, register.issuer):
        return ()
    return services.certify_identity(space, identity.as_identity())


def ended_link_date(issuer: str, sub: str) -> datetime.datetime | None:
    """When the latest link of this `sub` ended; None when it never had one."""
    ended = Link.objects.of_sub(issuer, sub).ended().order_by("-ended_at").first()
    return ended and ended.ended_at


@transaction.atomic
def apply_sign_in(link: Link, *, acr: str, identity: PivotIdentity) -> User:
    """Row 1: date the link, refresh the certified identity, journal both; the citizen.

    The contact e-mail is the citizen's own: never touched. Raises UnknownState when the link has
    just ended, or goes with another space since (`franceconnect.merging`).
    """
    active = Link.objects.active().filter(pk=link.pk, citizen=link.citizen)
    if not active.update(last_used_at=timezone.now(), level=acr):
        # Ended, or moved, by another request since the decision.
        raise UnknownState("link_ended")
    user = link.citizen
    means = means_of(link.issuer)
    if parts := certify(user.space, link.issuer, identity):
        code = " ".join(parts)
        journal.record(JournalKind.IDENTITY_REFRESHED, citizen=user, means=means, code=code)
    record_sign_in(user, means=means)
    return user


@transaction.atomic
def apply_creation(pending: PendingIdentity, *, contact_email: str) -> User:
    """Row 5, "Je crée mon espace": a space without a password, linked and certified.

    Raises LinkRefused when another request has linked this `sub` meanwhile.
    """
    means = means_of(pending.issuer)
    space = services.create_certified_space(
        identity=pending.identity.as_identity(), contact_email=contact_email, means=means
    )
    create_link(space.user, pending, has_strong_mismatch=False)
    note_duplicates(space, pending.identity)
    record_sign_in(space.user, means=means)
    services.notify(space, "accounts/email/space_opened", {})
    return space.user


@transaction.atomic
def apply_link(user: User, pending: PendingIdentity) -> None:
    """Row 10: tie this `sub` to this citizen's space, certify it, tell them by mail.

    Raises LinkRefused when the table no longer allows it: the facts are read again here.
    """
    user = locked(user)
    if not user.is_active:  # blocked, or made part of another space, a moment ago
        raise refusal(Decision.REFUSE_BLOCKED)
    facts, _ = gather_facts(Intent.LINK, user, pending)
    decision = decide(facts)
    if decision is Decision.ALREADY_LINKED:
        return
    if decision is not Decision.ASK_LINK:
        raise refusal(decision)
    mismatch = pending.identity.differs_strongly(user.space)
    if contradicts_a_link(user, pending):
        raise refusal(Decision.REFUSE_ANOTHER_PERSON)
    create_link(user, pending, has_strong_mismatch=mismatch)
    certify(user.space, pending.issuer, pending.identity)
    services.notify(
        user.space,
        "franceconnect/email/linked",
        {"at": timezone.now(), "means": means_of(pending.issuer)},
    )


def contradicts_a_link(user: User, pending: PendingIdentity) -> bool:
    """Whether another platform ties somebody else to this space: one space, one person.

    A declared identity may be wrong, and its owner confirms the difference. A certified one is
    not: else whoever holds a weak account of one person and a strong one of another would be
    taken for the first at the level of the second.
    """
    others = Link.objects.active().filter(citizen=user).exclude(issuer=pending.issuer)
    return pending.identity.differs_strongly(user.space) and others.exists()


def create_link(user: User, pending: PendingIdentity, *, has_strong_mismatch: bool) -> None:
    """Tie this `sub` to this citizen, and journal it. Raises LinkRefused when either is taken."""
    try:
        with transaction.atomic():
            Link.objects.create(
                issuer=pending.issuer,
                sub=pending.sub,
                citizen=user,
                level=pending.acr,
                has_strong_mismatch=has_strong_mismatch,
            )
    except IntegrityError:
        taken = Link.objects.active().of_sub(pending.issuer, pending.sub).exists()
        decision = Decision.REFUSE_LINKED_ELSEWHERE if taken else Decision.REFUSE_SPACE_HAS_ANOTHER
        raise refusal(decision) from None
    journal.record(JournalKind.LINKED, citizen=user, means=means_of(pending.issuer))


@transaction.atomic
def apply_unlink(user: User, issuer: str) -> bool:
    """Rows U1 and U2: end the link, the certification and every session; False when none was.

    The caller keeps its own session. Raises LinkRefused when this platform is the only way in.
    """
    user = locked(user)
    if not has_another_way_in(user, issuer):
        raise LinkRefused(
            "only_way_in",
            "FranceConnect est votre seul moyen de connexion. Choisissez d’abord un identifiant et "
            "un mot de passe, ou ajoutez une clé d’accès.",
        )
    if not end_links(Link.objects.filter(citizen=user, issuer=issuer), EndCause.CITIZEN):
        return False
    if not Link.objects.active().filter(citizen=user).exists():
        services.end_certification(user.space)
    user.end_sessions()
    means = means_of(issuer)
    journal.record(JournalKind.UNLINKED, citizen=user, means=means)
    facts = {"at": timezone.now(), "means": means, "summary": read_credentials(user).summary()}
    services.notify(user.space, "franceconnect/email/unlinked", facts)
    return True


def has_another_way_in(user: User, issuer: str) -> bool:
    """Whether this citizen can sign in without the platform of `issuer`.

    One that the town has switched off opens nothing: it does not count.
    """
    offered = activation.offered()
    others = [platform.issuer for platform in offered if platform.issuer != issuer]
    return (
        has_local_way_in(user)
        or Link.objects.active().filter(citizen=user, issuer__in=others).exists()
    )


@transaction.atomic
def end_links_of_agent(user: User) -> None:
    """Row 3: whoever becomes an agent is no citizen here any more by this account.

    Every link ends, with the sessions it may have opened: an agent has their own door.
    """
    space = PersonalSpace.objects.filter(user=user).first()
    if space:
        user.end_sessions()
        kill_counter_codes([user])
    if not end_links(Link.objects.filter(citizen=user), EndCause.AGENT):
        return
    journal.record(
        JournalKind.UNLINKED,
        citizen=user,
        means=conf.LABELS[conf.FRANCECONNECT],
        code=EndCause.AGENT.value,
    )
    if space:
        services.end_certification(space)


def end_links(links, cause: EndCause) -> int:
    """End those of `links` that are active, and the codes that would make another; how many."""
    active = links.active()
    kill_codes(active.values("citizen"))
    return active.update(ended_at=timezone.now(), end_cause=cause)
