import base64
import json

import jwt
import pytest
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from tests.simulator.encryption_keys import EC_KEY, RSA_KEY, key_set, public_jwk
from tests.simulator.relying_party import PlusRelyingParty

# The library warns of what these tests do on purpose: a short key, an algorithm of the past.
pytestmark = pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
KEYS = {
    "espace-citoyens-plus-test": EC_KEY,
    "service-rsa": RSA_KEY,
    "service-rsa-oaep": RSA_KEY,
    "service-publie": EC_KEY,
}


@pytest.fixture
def service_of(plus):
    return lambda client_id: PlusRelyingParty(plus, client_id=client_id, key=KEYS[client_id])


def header_of(token):
    first = token.split(".")[0]
    return json.loads(base64.urlsafe_b64decode(first + "=" * (-len(first) % 4)))


def both_tokens(service, browser):
    tokens = service.tokens(browser)
    return tokens["id_token"], service.userinfo(tokens["access_token"]).text


@pytest.mark.parametrize(
    ("client_id", "kid", "algorithm", "more"),
    [
        ("espace-citoyens-plus-test", "ec", "ECDH-ES", {"epk"}),
        ("service-rsa", "rsa", "RSA-OAEP-256", set()),
        ("service-rsa-oaep", "rsa-oaep", "RSA-OAEP", set()),
    ],
)
def test_both_tokens_are_signed_then_encrypted(
    plus, browser, service_of, client_id, kid, algorithm, more
):
    service = service_of(client_id)

    tokens = both_tokens(service, browser)

    for token in tokens:
        header = header_of(token)
        assert token.count(".") == 4
        assert set(header) == {"alg", "enc", "cty", "kid", "iss", "aud"} | more
        assert (header["alg"], header["enc"]) == (algorithm, "A256GCM")
        assert (header["cty"], header["kid"]) == ("JWT", kid)
        assert (header["iss"], header["aud"]) == (plus.issuer, client_id)
        inner = jwt.get_unverified_header(service.opened(token))
        assert set(inner) == {"alg", "kid"}
        assert inner["alg"] == "ES256"
        assert inner["kid"].startswith("pkcs11:hsm")
    subs = {service.read(token)["sub"] for token in tokens}
    assert len(subs) == 1


# --- The keys of the service --------------------------------------------------------------------


def test_keys_are_fetched_once_a_minute_from_the_service(plus, browser, key_server, service_of):
    service = service_of("service-publie")

    assert service.read(both_tokens(service, browser)[1])
    both_tokens(service, browser)
    assert key_server.calls == 1

    plus.control(clock=61)
    both_tokens(service, browser)
    assert key_server.calls == 2


def test_a_service_rotates_its_keys(plus, browser, plus_service):
    new = ECKey.generate_key("P-256")
    plus.control(jwks=key_set(public_jwk(new, "nouvelle"), public_jwk(EC_KEY, "ec")))

    token = plus_service.tokens(browser)["id_token"]

    assert header_of(token)["kid"] == "nouvelle"
    assert PlusRelyingParty(plus, key=new).read(token)["acr"] == "eidas2"

    plus.control(jwks=None)
    assert header_of(plus_service.tokens(browser)["id_token"])["kid"] == "ec"


def test_reset_gives_services_their_own_keys_again(plus, browser, plus_service):
    plus.control(jwks=key_set(public_jwk(RSA_KEY, "rsa")))

    plus.reset()

    assert header_of(plus_service.tokens(browser)["id_token"])["kid"] == "ec"


def test_what_cannot_encrypt_is_passed_over(plus, browser, plus_service):
    unfit = [
        public_jwk(EC_KEY, "signe", use="sig", alg="ES256"),
        public_jwk(EC_KEY, "sans-usage") | {"use": None},
        public_jwk(EC_KEY, ""),
        public_jwk(EC_KEY, "autre-alg", alg="ECDH-ES+A256KW"),
        public_jwk(EC_KEY, "alg-de-rsa", alg="RSA-OAEP"),
        public_jwk(EC_KEY, "hors-courbe", x="AA"),
        public_jwk(EC_KEY, "genre", kty=["EC"]),
        public_jwk(RSAKey.generate_key(1024), "courte"),
    ]
    plus.control(jwks=key_set(*unfit, public_jwk(EC_KEY, "bonne")))

    assert header_of(plus_service.tokens(browser)["id_token"])["kid"] == "bonne"


@pytest.mark.parametrize(
    ("published", "words"),
    [
        ({}, "is invalid"),
        ({"keys": {}}, "is invalid"),
        ({"keys": ["clé"]}, "is invalid"),
        ({"keys": []}, "no suitable encryption key found"),
        (key_set(public_jwk(EC_KEY, "signe", use="sig")), "no suitable encryption key found"),
        (key_set(EC_KEY.as_dict(private=True)), "must not contain private"),
    ],
)
def test_an_unusable_key_set_is_refused_at_the_token_endpoint(
    plus, browser, plus_service, published, words
):
    code = plus_service.sign_in(browser)
    plus.control(jwks=published)

    answer = plus_service.exchange(code)

    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_client_metadata"
    assert words in answer.json()["error_description"]


def test_userinfo_too_needs_a_usable_key_set(plus, browser, plus_service):
    access_token = plus_service.tokens(browser)["access_token"]
    plus.control(jwks=key_set())

    answer = plus_service.userinfo(access_token)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")


