"""The way to FranceConnect and back, over real HTTP, with answers right and wrong."""

from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest
from django.conf import settings as portal_settings
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from accounts.models import JournalEntry, JournalKind, User
from franceconnect import client
from franceconnect.exceptions import AccessDenied, ProviderUnavailable, UnknownState
from franceconnect.models import Link
from tests.franceconnect.fixtures import Traveller

TOKEN_CALL = "POST /api/v2/token"


def assert_refused(response, traveller, code, status=400):
    """Refused with the portal's own page, a line in the journal, and nothing made."""
    entry = JournalEntry.objects.latest("pk")
    assert response.status_code == status
    assert (entry.kind, entry.code) == (JournalKind.SIGN_IN_REFUSED, code)
    assert entry.reference in response.content.decode()
    assert traveller.user_id is None
    assert not Link.objects.exists()
    assert "franceconnect_pending_identity" not in traveller.client.session


def changed(callback_url, **changes):
    """The callback address with parameters replaced, or removed by None."""
    parts = urlsplit(callback_url)
    query = {**dict(parse_qsl(parts.query)), **changes}
    kept = {name: value for name, value in query.items() if value is not None}
    return parts._replace(query=urlencode(kept)).geturl()


# --- Leaving ---


def test_the_request_holds_what_franceconnect_wants_and_nothing_else(traveller):
    url = urlsplit(traveller.leave())
    query = parse_qs(url.query)

    assert url._replace(query="").geturl() == f"{traveller.simulator.issuer}/authorize"
    assert set(query) == {
        "client_id",
        "redirect_uri",
        "response_type",
        "scope",
        "state",
        "nonce",
        "acr_values",
    }
    assert query["redirect_uri"] == [f"{portal_settings.BASE_URL}/franceconnect/callback/"]
    assert query["response_type"] == ["code"]
    assert query["acr_values"] == ["eidas1"]


def test_two_departures_have_their_own_long_state_and_nonce(traveller):
    first, second = (parse_qs(urlsplit(traveller.leave()).query) for _ in range(2))

    for name in ("state", "nonce"):
        assert first[name] != second[name]
        assert len(first[name][0]) >= 32


def test_a_get_never_starts_a_sign_in(client, db):
    assert client.get(reverse("franceconnect:start")).status_code == 405


def test_starting_needs_the_csrf_token(db):
    client = Client(enforce_csrf_checks=True)

    assert client.post(reverse("franceconnect:start")).status_code == 403


def test_returns_are_limited_too(traveller, settings):
    settings.FRANCECONNECT = settings.FRANCECONNECT | {"rate_limit": "2/m"}
    callback = traveller.identify(traveller.leave())
    traveller.come_back(callback)

    assert traveller.come_back(callback).status_code == 429


@pytest.mark.parametrize("next_url", ["https://evil.example", "//evil.example", "\\\\evil", ""])
def test_only_local_pages_are_come_back_to(traveller, link_of, citizen, next_url):
    link_of(citizen)

    response = traveller.go(next=next_url)

    assert response["Location"] == "/mon-espace/"


def test_the_page_asked_for_is_come_back_to(traveller, link_of, citizen):
    link_of(citizen)

    assert traveller.go(next="/mon-espace/profil/")["Location"] == "/mon-espace/profil/"


# --- State, and the callback itself ---


def test_a_callback_without_parameters_is_a_plain_failure(traveller):
    traveller.leave()

    response = traveller.client.get(reverse("franceconnect:callback"), follow=True)

    assert_refused(response, traveller, "unknown_state")
    assert escape(UnknownState.user_message) in response.content.decode()


@pytest.mark.parametrize("state", [None, "", "forged", "undefined"])
def test_a_state_we_did_not_issue_is_refused_before_any_call(traveller, state):
    callback = traveller.identify(traveller.leave())

    response = traveller.come_back(changed(callback, state=state))

    assert_refused(response, traveller, "unknown_state")
    assert TOKEN_CALL not in traveller.simulator.calls()


