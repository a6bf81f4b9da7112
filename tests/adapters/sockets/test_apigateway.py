"""A connection the gateway does not know is an answer, not an error."""

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
import pytest

from chalicelib.adapters.sockets.apigateway import ApiGatewaySockets
from chalicelib.adapters.sockets.management import TRIES, GatewayRefused
from chalicelib.domain.change.agent_notices import SignOfLifeWanted
from chalicelib.domain.ids import ConnectionId, NetworkId
from chalicelib.ports.sockets import Missed
from chalicelib.settings import settings_from
from chalicelib.wire.codec import encode
from chalicelib.wire.frames import Bye, Probe

KNOWN = ConnectionId("L0SM9cOFvHcCIhw=")  # as API Gateway makes them
GONE = ConnectionId("gone")


@dataclass(frozen=True)
class Asked:
    """A request as it came. `at`: the port of the connection it came by."""

    method: str
    path: str
    body: bytes
    headers: dict[str, str]
    at: int


@dataclass
class Gateway:
    """Answers each method with a status, to any connection but GONE."""

    url: str
    answers: dict[str, int] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    @property
    def calls(self) -> list[tuple[str, bytes]]:
        return [(one.method, one.body) for one in self.asked]


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "test")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            headers = {name.lower(): value for name, value in self.headers.items()}
            made.asked.append(Asked(self.command, self.path, body, headers, self.client_address[1]))
            is_gone = self.path.endswith(f"/{GONE}")
            self.send_response(410 if is_gone else made.answers.get(self.command, 200))
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_POST = do_DELETE = _serve  # noqa: N815

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    made = Gateway(f"http://127.0.0.1:{server.server_address[1]}/ws")
    serving = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    serving.start()
    yield made
    server.shutdown()
    server.server_close()
    serving.join(10)


@pytest.fixture
def sockets(gateway: Gateway) -> ApiGatewaySockets:
    return ApiGatewaySockets(settings_from({"AWS_REGION": "eu-west-1", "WEBSOCKET_ENDPOINT": gateway.url}))


def test_a_410_says_the_connection_is_gone(sockets: ApiGatewaySockets) -> None:
    assert sockets.post(GONE, Bye(reason="peer_deleted")) is False


def test_all_are_told_the_same_and_who_is_gone_is_told_apart(sockets: ApiGatewaySockets, gateway: Gateway) -> None:
    missed = sockets.tell([KNOWN, GONE, ConnectionId("other")], SignOfLifeWanted(NetworkId("net_1")))

    assert missed == Missed(gone=frozenset({GONE}))
    assert gateway.calls == [("POST", encode(Probe()))] * 3


def test_posts_after_each_other_share_a_connection(sockets: ApiGatewaySockets, gateway: Gateway) -> None:
    for _ in range(3):
        assert sockets.post(KNOWN, Probe())

    assert len({one.at for one in gateway.asked}) == 1


def test_a_request_is_addressed_as_the_sdk_addresses_it_and_signed_for_the_same(
    sockets: ApiGatewaySockets, gateway: Gateway
) -> None:
    session = boto3.session.Session(region_name="eu-west-1")  # not the one that other tests gave credentials
    sdk = session.client("apigatewaymanagementapi", endpoint_url=gateway.url)
    sdk.post_to_connection(ConnectionId=KNOWN, Data=encode(Probe()))
    sockets.post(KNOWN, Probe())

    of_sdk, own = gateway.asked
    assert (own.method, own.path, own.body) == (of_sdk.method, of_sdk.path, of_sdk.body)
    assert own.headers["x-amz-security-token"] == of_sdk.headers["x-amz-security-token"] == "test"
    assert _scope(own) == _scope(of_sdk)


def test_who_is_dismissed_is_told_why_and_when_to_come_back(sockets: ApiGatewaySockets, gateway: Gateway) -> None:
    assert sockets.dismiss(KNOWN, "session_ended", 20) is True

    assert gateway.calls == [("POST", encode(Bye(reason="session_ended", retry_in_s=20))), ("DELETE", b"")]


def test_a_connection_that_goes_while_dismissed_is_dismissed(sockets: ApiGatewaySockets, gateway: Gateway) -> None:
    gateway.answers["DELETE"] = 410

    assert sockets.dismiss(KNOWN, "peer_deleted") is True


def test_one_that_fails_is_tried_again_hinders_no_other_and_is_told_apart(
    sockets: ApiGatewaySockets, gateway: Gateway
) -> None:
    gateway.answers["POST"] = 429

    missed = sockets.tell([KNOWN, GONE], SignOfLifeWanted(NetworkId("net_1")))

    assert missed == Missed(gone=frozenset({GONE}), failed=frozenset({KNOWN}))
    assert len(gateway.asked) == TRIES + 1


def test_one_that_cannot_be_told_is_closed_all_the_same(sockets: ApiGatewaySockets, gateway: Gateway) -> None:
    gateway.answers["POST"] = 429

    assert sockets.dismiss(KNOWN, "session_ended") is True
    assert gateway.calls[-1] == ("DELETE", b"")


def test_one_that_cannot_be_closed_is_said_to_be_open_still(sockets: ApiGatewaySockets, gateway: Gateway) -> None:
    gateway.answers["DELETE"] = 500

    assert sockets.dismiss(KNOWN, "session_ended") is False


def test_a_gateway_that_does_not_answer_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    nobody = ApiGatewaySockets(settings_from({"WEBSOCKET_ENDPOINT": "http://127.0.0.1:1/ws"}))

    assert nobody.tell([KNOWN], SignOfLifeWanted(NetworkId("net_1"))) == Missed(failed=frozenset({KNOWN}))


def test_any_other_refusal_rises(sockets: ApiGatewaySockets, gateway: Gateway) -> None:
    gateway.answers["POST"] = 403

    with pytest.raises(GatewayRefused, match="403"):
        sockets.post(KNOWN, Bye(reason="peer_deleted"))


def _scope(asked: Asked) -> str:
    """Region and service that a request is signed for."""
    found = re.search(r"Credential=[^/]+/\d+/([^,]+)/aws4_request", asked.headers["authorization"])
    assert found is not None
    return found[1]
