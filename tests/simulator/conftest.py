"""One simulator for all these tests, brought back to its beginning before each."""

from collections.abc import Callable
from urllib.parse import urlencode

import pytest
import requests

from franceconnect.simulator.platforms import LOW
from tests.simulator.encryption_keys import EC_KEY, RSA_KEY, KeyServer, key_set, public_jwk
from tests.simulator.process import SimulatorProcess, default_client, default_plus_client
from tests.simulator.relying_party import PlusRelyingParty, RelyingParty

ALL = [*LOW.scopes.usually_granted, "idp_birthdate"]


@pytest.fixture(scope="session")
def running_simulator():
    clients = [
        default_client(scopes=ALL),
        default_client(client_id="service-rs256", signing_alg="RS256"),
        default_client(client_id="service-limite", scopes=["openid", "email"]),
        default_client(client_id="service-amr", scopes=["openid", "amr"]),
        default_client(client_id="service-frere", entity_id="espace-citoyens-test"),
        default_client(client_id="service-donnees", scopes=[*ALL, "cnaf_quotient_familial"]),
        default_client(client_id="service-administrations", scopes=[*ALL, *LOW.scopes.data]),
    ]
    simulator = SimulatorProcess.start(clients=clients)
    yield simulator
    simulator.stop()


@pytest.fixture
def simulator(running_simulator):
    running_simulator.reset()
    return running_simulator


@pytest.fixture(scope="session")
def running_key_server():
    with KeyServer() as server:
        yield server


@pytest.fixture(scope="session")
def running_plus(running_key_server):
    rsa = {"client_id": "service-rsa", "jwks": key_set(public_jwk(RSA_KEY, "rsa"))}
    old_rsa = public_jwk(RSA_KEY, "rsa-oaep", alg="RSA-OAEP")
    clients = [
        default_plus_client(jwks=key_set(public_jwk(EC_KEY, "ec"))),
        default_plus_client(**rsa),
        default_plus_client(client_id="service-rsa-oaep", jwks=key_set(old_rsa)),
        default_plus_client(client_id="service-publie", jwks_uri=running_key_server.url),
        default_plus_client(
            client_id="service-registre",
            scopes=["openid", "rnipp_identite_pivot", "rnipp_birthdate", "dgfip_rfr", "amr"],
            jwks=key_set(public_jwk(EC_KEY, "ec")),
        ),
    ]
    simulator = SimulatorProcess.start(clients=clients, platform="high")
    yield simulator
    simulator.stop()


@pytest.fixture
def plus(running_plus):
    """FranceConnect+, brought back to its beginning."""
    running_plus.reset()
    return running_plus


@pytest.fixture
def key_server(running_key_server):
    running_key_server.publish(key_set(public_jwk(EC_KEY, "publie")))
    return running_key_server


@pytest.fixture
def plus_service(plus) -> PlusRelyingParty:
    return PlusRelyingParty(plus, key=EC_KEY)


@pytest.fixture
def browser():
    with requests.Session() as session:
        yield session


@pytest.fixture
def service(simulator) -> RelyingParty:
    return RelyingParty(simulator)


@pytest.fixture
def other_service_client(simulator) -> Callable[[str], RelyingParty]:
    return lambda client_id: RelyingParty(simulator, client_id=client_id)


@pytest.fixture
def authorize_url(service) -> Callable[..., str]:
    """An authorization address; parameters are replaced, or removed by ``None``."""

    def build(**changes: str | None) -> str:
        parameters = service.parameters() | changes
        kept = {name: value for name, value in parameters.items() if value is not None}
        return f"{service.simulator.issuer}/authorize?{urlencode(kept)}"

    return build
