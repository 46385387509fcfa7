from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.backends import ModelBackend

from accounts.models import User


def _user_of_session(user_id: int) -> User | None:
    """Whose session this is, and their space, in one query."""
    return User.objects.select_related("space").filter(pk=user_id, is_active=True).first()


class CredentialsBackend(AuthenticationBackend):
    """E-mail and password of a citizen; each page then reads the user and their space at once.

    Nobody of the town hall: whoever became an agent has no session here any more, and the right
    password of an agent is answered like a wrong one. It would tell a guesser what to take to the
    agents' door.
    """

    def get_user(self, user_id):
        user = _user_of_session(user_id)
        return None if user is None or user.is_staff else user

    def _authenticate_by_email(self, email, password):
        """One look-up by the unique, verified e-mail.

        allauth would also try every account that once typed this address without proving it: each
        costs a hash, and there is no end to them.
        """
        user = User.objects.filter(email=email.lower()).first()
        found = self._check_password(user, password)
        if user and user.is_staff:
            # allauth remembers a right password of somebody blocked, to say so.
            self.unstash_authenticated_user()
            return None
        return found


class AgentBackend(ModelBackend):
    """Sessions of agents, which `accounts.agent_door` alone opens: no credentials do it here."""

    def authenticate(self, request, **credentials):
        """Nobody."""

    def get_user(self, user_id):
        user = _user_of_session(user_id)
        return user if user and user.is_staff else None