@pytest.mark.parametrize(
    "answer",
    [
        {"document": {}, "status": 500},
        {"document": {}, "status": 302},
        {"document": b"<html>"},
        {"document": b"[]"},
        {"document": b" " * 70_000},
        {"document": {}, "delay": 4},
    ],
)
def test_an_address_that_gives_no_key_set_is_refused(browser, key_server, service_of, answer):
    service = service_of("service-publie")
    code = service.sign_in(browser)
    key_server.publish(**answer)

    refusal = service.exchange(code)

    assert (refusal.status_code, refusal.json()["error"]) == (400, "invalid_client_metadata")


def test_a_service_that_is_back_is_served_at_once(browser, key_server, service_of):
    service = service_of("service-publie")
    good = key_set(public_jwk(EC_KEY, "publie"))
    key_server.publish({}, status=500)
    service.exchange(service.sign_in(browser))

    key_server.publish(good)

    assert service.tokens(browser)["id_token"]


# --- Tokens that no service should accept -------------------------------------------------------


@pytest.mark.parametrize("place", ["id_token", "userinfo_token"])
def test_encryption_can_be_missing(plus, browser, plus_service, place):
    plus.control({"at": place, "encryption": "missing"})

    tokens = both_tokens(plus_service, browser)

    dots = [token.count(".") for token in tokens]
    assert dots == ([2, 4] if place == "id_token" else [4, 2])


@pytest.mark.parametrize("encryption", ["other_key", "broken"])
@pytest.mark.parametrize("client_id", ["espace-citoyens-plus-test", "service-rsa"])
def test_a_token_may_not_open(plus, browser, service_of, client_id, encryption):
    service = service_of(client_id)
    plus.control({"at": "id_token", "encryption": encryption})

    token = service.tokens(browser)["id_token"]

    assert header_of(token)["kid"] in ("ec", "rsa")
    with pytest.raises((JoseError, ValueError)):
        service.decrypt(token)


def test_bare_claims_may_be_encrypted(plus, browser, plus_service):
    plus.control({"at": "id_token", "encryption": "not_signed", "claims": {"acr": "eidas3"}})

    content = plus_service.opened(plus_service.tokens(browser)["id_token"])

    assert json.loads(content)["acr"] == "eidas3"


def test_any_text_may_be_encrypted(plus, browser, plus_service):
    plus.control({"at": "id_token", "payload": "rien de signé"})

    assert plus_service.opened(plus_service.tokens(browser)["id_token"]) == "rien de signé"


@pytest.mark.parametrize(
    "changes",
    [
        {"kid": "inconnu"},
        {"cty": "text"},
        {"cty": None},
        {"kid": None},
        {"zip": "DEF"},
        {"enc": "A128GCM"},
        {"enc": "A128CBC-HS256"},
        {"alg": "ECDH-ES+A256KW"},
    ],
)
def test_the_header_may_be_another_one_and_the_token_still_opens(
    plus, browser, plus_service, changes
):
    plus.control({"at": "userinfo_token", "encryption_header": changes})

    _, token = both_tokens(plus_service, browser)

    header = header_of(token)
    assert {name: header.get(name) for name in changes} == changes
    assert plus_service.read(token)["family_name"] == "DUBOIS"


@pytest.mark.parametrize(
    "changes",
    [
        {"alg": "RSA1_5"},
        {"alg": "dir"},
        {"alg": "none"},
        {"alg": None},
        {"enc": "inconnu"},
        {"enc": None},
        {"crit": ["exp"]},
        {"kid": 7},
    ],
)
def test_the_header_may_announce_what_was_not_done(plus, browser, plus_service, changes):
    plus.control({"at": "id_token", "encryption_header": changes})

    token = plus_service.tokens(browser)["id_token"]

    header = header_of(token)
    assert {name: header.get(name) for name in changes} == changes
    assert "epk" in header
    with pytest.raises((JoseError, ValueError, KeyError)):
        plus_service.decrypt(token)


def test_an_outdated_algorithm_is_really_used_where_the_key_allows_it(plus, browser, service_of):
    service = service_of("service-rsa")
    plus.control({"at": "id_token", "encryption_header": {"alg": "RSA1_5"}})

    assert service.read(service.tokens(browser)["id_token"])["acr"] == "eidas2"


@pytest.mark.parametrize("signing", ["other_key", "broken", "none", "RS256", "secret_hs256"])
def test_the_signature_inside_may_be_wrong(plus, browser, plus_service, signing):
    plus.control({"at": "id_token", "signing": signing})

    token = plus_service.tokens(browser)["id_token"]

    assert plus_service.opened(token).count(".") == 2
    with pytest.raises((jwt.PyJWTError, TypeError)):
        plus_service.read(token)


def test_a_raw_token_is_sent_as_it_is(plus, browser, plus_service):
    plus.control({"at": "id_token", "raw": "a.b.c"})

    assert plus_service.tokens(browser)["id_token"] == "a.b.c"


@pytest.mark.parametrize(
    "fault",
    [{"encryption": "missing"}, {"encryption_header": {"cty": None}}, {"payload": "texte"}],
)
def test_where_nothing_is_encrypted_such_a_fault_is_refused(simulator, fault):
    with pytest.raises(ValueError, match="does not encrypt"):
        simulator.control({"at": "id_token", **fault})


@pytest.mark.parametrize(
    "orders", [{"faults": [{"at": "id_token", "encryption": "rot13"}]}, {"jwks": "clé"}]
)
def test_an_order_that_would_do_nothing_is_refused(plus, orders):
    with pytest.raises(ValueError, match="error"):
        plus.control(*orders.pop("faults", []), **orders)