def test_a_state_of_another_browser_is_refused_before_any_call(traveller, another_traveller):
    callback = traveller.identify(traveller.leave())
    another_traveller.leave()

    response = another_traveller.come_back(callback)

    assert_refused(response, another_traveller, "unknown_state")
    assert TOKEN_CALL not in traveller.simulator.calls()


def test_a_replayed_callback_is_refused_and_a_signed_in_person_goes_home(
    traveller, link_of, citizen
):
    link_of(citizen)
    callback = traveller.identify(traveller.leave())
    traveller.come_back(callback)
    calls = traveller.simulator.calls()[TOKEN_CALL]

    response = traveller.come_back(callback)

    assert response["Location"] == "/mon-espace/"
    assert traveller.simulator.calls()[TOKEN_CALL] == calls


def test_a_lost_cookie_restarts_once_then_stops(traveller, another_traveller):
    callback = traveller.identify(traveller.leave())

    restarted = another_traveller.come_back(callback)
    state = parse_qs(urlsplit(restarted["Location"]).query)["state"][0]
    stopped = Client().get(reverse("franceconnect:callback"), {"state": state, "code": "x"})

    assert restarted["Location"].startswith(f"{traveller.simulator.issuer}/authorize?")
    assert stopped.status_code == 400
    assert TOKEN_CALL not in traveller.simulator.calls()


def test_a_restarted_sign_in_works(traveller, another_traveller, link_of, citizen):
    link_of(citizen)
    callback = traveller.identify(traveller.leave())
    restarted = another_traveller.come_back(callback)

    another_traveller.come_back(another_traveller.identify(restarted["Location"]))

    assert another_traveller.user_id == citizen.pk


@pytest.mark.parametrize("issuer", [None, "", "https://other.example/api/v2"])
def test_the_answer_of_another_issuer_is_refused_before_any_call(traveller, issuer):
    callback = traveller.identify(traveller.leave())

    response = traveller.come_back(changed(callback, iss=issuer))

    assert_refused(response, traveller, "callback_issuer_mismatch")
    assert TOKEN_CALL not in traveller.simulator.calls()


@pytest.mark.parametrize("code", [None, ""])
def test_a_callback_without_code_is_refused_before_any_call(traveller, code):
    callback = traveller.identify(traveller.leave())

    response = traveller.come_back(changed(callback, code=code))

    assert_refused(response, traveller, "callback_without_code")
    assert TOKEN_CALL not in traveller.simulator.calls()


# --- Errors of FranceConnect ---


def test_turning_back_is_quiet(traveller, caplog):
    callback = traveller.identify(traveller.leave())

    response = traveller.come_back(changed(callback, code=None, error="access_denied"))

    assert response["Location"] == "/"
    assert [str(message) for message in get_messages(response.wsgi_request)] == [
        AccessDenied.user_message
    ]
    assert not JournalEntry.objects.exists()
    assert not [record for record in caplog.records if record.levelname != "INFO"]


def test_turning_back_leaves_a_signed_in_person_signed_in(traveller, citizen):
    traveller.client.force_login(citizen)
    callback = traveller.identify(traveller.leave(next="/mon-espace/profil/"))

    response = traveller.come_back(changed(callback, code=None, error="access_denied"))

    assert response["Location"] == "/mon-espace/profil/"
    assert traveller.user_id == citizen.pk


@pytest.mark.parametrize("error", ["server_error", "temporarily_unavailable"])
def test_an_outage_says_to_try_later(traveller, error):
    callback = traveller.identify(traveller.leave())

    response = traveller.come_back(changed(callback, code=None, error=error))

    assert_refused(response, traveller, error, status=503)
    assert escape(ProviderUnavailable.user_message) in response.content.decode()


@pytest.mark.parametrize(
    "error", ["invalid_scope", "invalid_acr", "invalid_request", "invalid_idp_hint"]
)
def test_a_misconfiguration_alerts_operators(traveller, caplog, error):
    callback = traveller.identify(traveller.leave())

    response = traveller.come_back(changed(callback, code=None, error=error))

    assert_refused(response, traveller, error, status=503)
    assert [
        record.levelname for record in caplog.records if record.name == "franceconnect.journey"
    ] == ["ERROR"]


