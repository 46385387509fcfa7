"""Errors that citizens or services see: FranceConnect's own pages, or its answers on callback."""

from dataclasses import dataclass
from functools import wraps
from urllib.parse import urlencode

from django.http import Http404, HttpResponseRedirect
from django.shortcuts import render

BAD_PARAMETERS = "Y030007"
UNKNOWN_CLIENT = "Y04EA6EF"
UNKNOWN_REDIRECT_URI = "Y04C013C"
LIBRARY_ERROR = "Y040000"  # the family of the protocol library, when the exact code is unknown
LEVEL_TOO_LOW = "Y100001"
AMR_NOT_GRANTED = "Y100009"
PROVIDER_UNKNOWN = "Y020019"
PROVIDER_STATE_MISSING = "Y020021"
PROVIDER_STATE_WRONG = "Y020022"
CSRF_MISSING = "Y470001"
CSRF_WRONG = "Y470002"
SESSION_EXPIRED = "Y190001"
NOT_FOUND = "Y000404"
INTERNAL = "Y000500"

TECHNICAL = (
    "Une erreur technique est survenue, fermez l’onglet de votre navigateur et reconnectez-vous."
)
CIVIL_STATUS = (
    "Un problème lié à vos données d’identité empêche la connexion d’aboutir. "
    "Nous vous invitons à nous contacter pour corriger le problème."
)
EXPIRED = (
    "Votre session a expiré ou est invalide, fermez l’onglet de votre navigateur "
    "et reconnectez-vous."
)
DISABLED = "Votre accès a été désactivé. Pour le réactiver merci de nous contacter."
REGISTER_DOWN = ("Y010011", "Y010012")
OUR_FAULTS = ("Y010013", "Y600006")
MESSAGES = {
    **dict.fromkeys(
        ("Y010004", "Y010006", "Y010007", "Y010008", "Y010009", "Y010015"), CIVIL_STATUS
    ),
    "Y180001": DISABLED,
    LEVEL_TOO_LOW: (
        "Le compte choisi n’assure pas le niveau de sécurité que demande ce service. "
        "Recommencez avec un autre compte."
    ),
    SESSION_EXPIRED: EXPIRED,
    NOT_FOUND: "Cette page n’existe pas. Vérifiez l’adresse, ou revenez au service.",
}
STATUSES = dict.fromkeys(REGISTER_DOWN, 504) | {NOT_FOUND: 404, INTERNAL: 500}


@dataclass
class PageError(Exception):
    """Stop here and show the error page; the service is not told, but may be linked back to."""

    code: str
    message: str = ""
    back_url: str = ""
    service_name: str = ""


@dataclass
class CallbackError(Exception):
    """Stop here and send the browser back to the service with an error (RFC 6749 §4.1.2.1)."""

    redirect_uri: str
    parameters: dict[str, str]
    in_fragment: bool = False


class SeeOther(HttpResponseRedirect):
    """303: whatever the method was, the next request is a GET."""

    status_code = 303


def add_parameters(uri: str, parameters: dict[str, str], separator: str = "?") -> str:
    """The address with parameters appended, after those it already had."""
    joined = "&" if separator in uri else separator
    return f"{uri}{joined}{urlencode(parameters)}"


def callback_error_response(error: CallbackError) -> SeeOther:
    separator = "#" if error.in_fragment else "?"
    return SeeOther(add_parameters(error.redirect_uri, error.parameters, separator))


def page_error_response(request, error: PageError):
    context = {"error": error, "message": error.message or MESSAGES.get(error.code, TECHNICAL)}
    return render(request, "error.html", context, status=STATUSES.get(error.code, 400))


def page_not_found(request, exception=None):
    """Django's handler for unknown addresses."""
    return page_error_response(request, PageError(NOT_FOUND))


def internal_error(request):
    """Django's handler for a fault of the simulator itself."""
    return page_error_response(request, PageError(INTERNAL))


def routed(*methods: str):
    """Answer only to these methods; elsewhere FranceConnect has no route at all."""

    def decorate(view):
        @wraps(view)
        def checked(request, *args, **kwargs):
            if request.method not in methods:
                raise Http404
            return view(request, *args, **kwargs)

        return checked

    return decorate
