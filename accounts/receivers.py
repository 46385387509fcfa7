"""What allauth and Django tell, and the journal keeps."""

from allauth.account.signals import authentication_step_completed
from allauth.usersessions.models import UserSession
from django.contrib.auth.signals import user_logged_out
from django.db.models.signals import post_save, pre_save
from django.dispatch import receiver

from accounts import agent_factors, codes, counter, journal
from accounts.models import JournalKind, User
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
    if user is None or user.pk is None:
        return
    UserSession.objects.filter(session_key=request.session.session_key).delete()
    journal.record_own(JournalKind.SIGNED_OUT, user)


@receiver(pre_save, sender=User)
def notice_promotion(instance, update_fields=None, **kwargs):
    """Whether this save makes an agent of a citizen: only the row of before tells."""
    may_change = update_fields is None or "is_staff" in update_fields
    is_known = instance.pk is not None and instance.is_staff and may_change
    citizens = User.objects.filter(pk=instance.pk, is_staff=False)
    instance.becomes_agent = is_known and citizens.exists()


@receiver(post_save, sender=User)
def leave_the_citizens(instance, **kwargs):
    """A citizen who becomes an agent keeps none of a citizen's ways in.

    Their passkeys and apps neither: a second factor of agents is enrolled at the agents' door.
    """
    if getattr(instance, "becomes_agent", False):
        instance.becomes_agent = False
        agent_factors.forget_all(instance)
        codes.kill_codes([instance])
        instance.end_sessions()


@receiver(post_save, sender=User)
def end_counter_codes(instance, created, update_fields=None, **kwargs):
    """A code of the counter dies with the promotion or the blocking of its owner, even undone."""
    may_have_changed = update_fields is None or {"is_staff", "is_active"} & set(update_fields)
    is_shut = instance.is_staff or not instance.is_active
    if is_shut and may_have_changed and not created:
        counter.kill_codes([instance])
