"""Rows 7 and 9 of the decision table: spaces that the town hall's counter opens.

Row 7: a space prepared there, proven by a code mailed to the address given there. Row 9: the space
of a code handed over there. Each is one transaction; whoever FranceConnect identified signs in.
"""

from dataclasses import replace

from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.utils import timezone

from accounts import codes, journal
from accounts import counter as counter_codes
from accounts.credentials import locked
from accounts.models import CodePurpose, JournalKind, PersonalSpace, User
from accounts.services import notify, send_mail
from accounts.sign_ins import record_sign_in
from franceconnect import linking
from franceconnect.linking import Decision
from franceconnect.matching import prepared_space
from franceconnect.models import EndCause, Link
from franceconnect.state import Intent, PendingIdentity


def send_prepared_code(pending: PendingIdentity, space: PersonalSpace) -> str:
    """Mail a code to the address that the counter has on file; the key of this browser.

    Whoever reads it is told who asks, by the name that FranceConnect certifies.
    """
    key, code = codes.make_code(CodePurpose.PREPARED_SPACE, space.user)
    person = pending.identity.as_identity()
    context = {
        "code": code,
        "person": person,
        "first_given_name": person.given_names[0],
        "means": linking.means_of(pending.issuer),
    }
    send_mail("franceconnect/email/prepared_code", space.contact_email, context)
    return key


@transaction.atomic
def apply_prepared(pending: PendingIdentity, *, code: str) -> User | None:
    """Row 7: tie this `sub` to the prepared space whose mailed code was typed; its owner.

    None for a wrong or dead code. Raises LinkRefused when the space is not theirs to open any more.
    """
    citizen = codes.redeem_code(CodePurpose.PREPARED_SPACE, key=pending.prepared_key, code=code)
    if citizen is None:
        return None
    user = locked(citizen)
    facts, _ = linking.gather_facts(Intent.SIGN_IN, AnonymousUser(), pending)
    is_theirs = prepared_space(pending.identity) == user.space
    if linking.decide(facts) is not Decision.ASK_PREPARED or not is_theirs:
        raise linking.refusal(Decision.REFUSE_LINKED_ELSEWHERE)
    _open(user, pending, replaces=False)
    return user


@transaction.atomic
def apply_counter_code(pending: PendingIdentity) -> User:
    """Row 9: tie this `sub` to the space of the code typed in this browser, and use the code up.

    Another `sub` that holds it gives way: the agent has seen that it is the same person. Raises
    LinkRefused, and the code stays good, when the table does not allow it any more.
    """
    space = counter_codes.redeem_code(pending.counter_code)
    if space is None:
        raise linking.refusal(Decision.REFUSE_COUNTER_CODE)
    user = locked(space.user)
    facts, _ = linking.gather_facts(Intent.SIGN_IN, AnonymousUser(), pending)
    if linking.decide(replace(facts, has_counter_code=True)) is not Decision.LINK_BY_COUNTER:
        raise linking.refusal(Decision.REFUSE_LINKED_ELSEWHERE)
    _open(user, pending, replaces=_end_what_gives_way(user, pending))
    return user


def gives_way(user: User, pending: PendingIdentity):
    """The active links of this space that a code of the counter ends: one space, one person.

    Those of the other platform too when the civil status is another one: they would go on proving,
    perhaps at a higher level, somebody who is not the person identified today.
    """
    links = Link.objects.active().filter(citizen=user)
    if pending.identity.differs_strongly(user.space):
        return links
    return links.filter(issuer=pending.issuer)


def _end_what_gives_way(user: User, pending: PendingIdentity) -> bool:
    """End those links, and every session they may have opened; whether there was one."""
    issuers = list(gives_way(user, pending).values_list("issuer", flat=True))
    if not linking.end_links(gives_way(user, pending), EndCause.COUNTER):
        return False
    user.end_sessions()
    for issuer in issuers:
        journal.record(
            JournalKind.UNLINKED,
            citizen=user,
            means=linking.means_of(issuer),
            code=EndCause.COUNTER.value,
        )
    return True


def _open(user: User, pending: PendingIdentity, *, replaces: bool) -> None:
    """The tie, the certified identity, the lines and the mail of rows 7 and 9."""
    mismatch = pending.identity.differs_strongly(user.space)
    linking.create_link(user, pending, has_strong_mismatch=mismatch)
    linking.certify(user.space, pending.issuer, pending.identity)
    means = linking.means_of(pending.issuer)
    record_sign_in(user, means=means)
    context = {"at": timezone.now(), "means": means, "replaces": replaces}
    notify(user.space, "franceconnect/email/linked", context)
