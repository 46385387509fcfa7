"""From the provider's answer to the service's callback: checks, confirmation, code."""

import dataclasses

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from franceconnect.simulator.authorization_request import AuthorizationRequest
from franceconnect.simulator.error_pages import (
    LEVEL_TOO_LOW,
    SESSION_EXPIRED,
    PageError,
    SeeOther,
    add_parameters,
    routed,
)
from franceconnect.simulator.mail import (
    fingerprint_of,
    read_device,
    remember_identity,
    send_alert,
)
from franceconnect.simulator.platforms import LEVELS
from franceconnect.simulator.runtime import current
from franceconnect.simulator.sessions import (
    Interaction,
    Step,
    advance,
    change_session,
    find_interaction,
    find_posted_interaction,
    find_returning_interaction,
)
from franceconnect.simulator.tokens import Grant, new_value


@routed("GET")
def oidc_callback(request: HttpRequest) -> HttpResponse:
    """The provider's answer; any failure there shows the chooser again."""
    found = find_returning_interaction(request, request.GET.get("state", ""))
    answer = current().store.provider_answers.pop(request.GET.get("code", ""))
    if answer is None or answer.provider_uid != found.provider_uid:
        advance(found, Step.CHOOSER, failed_provider=found.provider_uid)
        return SeeOther(reverse("interaction", args=[found.uid]))
    advance(
        found,
        Step.VERIFY,
        identity=answer.identity,
        failure=answer.failure or _weakness(found),
        methods=answer.methods,
    )
    return SeeOther(reverse("verify", args=[found.uid]))


def _weakness(found: Interaction) -> str:
    """The error of a provider that reaches less than the service asked for."""
    is_enough = LEVELS.index(found.provider.level) >= LEVELS.index(found.request.acr)
    return "" if is_enough else LEVEL_TOO_LOW


@routed("GET")
def verify(request: HttpRequest, uid: str) -> HttpResponse:
    """The comparison with the civil register; a new identity ends earlier single sign-on."""
    found = find_interaction(request, uid, Step.VERIFY, Step.CONSENT)
    if found.failure:
        page = reverse("redirect_to_sp_with_error")
        raise PageError(
            found.failure,
            back_url=add_parameters(page, {"interaction": uid}),
            service_name=found.client.service_name,
        )
    if not found.is_sso:
        request.browser_session = change_session(
            request.browser_session,
            identity=found.identity,
            provider_uid=found.provider_uid,
            methods=found.methods,
            is_signed_in=False,
        )
    advance(found, Step.CONSENT)
    return SeeOther(reverse("consent", args=[uid]))


@routed("GET", "HEAD")
def consent(request: HttpRequest, uid: str) -> HttpResponse:
    """“Vous allez vous connecter en tant que …”; information only, the service being public."""
    found = find_interaction(request, uid, Step.CONSENT)
    platform = current().platform
    blocks = platform.scopes.data_blocks(found.request.scopes, platform.label)
    context = {
        "interaction": found,
        "service_name": found.client.service_name,
        "identity": found.identity,
        "blocks": blocks,
        "data_count": sum(len(block.labels) for block in blocks),
    }
    return render(request, "confirmation.html", context)


@routed("POST")
def login(request: HttpRequest) -> HttpResponse:
    """“Continuer sur …”: opens single sign-on, and sends the alert mail when it is due."""
    found = find_posted_interaction(request, Step.CONSENT)
    advance(found, Step.LOGIN)
    response = SeeOther(reverse("authorize_end", args=[found.uid]))
    _alert(request, response, found)
    request.browser_session = change_session(
        request.browser_session,
        is_signed_in=True,
        identity=found.identity,
        provider_uid=found.provider_uid,
        methods=found.methods,
        services_notified=request.browser_session.services_notified | {found.client.client_id},
    )
    return response


def _alert(request: HttpRequest, response: HttpResponse, found: Interaction) -> None:
    """Once per service and session, unless this device already knows the person."""
    simulator = current()
    device = read_device(request, simulator)
    fingerprint = fingerprint_of(found.identity)
    notified = found.client.client_id in request.browser_session.services_notified
    if not notified and not device.trusts(fingerprint):
        send_alert(
            simulator,
            identity=found.identity,
            service_name=found.client.service_name,
            provider_name=found.provider.name,
        )
    remember_identity(response, device, fingerprint, simulator)


def _without_scopes(wanted: AuthorizationRequest, removed) -> AuthorizationRequest:
    kept = tuple(scope for scope in wanted.scopes if scope not in removed)
    return dataclasses.replace(wanted, scopes=kept)


@routed("GET")
def authorize_end(request: HttpRequest, uid: str) -> HttpResponse:
    """Back to the service with a code (RFC 6749 §4.1.2) and the issuer (RFC 9207)."""
    found = find_interaction(request, uid, Step.LOGIN)
    simulator = current()
    if simulator.store.interactions.pop(uid) is None:
        raise PageError(SESSION_EXPIRED)
    grant = Grant(
        request=_without_scopes(found.request, simulator.faults.take("grant").get("remove", ())),
        identity=found.identity,
        provider_uid=found.provider_uid,
        methods=found.methods,
        acr=found.acr,
        auth_time=int(simulator.clock.now()),
        access_token=new_value(),
    )
    code = new_value()
    simulator.store.codes.put(code, grant)
    parameters = {
        "code": code,
        "state": found.request.state,
        "iss": simulator.configuration.issuer,
    }
    parameters |= simulator.faults.take("callback").get("parameters", {})
    kept = {name: value for name, value in parameters.items() if value is not None}
    return SeeOther(add_parameters(found.request.redirect_uri, kept))
