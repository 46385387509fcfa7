"""One simulator for all these tests, brought back to its beginning before each."""

from collections.abc import Callable
from urllib.parse import urlencode

import pytest
import requests

from franceconnect.simulator.scopes import USUALLY_GRANTED
from tests.simulator.process import SimulatorProcess, default_client
from tests.simulator.relying_party import RelyingParty

ALL = [*USUALLY_GRANTED, "idp_birthdate"]


@pytest.fixture(scope="session")
def running_simulator():
    clients = [
        default_client(scopes=ALL),
        default_client(client_id="service-rs256", signing_alg="RS256"),
        default_client(client_id="service-limite", scopes=["openid", "email"]),
        default_client(client_id="service-amr", scopes=["openid", "amr"]),
        default_client(client_id="service-frere", entity_id="espace-citoyens-test"),
        default_client(client_id="service-donnees", scopes=[*ALL, "cnaf_quotient_familial"]),
    ]
    simulator = SimulatorProcess.start(clients=clients)
    yield simulator
    simulator.stop()


@pytest.fixture
def simulator(running_simulator):
    running_simulator.reset()
    return running_simulator


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
