from django import template
from django.conf import settings

from espace_citoyens.models import Town

register = template.Library()


@register.simple_tag
def town():
    """The town of this portal, in pages and in mails: `{% town as town %}`."""
    return Town.objects.current()


@register.simple_tag
def portal_url() -> str:
    """The portal's public address, for mails: `{% portal_url %}{% url "home" %}`."""
    return settings.BASE_URL
