"""What is to be declared to FranceConnect about this portal, to copy to the character."""

from collections.abc import Iterator

from django.conf import settings

from franceconnect.conf import Platform


def declarations(platform: Platform) -> Iterator[tuple[str, list[str]]]:
    """Field of the partner space, values to copy there to the character."""
    others = settings.FRANCECONNECT["other_base_urls"]
    sign_outs = [url + platform.path("logout_callback") for url in [settings.BASE_URL, *others]]
    yield "URL de redirection de connexion (callback)", platform.redirect_uris
    yield "URL de redirection de déconnexion", sign_outs
    if platform.is_encrypted:
        yield "URL des clés de chiffrement (jwks_uri)", [settings.BASE_URL + platform.path("jwks")]
    if others:
        sector = settings.BASE_URL + platform.path("sector_identifier")
        yield "sector_identifier_uri", [sector]
    yield "Algorithme de signature", [platform.signing_alg]
