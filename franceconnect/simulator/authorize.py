"""From a service's request to the provider: ``/authorize``, the chooser, the way back."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from franceconnect.simulator import error_pages
from franceconnect.simulator.authorization_request import read_request
from franceconnect.simulator.error_pages import CallbackError, PageError, SeeOther, routed
from franceconnect.simulator.runtime import current
from franceconnect.simulator.sessions import (
    Interaction,
    Step,
    advance,
    find_interaction,
    find_posted_interaction,
    open_interaction,
)

ABORTED = "User auth aborted"
BEFORE_LOGIN = (Step.CHOOSER, Step.PROVIDER, Step.VERIFY, Step.CONSENT)


@routed("GET", "POST")
def authorize(request: HttpRequest) -> HttpResponse:
    """Check the request of a service and open an interaction for it."""
    query = request.POST if request.method == "POST" else request.GET
    wanted = read_request(query, current().configuration)
    interaction = open_interaction(request, wanted)
    return SeeOther(reverse("interaction", args=[interaction.uid]))


@routed("GET", "HEAD")
def interaction(request: HttpRequest, uid: str) -> HttpResponse:
    """The chooser; with single sign-on there is nothing to choose."""
    found = find_interaction(request, uid, *BEFORE_LOGIN)
    if found.is_sso:
        return SeeOther(reverse("verify", args=[uid]))
    if found.request.idp_hint and found.step == Step.CHOOSER and not found.failed_provider:
        return _go_to_provider(found, found.request.idp_hint)
    advance(found, Step.CHOOSER, failed_provider="", failure="")
    return render(
        request,
        "chooser.html",
        {
            "interaction": found,
            "service_name": found.client.service_name,
            "failed_provider": current().platform.find_provider(found.failed_provider),
        },
    )


@routed("POST")
def redirect_to_idp(request: HttpRequest) -> HttpResponse:
    """A tile of the chooser was pressed."""
    found = find_posted_interaction(request, Step.CHOOSER, Step.PROVIDER)
    return _go_to_provider(found, request.POST.get("providerUid", ""))


def _go_to_provider(found: Interaction, provider_uid: str) -> HttpResponse:
    if current().platform.find_provider(provider_uid) is None:
        raise PageError(error_pages.PROVIDER_UNKNOWN)
    advance(found, Step.PROVIDER, provider_uid=provider_uid, failed_provider="")
    page = reverse("provider_login", args=[provider_uid])
    return HttpResponseRedirect(error_pages.add_parameters(page, {"state": found.provider_state}))


@routed("GET")
def redirect_to_sp_with_error(request: HttpRequest) -> HttpResponse:
    """“Revenir sur …”: the citizen stops, or leaves an error page, and the service is told.

    The links of our pages name their interaction; without a name it is the browser's latest.
    """
    session = request.browser_session
    uid = request.GET.get("interaction") or (session.latest_interaction if session else "")
    found = find_interaction(request, uid, *BEFORE_LOGIN)
    current().store.interactions.pop(uid)
    error, description = _way_back(found.failure)
    raise CallbackError(
        found.request.redirect_uri,
        {
            "error": error,
            "error_description": description,
            "state": found.request.state,
            "iss": current().configuration.issuer,
        },
    )


def _way_back(failure: str) -> tuple[str, str]:
    if failure in error_pages.REGISTER_DOWN:
        return "temporarily_unavailable", "authentication is temporarily unavailable"
    if failure in error_pages.OUR_FAULTS:
        return (
            "server_error",
            "authentication aborted due to a technical error on the authorization server",
        )
    return "access_denied", ABORTED
