from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps


class EspaceCitoyensConfig(AppConfig):
    name = "espace_citoyens"
    verbose_name = "portail"


class AdminConfig(admin_apps.AdminConfig):
    default_site = "espace_citoyens.admin_site.AgentAdminSite"
