"""One mock identity provider that stands for all of them: password, second code, free form."""

import secrets
from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters

from franceconnect.simulator.error_pages import SeeOther, add_parameters, routed
from franceconnect.simulator.free_identity import FreeIdentityForm
from franceconnect.simulator.people import PASSWORD, Identity, Person
from franceconnect.simulator.providers import Provider
from franceconnect.simulator.runtime import current
from franceconnect.simulator.sessions import PASSWORD_ONLY

WITH_SECOND_CODE = ("fc", "pwd", "mail")
TRIES = 5


@dataclass(frozen=True)
class ProviderAnswer:
    """What the provider tells FranceConnect, behind a single-use code."""

    provider_uid: str
    identity: Identity
    failure: str = ""
    methods: tuple[str, ...] = PASSWORD_ONLY


@dataclass(frozen=True)
class SecondCode:
    """A code sent to the “telephone” of this browser's session; good once, for ten minutes."""

    attempt: str
    session_id: str
    provider_uid: str
    state: str
    person: Person
    digits: str
    tries_left: int = TRIES


@sensitive_post_parameters()
@routed("GET", "HEAD", "POST")
def provider_login(request: HttpRequest, provider_uid: str) -> HttpResponse:
    """Login and password, or a person of the list; failing sends back to the chooser."""
    provider = _provider(provider_uid)
    if request.method == "POST":
        return _answer_login(request, provider)
    context = {
        "provider": provider,
        "state": request.GET.get("state", ""),
        "password": PASSWORD,
        **current().people.lists(),
    }
    return render(request, "provider_login.html", context)


def _provider(uid: str) -> Provider:
    provider = current().platform.find_provider(uid)
    if provider is None:
        raise Http404
    return provider


def _answer_login(request: HttpRequest, provider: Provider) -> HttpResponse:
    state = request.POST.get("state", "")
    if "cancel" in request.POST:
        return _refuse(state)
    person = current().people.find(request.POST.get("login", "").strip())
    if person is None or request.POST.get("password") != PASSWORD:
        return _refuse(state)
    if "second_code" in request.POST:
        return _ask_second_code(request, provider, person, state)
    return _accept(state, ProviderAnswer(provider.uid, person.identity, person.failure))


def _refuse(state: str) -> HttpResponse:
    return HttpResponseRedirect(
        add_parameters(reverse("oidc_callback"), {"error": "access_denied", "state": state})
    )


def _accept(state: str, answer: ProviderAnswer) -> HttpResponse:
    code = secrets.token_urlsafe(32)
    current().store.provider_answers.put(code, answer)
    return HttpResponseRedirect(
        add_parameters(reverse("oidc_callback"), {"code": code, "state": state})
    )


def _ask_second_code(request, provider: Provider, person: Person, state: str) -> HttpResponse:
    if request.browser_session is None:
        return _refuse(state)
    attempt = SecondCode(
        attempt=secrets.token_urlsafe(16),
        session_id=request.browser_session.session_id,
        provider_uid=provider.uid,
        state=state,
        person=person,
        digits=f"{secrets.randbelow(10**6):06}",
    )
    current().store.second_codes.put(attempt.attempt, attempt)
    page = reverse("provider_code", args=[provider.uid])
    return SeeOther(add_parameters(page, {"state": state, "essai": attempt.attempt}))


@sensitive_post_parameters()
@routed("GET", "HEAD", "POST")
def provider_code(request: HttpRequest, provider_uid: str) -> HttpResponse:
    """The second step: six digits, five tries, ten minutes, once."""
    provider = _provider(provider_uid)
    values = request.POST if request.method == "POST" else request.GET
    attempt = current().store.second_codes.get(values.get("essai", ""))
    if attempt is None or "cancel" in values:
        return _refuse(values.get("state", ""))
    error = ""
    if request.method == "POST":
        if secrets.compare_digest(_digits(request), attempt.digits.encode()):
            return _accept_second_code(attempt)
        attempt = _count_try(attempt)
        if attempt is None:
            return _refuse(values.get("state", ""))
        error = f"Ce code n’est pas le bon. Vérifiez-le ; essais restants : {attempt.tries_left}."
    context = {"provider": provider, "attempt": attempt, "error": error}
    return render(request, "provider_code.html", context, status=400 if error else 200)


def _digits(request: HttpRequest) -> bytes:
    return request.POST.get("code", "").replace(" ", "").replace("\u00a0", "").encode()


def _accept_second_code(attempt: SecondCode) -> HttpResponse:
    if current().store.second_codes.pop(attempt.attempt) is None:
        return _refuse(attempt.state)
    person = attempt.person
    answer = ProviderAnswer(attempt.provider_uid, person.identity, person.failure, WITH_SECOND_CODE)
    return _accept(attempt.state, answer)


def _count_try(attempt: SecondCode) -> SecondCode | None:
    """One try less; after the last the code is dead."""
    store = current().store.second_codes
    if attempt.tries_left <= 1:
        store.pop(attempt.attempt)
        return None
    return store.change(attempt.attempt, tries_left=attempt.tries_left - 1)


@routed("GET", "HEAD", "POST")
def provider_free_identity(request: HttpRequest, provider_uid: str) -> HttpResponse:
    """Every claim typed by hand, for the cases that no ready person shows."""
    provider = _provider(provider_uid)
    values = request.POST if request.method == "POST" else request.GET
    posted = request.POST if request.method == "POST" else None
    form = FreeIdentityForm(posted, platform=current().platform)
    if posted and form.is_valid():
        return _accept(values.get("state", ""), ProviderAnswer(provider.uid, form.identity()))
    context = {"provider": provider, "form": form, "state": values.get("state", "")}
    status = 400 if form.errors else 200
    return render(request, "provider_free_identity.html", context, status=status)


@routed("GET", "HEAD")
def telephone(request: HttpRequest) -> HttpResponse:
    """The demonstration telephone: the codes that wait for this browser."""
    session = request.browser_session
    waiting = [
        code
        for code in current().store.second_codes.values()
        if session and code.session_id == session.session_id
    ]
    return render(request, "telephone.html", {"codes": reversed(waiting)})
