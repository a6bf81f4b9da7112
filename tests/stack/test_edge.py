"""The agent's own calls through the front to the deployed API, and what comes past the front."""

import time

import pytest
import requests
import websocket

from agent.adapters.control_plane.rest import Http, RestControlPlane, RestEnroller
from agent.bundle.received import Fetched
from agent.identity.keys import device_public_key, new_device_key
from agent.identity.trust import Keyring, Trust
from chalicelib.wire.agent import EnrollRequest
from chalicelib.wire.peers import Host
from chalicelib.wire.problem import CONTENT_TYPE
from infra.stack.local_stack import LocalStack
from tests.stack.client import Operator, SocketAgent, a_random_key

pytestmark = pytest.mark.stack

PATIENCE_S = 60
WITHIN_S = 60


@pytest.fixture
def operator(stack: LocalStack) -> Operator:
    return Operator(stack)


def control_plane(stack: LocalStack, token: str) -> RestControlPlane:
    """The agent's own, enrolled and with a session."""
    http, device_key = Http(stack.origin), new_device_key()
    host = Host(hostname="h", os="linux", agent_version="0")
    asked = EnrollRequest(token=token, public_key=a_random_key(), device_key=device_public_key(device_key), host=host)
    enrolled = RestEnroller(http).enroll(asked)
    trust = Trust(Keyring(pinned=enrolled.signing_key, current=enrolled.signing_key), lambda _keyring: None)
    plane = RestControlPlane(http, enrolled.network_id, enrolled.peer_id, device_key, trust)
    plane.open_session()
    return plane


def newer(plane: RestControlPlane, base: Fetched) -> Fetched:
    """What comes once the change is planned."""
    end = time.monotonic() + PATIENCE_S
    while (found := plane.newer(base)) is None:
        assert time.monotonic() < end
        time.sleep(0.2)
    return found


def test_the_agents_own_calls_follow_a_change(stack: LocalStack, operator: Operator) -> None:
    network = operator.network()
    token = operator.peer(network, kind="jump", name="hub", endpoint="198.51.100.1")["enrollment_token"]
    for number in range(10):  # a bundle worth compressing
        operator.peer(network, kind="static", name=f"phone-{number}", public_key=a_random_key())
    plane = control_plane(stack, token)
    base = plane.whole(None)
    assert base is not None
    raw = plane.http.call("GET", "/bundle", token=plane.bearer())
    assert (raw.headers["Content-Encoding"], plane.whole(base)) == ("gzip", None)

    operator.peer(network, kind="static", name="one-more", public_key=a_random_key())

    found, whole = newer(plane, base), plane.whole(None)
    assert whole is not None
    assert (found.received.is_delta, found.hash) == (True, whole.hash)


def test_who_comes_past_the_front_gets_nothing(stack: LocalStack, operator: Operator) -> None:
    assert stack.deployed is not None
    base = f"127.0.0.1:{stack.cloud.port}/_aws/execute-api"
    rest, sockets = stack.deployed.rest_api_id, stack.deployed.websocket_api_id
    allowed = {"Authorization": f"Bearer {stack.info['api_token']}"}
    agent = SocketAgent(operator)
    agent.enroll(operator.peer(operator.network(), kind="dynamic", name="web")["enrollment_token"])
    agent.open_session()

    answer = requests.get(f"http://{base}/{rest}/api/v1/networks", headers=allowed, timeout=WITHIN_S)
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        websocket.create_connection(
            f"ws://{base}/{sockets}/ws", header=[f"Authorization: Bearer {agent.session}"], timeout=WITHIN_S
        )

    assert (answer.status_code, answer.json()["code"]) == (403, "wrong_origin")
    assert refused.value.status_code == 403


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("HEAD", "/api/v1/health", 200),
        ("OPTIONS", "/api/v1/health", 405),
        ("GET", "/api/", 404),
        ("GET", "/api/v1", 404),
        ("GET", "/api/v1/health/", 200),
        ("GET", "/api/v1/networks/a%2Fb", 404),
        ("DELETE", "/api/v1/none", 404),
    ],
)
def test_every_path_and_method_is_answered_by_the_api(stack: LocalStack, method: str, path: str, status: int) -> None:
    allowed = {"Authorization": f"Bearer {stack.info['api_token']}"}

    answer = requests.request(method, stack.origin + path, headers=allowed, timeout=WITHIN_S)

    assert answer.status_code == status
    assert answer.headers["Content-Type"] == ("application/json" if status == 200 else CONTENT_TYPE)
