"""Pieces of FranceConnect for the pages of other apps; each renders nothing when it is off."""

from django import template

from franceconnect import conf, services, state
from franceconnect.artwork import artwork_file
from franceconnect.state import CLAIM

register = template.Library()


@register.inclusion_tag("franceconnect/_button.html", takes_context=True)
def franceconnect_button(context, intent="sign_in", next_url=""):
    """The sign-in button: `{% franceconnect_button %}`.

    `intent`: sign_in, link or reauthenticate. `next_url`: a local path to come back to; without
    it, the page's own `next` parameter.
    """
    request = context["request"]
    return {
        "is_possible": conf.platform() is not None,
        "intent": intent,
        "next_url": next_url or request.GET.get("next") or request.POST.get("next", ""),
        "csrf_token": context.get("csrf_token"),
        "has_artwork": artwork_file() is not None,
    }


@register.inclusion_tag("franceconnect/_pictogram.html", takes_context=True)
def franceconnect_pictogram(context):
    """The sign that this space is certified; nothing when it is not."""
    return {"link": services.link_of(context["request"])}


@register.inclusion_tag("franceconnect/_rapprochement.html", takes_context=True)
def franceconnect_rapprochement(context):
    """The section of the profile that links and unlinks."""
    return {
        "is_possible": conf.platform() is not None,
        "link": services.link_of(context["request"]),
    }


@register.simple_tag(takes_context=True)
def franceconnect_link(context):
    """The active link of the person signed in, or None: `{% franceconnect_link as link %}`."""
    return services.link_of(context["request"])


@register.simple_tag
def franceconnect_is_possible():
    """Whether FranceConnect is configured."""
    return conf.platform() is not None


@register.simple_tag(takes_context=True)
def franceconnect_is_linking(context):
    """Whether the sign-in page is asked to prove an existing space ("J'ai déjà un espace")."""
    request = context["request"]
    next_url = request.GET.get("next") or request.POST.get("next", "")
    return state.is_claimed(request.session) and CLAIM in next_url