@pytest.mark.parametrize("error", ["<script>alert(1)</script>", "x" * 5000, ""])
def test_an_unknown_error_is_neither_shown_nor_logged(traveller, caplog, error):
    callback = traveller.identify(traveller.leave())

    response = traveller.come_back(changed(callback, error=error, error_description="<b>gras</b>"))

    assert_refused(response, traveller, "unknown_error", status=503)
    text = response.content.decode() + caplog.text
    assert "alert(1)" not in text
    assert "xxxx" not in text
    assert "gras" not in text


# --- Token endpoint ---


def test_the_secret_is_in_the_body_and_never_in_a_header(traveller, link_of, citizen):
    """The simulator refuses Basic as FranceConnect does: to be signed in proves the body."""
    link_of(citizen)
    traveller.go()

    assert traveller.user_id == citizen.pk


def test_a_code_over_thirty_seconds_old_is_refused(traveller):
    callback = traveller.identify(traveller.leave())
    traveller.simulator.control(clock=31)

    response = traveller.come_back(callback)

    assert_refused(response, traveller, "code_refused")


TOKEN_FAULTS = [
    ("token_invalid_client", 503, {"status": 401, "body": '{"error": "invalid_client"}'}),
    ("token_endpoint_500", 503, {"status": 500, "body": "<html>oops</html>"}),
    ("token_endpoint_302", 503, {"status": 302, "headers": {"Location": "http://127.0.0.1:9/"}}),
    ("token_endpoint_400", 503, {"status": 400, "body": "<html>"}),
    ("unreadable_answer", 503, {"body": '{"access_token": '}),
    ("unreadable_answer", 503, {"body": "<html></html>"}),
    ("unreadable_answer", 503, {"body": "[]"}),
    ("unreadable_answer", 503, {"body": "[" * 100_000}),
    ("answer_too_large", 503, {"size": 10 * 1024 * 1024}),
    ("http_ConnectionError", 503, {"cut": True}),
    ("token_answer_incomplete", 400, {"members": {"id_token": None}}),
    ("token_answer_incomplete", 400, {"members": {"id_token": 5}}),
    ("token_answer_incomplete", 400, {"members": {"access_token": None}}),
    ("token_type_unknown", 400, {"members": {"token_type": "mac"}}),
    ("token_type_unknown", 400, {"members": {"token_type": None}}),
    ("access_token_malformed", 400, {"members": {"access_token": "a\r\nX-Forged: 1"}}),
    ("access_token_malformed", 400, {"members": {"access_token": "é"}}),
    ("compressed_answer", 503, {"headers": {"Content-Encoding": "gzip"}}),
]


@pytest.mark.parametrize(("code", "status", "fault"), TOKEN_FAULTS)
def test_a_bad_token_answer_is_a_clear_page(traveller, code, status, fault):
    callback = traveller.identify(traveller.leave())
    traveller.simulator.control({"at": "token", **fault})

    assert_refused(traveller.come_back(callback), traveller, code, status=status)


def test_a_provider_that_never_answers_frees_the_worker(traveller, settings):
    settings.FRANCECONNECT = settings.FRANCECONNECT | {"timeout": 0.3}
    callback = traveller.identify(traveller.leave())
    traveller.simulator.control({"at": "token", "delay": 2})

    response = traveller.come_back(callback)

    assert_refused(response, traveller, "answer_too_slow", status=503)


def test_a_byte_at_a_time_is_cut_off(traveller, settings):
    settings.FRANCECONNECT = settings.FRANCECONNECT | {"timeout": 0.3}
    callback = traveller.identify(traveller.leave())
    traveller.simulator.control({"at": "token", "drip": 0.1})

    response = traveller.come_back(callback)

    assert_refused(response, traveller, "answer_too_slow", status=503)


# --- ID token and userinfo ---

