from allauth.usersessions.apps import UserSessionsConfig
from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "espaces personnels"

    def ready(self):
        from accounts import receivers  # noqa: F401 connects them


class OpenSessionsConfig(UserSessionsConfig):
    """allauth's table of sessions, without its receivers.

    They see only the sessions that allauth opens, and keep whole IP addresses; ours are kept by
    `accounts.open_sessions`.
    """

    def ready(self):
        """Connects nothing."""
