"""What allauth tells, and the journal keeps."""

from allauth.account.signals import authentication_step_completed
from django.dispatch import receiver

from accounts import journal
from accounts.models import JournalKind
from accounts.sessions import proof_label


@receiver(authentication_step_completed)
def record_fresh_proof(sender, request, method, user, **proof):
    """Somebody signed in has proven themselves again: by what, from where."""
    if proof.get("reauthenticated"):
        label = proof_label(proof | {"method": method})
        journal.record(JournalKind.PROVEN_AGAIN, citizen=user, means=label)