TOKEN_FORGERIES = [
    ("unknown_key", {"signing": "broken"}),
    ("unknown_key", {"signing": "other_key"}),
    ("algorithm_mismatch", {"signing": "none"}),
    ("algorithm_mismatch", {"signing": "secret_hs256"}),
    ("algorithm_mismatch", {"signing": "public_key_hs256"}),
    ("algorithm_mismatch", {"signing": "RS256"}),
    ("issuer_mismatch", {"claims": {"iss": "https://evil.example"}}),
    ("audience_mismatch", {"claims": {"aud": "autre-service"}}),
    ("audience_mismatch", {"remove": ["aud"]}),
    ("token_expired", {"shift": -3600}),
    ("issued_in_the_future", {"shift": 3600}),
    ("sub_malformed", {"remove": ["sub"]}),
    ("sub_malformed", {"claims": {"sub": "s" * 300}}),
    ("token_malformed", {"raw": "n.i.mporte"}),
]
ID_TOKEN_FORGERIES = [
    ("nonce_mismatch", {"remove": ["nonce"]}),
    ("nonce_mismatch", {"claims": {"nonce": "another"}}),
    ("level_too_low", {"remove": ["acr"]}),
    ("level_too_low", {"claims": {"acr": "eidas0"}}),
]
USERINFO_FORGERIES = [
    ("userinfo_of_another", {"claims": {"sub": "b" * 66}}),
    ("family_name_refused", {"remove": ["family_name"]}),
    ("family_name_refused", {"claims": {"family_name": ["DUBOIS"]}}),
    ("family_name_refused", {"claims": {"family_name": "X" * 10_000}}),
    ("family_name_refused", {"claims": {"family_name": "DU\u202eBOIS"}}),
    ("birthdate_refused", {"claims": {"birthdate": "1977-00-03"}}),
]


@pytest.mark.parametrize(
    ("at", "code", "fault"),
    [("id_token", *forgery) for forgery in TOKEN_FORGERIES + ID_TOKEN_FORGERIES]
    + [("userinfo_token", *forgery) for forgery in TOKEN_FORGERIES + USERINFO_FORGERIES],
)
def test_a_token_we_cannot_trust_signs_nobody_in(traveller, at, code, fault):
    callback = traveller.identify(traveller.leave())
    traveller.simulator.control({"at": at, **fault})

    assert_refused(traveller.come_back(callback), traveller, code)


USERINFO_FAULTS = [
    ("userinfo_401", 503, {"status": 401}),
    ("userinfo_500", 503, {"status": 500, "body": "oops"}),
    ("userinfo_not_signed", 400, {"headers": {"Content-Type": "application/json"}, "body": "{}"}),
    ("userinfo_malformed", 400, {"body": "é"}),
    ("token_malformed", 400, {"body": ""}),
    ("answer_too_large", 503, {"size": 10 * 1024 * 1024}),
]


@pytest.mark.parametrize(("code", "status", "fault"), USERINFO_FAULTS)
def test_a_bad_userinfo_answer_is_a_clear_page(traveller, code, status, fault):
    callback = traveller.identify(traveller.leave())
    traveller.simulator.control({"at": "userinfo", **fault})

    assert_refused(traveller.come_back(callback), traveller, code, status=status)


@pytest.mark.parametrize("content_type", ["application/jwt; charset=utf-8", "Application/JWT"])
def test_a_content_type_written_otherwise_is_accepted(traveller, content_type):
    callback = traveller.identify(traveller.leave())
    traveller.simulator.control({"at": "userinfo", "headers": {"Content-Type": content_type}})

    assert traveller.come_back(callback)["Location"] == reverse("franceconnect:first_time")


# --- Keys ---


def test_a_rotation_of_keys_goes_unseen(traveller, link_of, citizen):
    link_of(citizen)
    traveller.simulator.control(rotate_keys=True)

    traveller.go()

    assert traveller.user_id == citizen.pk


def test_unknown_keys_never_flood_the_key_set(traveller):
    for _ in range(6):
        callback = traveller.identify(traveller.leave())
        traveller.simulator.control({"at": "id_token", "signing": "broken"})
        traveller.come_back(callback)

    assert traveller.simulator.calls()["GET /api/v2/jwks"] == 1 + client.MAX_REFRESHES


