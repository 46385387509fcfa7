"""What FranceConnect and browsers fetch here: key set, redirect addresses, the button's artwork."""

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from franceconnect import conf, encryption
from franceconnect.artwork import artwork_of

# How long FranceConnect may keep them: what a rotation of keys has to wait for.
MAX_AGE_SECONDS = 600
ARTWORK_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


@login_not_required
@require_safe
def key_set(request):
    """The public keys that FranceConnect+ encrypts for (RFC 7517 §8.5.2), newest first."""
    platform = conf.platform(conf.FRANCECONNECT_PLUS)
    if platform is None:
        raise Http404
    keys = encryption.public_keys(platform.encryption_key)
    return _public(JsonResponse({"keys": keys}, content_type="application/jwk-set+json"))


@login_not_required
@require_safe
def sector_identifier(request, platform_name):
    """The redirect addresses of this client, for a `sector_identifier_uri`.

    OpenID Connect Registration §5: asked when they are on several hosts, so that a person keeps
    one `sub` on all of them.
    """
    platform = conf.platform(platform_name)
    if platform is None:
        raise Http404
    return _public(JsonResponse(platform.redirect_uris, safe=False))


@login_not_required
@require_safe
def artwork(request, platform_name):
    """The town's copy of the official button, when an agent or a setting gave one."""
    drawing = artwork_of(platform_name)
    if drawing is None:
        raise Http404
    response = HttpResponse(drawing.content, content_type=drawing.content_type)
    # An SVG opened by itself is a document: it must not run anything.
    response.headers["Content-Security-Policy"] = ARTWORK_POLICY
    response.headers["Cache-Control"] = "public, max-age=3600"
    return response


def _public(response):
    response.headers["Cache-Control"] = f"public, max-age={MAX_AGE_SECONDS}"
    return response
