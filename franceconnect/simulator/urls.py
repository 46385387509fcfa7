"""Every address of the simulator: FranceConnect's own under ``/api/v2``, the rest beside it."""

from django.urls import path

from franceconnect.simulator import (
    authorize,
    confirmation,
    control,
    data_gateways,
    data_provider,
    error_pages,
    identity_provider,
    metadata,
    other_service,
    pages,
    sign_out,
    token_endpoint,
)

handler404 = error_pages.page_not_found
handler500 = error_pages.internal_error

FRANCECONNECT = [
    (".well-known/openid-configuration", metadata.discovery, "discovery"),
    ("jwks", metadata.jwks, "jwks"),
    ("authorize", authorize.authorize, "authorize"),
    ("authorize/<str:uid>", confirmation.authorize_end, "authorize_end"),
    ("interaction/<str:uid>", authorize.interaction, "interaction"),
    ("interaction/<str:uid>/verify", confirmation.verify, "verify"),
    ("interaction/<str:uid>/consent", confirmation.consent, "consent"),
    ("redirect-to-idp", authorize.redirect_to_idp, "redirect_to_idp"),
    (
        "redirect-to-sp-with-error",
        authorize.redirect_to_sp_with_error,
        "redirect_to_sp_with_error",
    ),
    ("oidc-callback", confirmation.oidc_callback, "oidc_callback"),
    ("login", confirmation.login, "login"),
    ("token", token_endpoint.token, "token"),
    ("token/revocation", token_endpoint.revocation, "revocation"),
    ("userinfo", token_endpoint.userinfo, "userinfo"),
    ("session/end", sign_out.session_end, "session_end"),
    ("session/end/confirm", sign_out.session_end_confirm, "session_end_confirm"),
    ("session/end/success", sign_out.session_end_success, "session_end_success"),
]

urlpatterns = [
    *(path(f"api/v2/{route}", view, name=name) for route, view, name in FRANCECONNECT),
    path("", pages.home, name="home"),
    path("boite-aux-lettres/", pages.mailbox, name="mailbox"),
    path("signalement/", pages.report, name="report"),
    path("telephone/", identity_provider.telephone, name="telephone"),
    path(
        "fournisseur-identite/<str:provider_uid>/",
        identity_provider.provider_login,
        name="provider_login",
    ),
    path(
        "fournisseur-identite/<str:provider_uid>/code/",
        identity_provider.provider_code,
        name="provider_code",
    ),
    path(
        "fournisseur-identite/<str:provider_uid>/identite-libre/",
        identity_provider.provider_free_identity,
        name="provider_free_identity",
    ),
    path("autre-service/", other_service.home, name="other_service"),
    path("autre-service/connexion/", other_service.start, name="other_service_start"),
    path("autre-service/retour/", other_service.callback, name="other_service_callback"),
    path("autre-service/deconnexion/", other_service.sign_out, name="other_service_sign_out"),
    path("autre-service/deconnecte/", other_service.signed_out, name="other_service_signed_out"),
    path(
        "donnees/api-particulier/v3/<str:provider>/<str:name>/france_connect",
        data_provider.api_particulier,
        name="api_particulier",
    ),
    path(
        "donnees/france-travail/partenaire/fc-statutaugmente/v1/statut",
        data_gateways.france_travail,
        name="france_travail",
    ),
    path("donnees/dgfip/token", data_gateways.dgfip_token, name="dgfip_token"),
    path(
        "donnees/dgfip/impotparticulier/1.0/situations/ir/assiettes/annrev/<int:year>",
        data_gateways.dgfip,
        name="dgfip",
    ),
    path("_control/", control.control, name="control"),
    path("_control/person", control.control_person, name="control_person"),
    path("_control/mails", control.control_mails, name="control_mails"),
]
