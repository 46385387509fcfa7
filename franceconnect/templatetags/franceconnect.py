"""Pieces of FranceConnect for the pages of other apps; each renders nothing when it is off."""

from django import template

from franceconnect import activation, artwork, conf, linking, outage, services, state
from franceconnect.models import Activation, Link
from franceconnect.state import CLAIM, Intent

register = template.Library()


@register.inclusion_tag("franceconnect/_button.html", takes_context=True)
def franceconnect_button(context, intent="sign_in", next_url="", demand=""):
    """The sign-in button: `{% franceconnect_button %}`.

    `intent`: sign_in, link, reauthenticate, step_up or data. `next_url`: a local path to come back
    to; without it, the page's own `next` parameter. `demand`: what is asked, of the intent data.
    """
    request = context["request"]
    platform = _platform_for(request, intent)
    if platform is None:
        return {"platform": None}
    return {
        "platform": platform,
        "activation": Activation.objects.current(platform.name),
        "start_url": platform.path("data_start" if demand else "start"),
        "demand": demand,
        "intent": intent,
        "next_url": next_url or request.GET.get("next") or request.POST.get("next", ""),
        "csrf_token": context.get("csrf_token"),
        "is_plus": platform.name == conf.FRANCECONNECT_PLUS,
        "artwork_url": artwork.artwork_url(platform),
    }


def _platform_for(request, intent: str):
    """Which platform this intent leaves for; None when it is not configured, or switched off."""
    if intent == Intent.STEP_UP:
        return activation.offered_platform(conf.FRANCECONNECT_PLUS)
    if intent == Intent.DATA:
        return activation.offered_platform(conf.FRANCECONNECT)
    if intent == Intent.REAUTHENTICATE:
        return _platform_that_proves(request)
    return activation.sign_in_platform()


def _platform_that_proves(request):
    """The platform that can be asked again who is there: tied to this space, and switched on."""
    links = services.links_of(request)
    return next((found for found in activation.offered() if found.name in links), None)


@register.simple_tag
def franceconnect_is_down():
    """Whether the sign-in platform does not answer, or is being maintained as planned.

    The other means come first then.
    """
    platform = activation.sign_in_platform()
    if platform is None:
        return False
    return outage.is_down(platform) or Activation.objects.current(platform.name).is_in_maintenance


@register.simple_tag
def franceconnect_maintenance():
    """The maintenance under way of the sign-in platform (`Activation`), or None."""
    platform = activation.sign_in_platform()
    planned = platform and Activation.objects.current(platform.name)
    return planned if planned and planned.is_in_maintenance else None


@register.simple_tag
def franceconnect_is_off(label=conf.LABELS[conf.FRANCECONNECT]):
    """Whether the platform that citizens know by this name is configured, and switched off."""
    return any(
        platform.label == label and not activation.is_on(platform) for platform in conf.platforms()
    )


@register.simple_tag(takes_context=True)
def franceconnect_proves(context):
    """Whether the person signed in can prove themselves again by a platform now."""
    return _platform_that_proves(context["request"]) is not None


@register.inclusion_tag("franceconnect/_pictogram.html", takes_context=True)
def franceconnect_pictogram(context):
    """The sign that this space is certified; nothing when it is not."""
    return {"link": services.link_of(context["request"])}


@register.inclusion_tag("franceconnect/_assurance.html", takes_context=True)
def franceconnect_assurance(context):
    """How sure this session is of the person, and the step-up where FranceConnect+ exists."""
    request = context["request"]
    return {
        "assurance": services.session_assurance(request),
        "step_up_url": _step_up_url(request),
    }


def _step_up_url(request) -> str | None:
    """The page of the step-up, when it would add something to this session."""
    platform = activation.offered_platform(conf.FRANCECONNECT_PLUS)
    level = services.session_level(request)
    if platform is None or platform.accepts_level(level):
        return None
    return services.step_up_url(request.get_full_path())


@register.inclusion_tag("franceconnect/_rapprochement.html", takes_context=True)
def franceconnect_rapprochement(context):
    """The section of the profile that links and unlinks, a line a platform."""
    links = services.links_of(context["request"])
    return {
        "ties": [
            {
                "platform": platform,
                "link": links.get(platform.name),
                "is_on": activation.is_on(platform),
                "is_plus": platform.name == conf.FRANCECONNECT_PLUS,
                "unlink_url": platform.path("unlink"),
            }
            for platform in conf.platforms()
            if activation.is_on(platform) or platform.name in links
        ],
        "request": context["request"],
    }


@register.inclusion_tag("franceconnect/_links_of.html")
def franceconnect_links_of(citizen):
    """All the ties of this citizen, ended ones too, for an agent: never the `sub`."""
    links = Link.objects.filter(citizen=citizen).defer("sub").order_by("-created_at")
    ties = [{"means": linking.means_of(link.issuer), "link": link} for link in links]
    return {"ties": sorted(ties, key=lambda tie: tie["link"].ended_at is not None)}


@register.simple_tag(takes_context=True)
def franceconnect_link(context):
    """The active link of the person signed in, or None: `{% franceconnect_link as link %}`."""
    return services.link_of(context["request"])


@register.simple_tag
def franceconnect_is_possible():
    """Whether FranceConnect brings citizens in: configured, and switched on."""
    return activation.sign_in_platform() is not None


@register.simple_tag
def franceconnect_plus_is_possible():
    """Whether FranceConnect+ brings citizens in beside FranceConnect."""
    return len(activation.offered()) > 1


@register.simple_tag(takes_context=True)
def franceconnect_is_linking(context):
    """Whether the sign-in page is asked to prove an existing space ("J'ai déjà un espace")."""
    request = context["request"]
    next_url = request.GET.get("next") or request.POST.get("next", "")
    return state.is_claimed(request.session) and CLAIM in next_url
