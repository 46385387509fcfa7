"""Headers of every answer, and requests that no browser makes."""

from django.conf import settings
from django.http import Http404, HttpResponseBadRequest
from django.urls import resolve
from django.utils.cache import add_never_cache_headers

LOOKS = "/ville/"


def security_headers(get_response):
    """Headers that neither Django nor django-csp sets.

    Features and embedding this site refuses; and no copy of a page is kept unless it says so:
    most show a name, and the next person at a shared computer has a back button.
    """

    def middleware(request):
        response = get_response(request)
        response.headers.setdefault(
            "Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
        )
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        if not response.has_header("Cache-Control"):
            add_never_cache_headers(response)
        return response

    return middleware


def sound_requests(get_response):
    """Refuse a body in another charset than UTF-8, forget a session cookie that is none of ours.

    Both end in errors of the decoder or of the database, for whoever wants one.
    """

    def middleware(request):
        charset = (
            request.content_params.get("charset", "utf-8") if request.content_params else "utf-8"
        )
        if charset.strip().lower() not in ("utf-8", "utf8"):
            return HttpResponseBadRequest("charset", content_type="text/plain")
        session_key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
        if session_key is not None and not (session_key.isascii() and session_key.isalnum()):
            del request.COOKIES[settings.SESSION_COOKIE_NAME]
        return get_response(request)

    return middleware


def looks_of_the_town(get_response):
    """Answer the colours and the logo of the town before any session is read.

    Every cache may keep them, so no cookie may come with them: it would open somebody's space to
    whoever is given the copy.
    """

    def middleware(request):
        if request.method == "GET" and request.path_info.startswith(LOOKS):
            try:
                found = resolve(request.path_info)
                return found.func(request, **found.kwargs)
            except Http404:
                pass  # the page that says so is made as any other
        return get_response(request)

    return middleware
