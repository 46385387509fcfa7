"""`{% csrf_token %}`, which also says whose page a form of the personal space is.

It takes the place of Django's own tag (settings, `builtins`), so that no form can forget it: see
`accounts.typed`.
"""

from django import template
from django.template.defaulttags import CsrfTokenNode
from django.utils.html import format_html

from accounts import typed

register = template.Library()


class OwnedFormNode(CsrfTokenNode):
    def render(self, context):
        return super().render(context) + _owner_input(getattr(context, "request", None))


def _owner_input(request) -> str:
    match = getattr(request, "resolver_match", None)
    user = getattr(request, "user", None)
    if user is None or user.is_anonymous or not typed.names_kept_by(match):
        return ""
    return format_html(
        '<input type="hidden" name="{}" value="{}">', typed.OWNER_FIELD, typed.owner_token(user)
    )


@register.tag
def csrf_token(parser, token):
    """Django's hidden field, then the owner's."""
    return OwnedFormNode()
