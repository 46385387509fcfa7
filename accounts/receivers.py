"""What follows a sign-out, wherever it is done (allauth, FranceConnect, a space that closes)."""

from allauth.usersessions.models import UserSession
from django.contrib.auth.signals import user_logged_out
from django.dispatch import receiver

from accounts import journal
from accounts.models import JournalKind


@receiver(user_logged_out)
def forget_session(request, user, **kwargs):
    """The row goes with its session; a citizen finds the sign-out in their journal."""
    if user is None or user.pk is None or user.is_staff:
        return
    UserSession.objects.filter(session_key=request.session.session_key).delete()
    journal.record(JournalKind.SIGNED_OUT, citizen=user)
