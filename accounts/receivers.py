"""What allauth and Django tell, and the journal keeps."""

from allauth.account.signals import authentication_step_completed
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth.signals import user_logged_out
from django.db.models.signals import post_save
from django.dispatch import receiver

from accounts import counter, journal
from accounts.models import JournalKind
from accounts.sessions import proof_label


@receiver(authentication_step_completed)
def record_fresh_proof(sender, request, method, user, **proof):
    """Somebody signed in has proven themselves again: by what, from where."""
    if proof.get("reauthenticated"):
        label = proof_label(proof | {"method": method})
        journal.record(JournalKind.PROVEN_AGAIN, citizen=user, means=label)


@receiver(user_logged_out)
def forget_session(request, user, **kwargs):
    """The row goes with its session, wherever it is ended (allauth, FranceConnect, a space)."""
    if user is None or user.pk is None or user.is_staff:
        return
    UserSession.objects.filter(session_key=request.session.session_key).delete()
    journal.record(JournalKind.SIGNED_OUT, citizen=user)


@receiver(post_save, sender=settings.AUTH_USER_MODEL)
def end_counter_codes(instance, created, update_fields=None, **kwargs):
    """A code of the counter dies with the promotion or the blocking of its owner, even undone."""
    may_have_changed = update_fields is None or {"is_staff", "is_active"} & set(update_fields)
    is_shut = instance.is_staff or not instance.is_active
    if is_shut and may_have_changed and not created:
        counter.kill_codes([instance])
