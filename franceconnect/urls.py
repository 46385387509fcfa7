"""These paths are a promise to integrators: they are declared to FranceConnect."""

from django.urls import path

from franceconnect import (
    callback_views,
    code_views,
    conf,
    counter_views,
    data_views,
    documents,
    pending_views,
    start_views,
)

app_name = "franceconnect"


def _platform_urls(folder: str, prefix: str, name: str) -> list:
    """The addresses that each platform has for itself: what one sends never meets the other's."""
    return [
        path(
            f"{folder}/connexion/",
            start_views.StartView.as_view(platform_name=name),
            name=f"{prefix}start",
        ),
        path(
            f"{folder}/callback/",
            callback_views.CallbackView.as_view(platform_name=name),
            name=f"{prefix}callback",
        ),
        path(
            f"{folder}/logout-callback/",
            start_views.LogoutCallbackView.as_view(platform_name=name),
            name=f"{prefix}logout_callback",
        ),
        path(
            f"{folder}/dissocier/",
            pending_views.UnlinkView.as_view(platform_name=name),
            name=f"{prefix}unlink",
        ),
        path(
            f"{folder}/sector-identifier/",
            documents.sector_identifier,
            {"platform_name": name},
            name=f"{prefix}sector_identifier",
        ),
        path(
            f"{folder}/bouton/",
            documents.artwork,
            {"platform_name": name},
            name=f"{prefix}artwork",
        ),
    ]


urlpatterns = [
    *_platform_urls("franceconnect", "", conf.FRANCECONNECT),
    *_platform_urls("franceconnect-plus", "plus_", conf.FRANCECONNECT_PLUS),
    path(
        "franceconnect-plus/renforcer/",
        start_views.StepUpView.as_view(platform_name=conf.FRANCECONNECT_PLUS),
        name="plus_step_up",
    ),
    path("franceconnect-plus/jwks/", documents.key_set, name="plus_jwks"),
    path(
        "franceconnect/premiere-connexion/",
        pending_views.FirstTimeView.as_view(),
        name="first_time",
    ),
    path("franceconnect/code/", code_views.CodeRequestView.as_view(), name="code_request"),
    path("franceconnect/code/saisie/", code_views.CodeEntryView.as_view(), name="code_entry"),
    path(
        "franceconnect/code-mairie/", counter_views.CounterCodeView.as_view(), name="counter_code"
    ),
    path(
        "franceconnect/code-mairie/confirmation/",
        counter_views.CounterLinkView.as_view(),
        name="counter_link",
    ),
    path(
        "franceconnect/espace-prepare/",
        counter_views.PreparedRequestView.as_view(),
        name="prepared_request",
    ),
    path(
        "franceconnect/espace-prepare/code/",
        counter_views.PreparedEntryView.as_view(),
        name="prepared_entry",
    ),
    path("franceconnect/donnees/", data_views.DataRequestView.as_view(), name="data_request"),
    path("franceconnect/donnees/depart/", data_views.DataStartView.as_view(), name="data_start"),
    path(
        "franceconnect/donnees/recues/",
        data_views.DataReceivedView.as_view(),
        name="data_received",
    ),
    path("franceconnect/echec/", callback_views.FailureView.as_view(), name="failure"),
    path("franceconnect/certifier/", pending_views.LinkView.as_view(), name="link"),
    path("franceconnect/changer-de-personne/", pending_views.SwitchView.as_view(), name="switch"),
]
