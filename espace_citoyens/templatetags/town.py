from django import template

from espace_citoyens.models import Town

register = template.Library()


@register.simple_tag
def town():
    """The town of this portal, in pages and in mails: `{% town as town %}`."""
    return Town.objects.current()
