from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "espaces personnels"

    def ready(self):
        from accounts import receivers  # noqa: F401 connects them
