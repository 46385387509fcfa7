"""What every answer has in common: session cookie, error pages, security headers, counting."""

from django.http import HttpRequest

from franceconnect.simulator import sessions
from franceconnect.simulator.error_pages import (
    CallbackError,
    PageError,
    callback_error_response,
    page_error_response,
)
from franceconnect.simulator.runtime import current


class BrowserSessionMiddleware:
    """Gives views ``request.browser_session`` and renews its cookie with every page."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest):
        request.browser_session = sessions.read_session(request)
        response = self.get_response(request)
        is_page = response.headers.get("Content-Type", "").startswith("text/html")
        if request.browser_session and is_page:
            sessions.write_cookie(response, request.browser_session)
        elif sessions.cookie_name() in request.COOKIES and is_page:
            response.delete_cookie(sessions.cookie_name(), samesite="Lax")
        return response

    def process_exception(self, request: HttpRequest, exception: Exception):
        if isinstance(exception, CallbackError):
            return callback_error_response(exception)
        if isinstance(exception, PageError):
            return page_error_response(request, exception)
        return None


class SecurityHeadersMiddleware:
    """A policy without any script; form targets include the services' own origins.

    Chromium applies ``form-action`` to the redirects that follow a form, so the answer to
    ``/login``, which ends at the service, needs the service's origin in the list.
    """

    def __init__(self, get_response):
        self.get_response = get_response
        targets = " ".join(("'self'", *current().configuration.service_origins))
        self.policy = (
            "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
            f"frame-ancestors 'none'; form-action {targets}"
        )

    def __call__(self, request: HttpRequest):
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", self.policy)
        response.headers.setdefault("Cache-Control", "no-store")
        return response


class CallCountMiddleware:
    """Counts calls by path when the control is on; answers nothing of its own."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest):
        simulator = current()
        if simulator.configuration.control and not request.path.startswith("/_control/"):
            simulator.calls.add(request.method, request.path)
        return self.get_response(request)
