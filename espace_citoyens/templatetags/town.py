from django import template
from django.conf import settings

from espace_citoyens.models import Town

register = template.Library()


@register.simple_tag(takes_context=True)
def town(context):
    """The town of this portal, in pages and in mails: `{% town as town %}`.

    In an agent's preview, `draft_town`: the town as it would be.
    """
    return context.get("draft_town") or Town.objects.current()


@register.simple_tag
def portal_url() -> str:
    """The portal's public address, for mails: `{% portal_url %}{% url "home" %}`."""
    return settings.BASE_URL