def test_the_known_keys_serve_while_the_key_set_is_down(traveller, link_of, citizen):
    link_of(citizen)
    traveller.simulator.control({"at": "jwks", "status": 500, "times": None})

    traveller.go()

    assert traveller.user_id == citizen.pk


def test_franceconnect_down_from_the_start_leaves_the_rest_whole(client, db, simulator, citizen):
    simulator.control({"at": "discovery", "status": 500, "times": None})

    response = client.post(reverse("franceconnect:start"))

    assert response.status_code == 503
    assert escape(ProviderUnavailable.user_message) in response.content.decode()
    assert client.get("/").status_code == 200


@pytest.mark.parametrize(
    ("code", "members"),
    [
        ("discovery_of_another_issuer", {"issuer": "https://other.example"}),
        ("endpoint_elsewhere", {"token_endpoint": "https://evil.example/token"}),
        ("endpoint_elsewhere", {"jwks_uri": None}),
        ("endpoint_elsewhere", {"userinfo_endpoint": 5}),
    ],
)
def test_a_discovery_that_points_elsewhere_is_refused(client, db, simulator, code, members):
    simulator.control({"at": "discovery", "members": members})

    response = client.post(reverse("franceconnect:start"))

    assert response.status_code == 503
    assert JournalEntry.objects.get().code == code


# --- Limits and traces ---


def test_starts_are_limited_by_address(client, db, simulator, settings):
    settings.FRANCECONNECT = settings.FRANCECONNECT | {"rate_limit": "3/m"}

    statuses = [Client().post(reverse("franceconnect:start")).status_code for _ in range(4)]

    assert statuses == [302, 302, 302, 429]


def test_a_browser_is_limited_before_its_address(traveller):
    statuses = [
        traveller.client.post(reverse("franceconnect:start")).status_code for _ in range(32)
    ]

    assert statuses[-1] == 429
    assert Traveller(traveller.simulator).leave()


def test_nothing_secret_reaches_the_log(traveller, link_of, citizen, caplog):
    caplog.set_level("DEBUG")
    link = link_of(citizen)
    callback = traveller.identify(traveller.leave())

    traveller.come_back(callback)
    traveller.simulator.control({"at": "id_token", "signing": "broken"})
    traveller.go()

    code = parse_qs(urlsplit(callback).query)["code"][0]
    ours = "\n".join(
        record.getMessage() for record in caplog.records if record.name.startswith("franceconnect")
    )
    for secret in (code, link.sub, portal_settings.FRANCECONNECT["client_secret"], "PERRER"):
        assert secret not in ours
        assert secret not in caplog.text
    assert User.objects.count() == 1


def test_a_callback_opened_by_hand_restarts_nothing(client, db):
    assert client.get(reverse("franceconnect:callback")).status_code == 400


@pytest.mark.parametrize("method", ["put", "delete", "patch", "options", "head", "get"])
def test_no_address_crashes_on_an_unexpected_method(client, citizen, simulator, method):
    client.force_login(citizen)
    for name in (
        "start",
        "callback",
        "first_time",
        "link",
        "switch",
        "unlink",
        "logout_callback",
        "artwork",
    ):
        response = getattr(client, method)(reverse(f"franceconnect:{name}"))
        assert response.status_code < 500, name


def test_a_refusal_leaves_the_address_bar_clean_and_survives_a_reload(traveller):
    callback = urlsplit(traveller.identify(traveller.leave()))
    traveller.simulator.control({"at": "id_token", "signing": "broken"})

    response = traveller.client.get(f"{callback.path}?{callback.query}")
    first, again = (traveller.client.get(response["Location"]) for _ in range(2))

    assert response["Location"] == "/franceconnect/echec/"
    assert first.status_code == again.status_code == 400
    assert first.context["reference"] == again.context["reference"]
    traveller.leave()
    assert traveller.client.get(response["Location"])["Location"] == "/"


def test_nobody_reads_the_refusal_of_another(traveller, client):
    traveller.come_back(changed(traveller.identify(traveller.leave()), iss="x"))

    assert client.get("/franceconnect/echec/")["Location"] == "/"
