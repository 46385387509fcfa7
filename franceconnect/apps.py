from django.apps import AppConfig


class FranceConnectConfig(AppConfig):
    name = "franceconnect"
    verbose_name = "FranceConnect"

    def ready(self):
        from franceconnect import checks, receivers  # noqa: F401 registers them
