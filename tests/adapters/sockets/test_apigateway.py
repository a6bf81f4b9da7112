"""A connection the gateway does not know is an answer, not an error."""

from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from chalicelib.adapters.sockets.apigateway import ApiGatewaySockets
from chalicelib.domain.change.agent_notices import SignOfLifeWanted
from chalicelib.domain.ids import ConnectionId, NetworkId
from chalicelib.ports.sockets import Missed
from chalicelib.settings import settings_from
from chalicelib.wire.codec import encode
from chalicelib.wire.frames import Bye

GONE = ConnectionId("gone")


@pytest.fixture
def sockets(monkeypatch: pytest.MonkeyPatch) -> ApiGatewaySockets:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    return ApiGatewaySockets(settings_from({"WEBSOCKET_ENDPOINT": "http://127.0.0.1:1/ws"}))


@pytest.fixture
def gateway(sockets: ApiGatewaySockets) -> Iterator[Stubber]:
    with Stubber(sockets._management) as stub:
        yield stub


@pytest.mark.parametrize("code", ["GoneException", "410"])
def test_a_410_says_the_connection_is_gone_with_or_without_a_body(
    sockets: ApiGatewaySockets, gateway: Stubber, code: str
) -> None:
    gateway.add_client_error("post_to_connection", code, http_status_code=410)

    assert sockets.post(GONE, Bye(reason="peer_deleted")) is False


def test_a_connection_that_goes_while_dismissed_is_dismissed(sockets: ApiGatewaySockets, gateway: Stubber) -> None:
    gateway.add_response("post_to_connection", {})
    gateway.add_client_error("delete_connection", "410", http_status_code=410)

    sockets.dismiss(GONE, "peer_deleted")

    gateway.assert_no_pending_responses()


def test_who_is_dismissed_is_told_why_and_when_to_come_back(sockets: ApiGatewaySockets, gateway: Stubber) -> None:
    told = encode(Bye(reason="session_ended", retry_in_s=20))
    gateway.add_response("post_to_connection", {}, {"ConnectionId": GONE, "Data": told})
    gateway.add_response("delete_connection", {})

    sockets.dismiss(GONE, "session_ended", 20)

    gateway.assert_no_pending_responses()


def test_one_that_fails_hinders_no_other_and_is_told_apart(sockets: ApiGatewaySockets, gateway: Stubber) -> None:
    gateway.add_client_error("post_to_connection", "LimitExceededException", http_status_code=429)

    missed = sockets.tell([GONE], SignOfLifeWanted(NetworkId("net_1")))

    assert missed == Missed(failed=frozenset({GONE}))


def test_one_that_cannot_be_told_is_closed_all_the_same(sockets: ApiGatewaySockets, gateway: Stubber) -> None:
    gateway.add_client_error("post_to_connection", "LimitExceededException", http_status_code=429)
    gateway.add_response("delete_connection", {})

    assert sockets.dismiss(GONE, "session_ended") is True
    gateway.assert_no_pending_responses()


def test_one_that_cannot_be_closed_is_said_to_be_open_still(sockets: ApiGatewaySockets, gateway: Stubber) -> None:
    gateway.add_response("post_to_connection", {})
    gateway.add_client_error("delete_connection", "InternalServerError", http_status_code=500)

    assert sockets.dismiss(GONE, "session_ended") is False


def test_any_other_refusal_rises(sockets: ApiGatewaySockets, gateway: Stubber) -> None:
    gateway.add_client_error("post_to_connection", "ForbiddenException", http_status_code=403)

    with pytest.raises(ClientError):
        sockets.post(GONE, Bye(reason="peer_deleted"))
