from allauth.account.auth_backends import AuthenticationBackend

from accounts.models import User


class CredentialsBackend(AuthenticationBackend):
    """E-mail and password; each page then reads the user and their space in one query."""

    def get_user(self, user_id):
        user = User.objects.select_related("space").filter(pk=user_id).first()
        return user if user and self.user_can_authenticate(user) else None

    def _authenticate_by_email(self, email, password):
        """One look-up by the unique, verified e-mail.

        allauth would also try every account that once typed this address without proving it: each
        costs a hash, and there is no end to them.
        """
        user = User.objects.filter(email=email.lower()).first()
        return self._check_password(user, password)
