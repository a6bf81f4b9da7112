"""The agent's own calls and others' through the front to the REST function: as through the CDN on AWS."""

import base64
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from typing import Any

import pytest
import requests
import websocket

from agent.adapters.control_plane.rest import Http, RestControlPlane
from agent.identity.trust import Keyring, Trust
from chalicelib.wire.codec import decode, encode
from chalicelib.wire.frames import Hello, Welcome
from infra.stack.front import MAX_BODY_BYTES
from tests.agent.origin import Origin
from tests.builders import a_key
from tests.gateway import Gateway
from tests.infra.stack.fronts import Change, as_it_is, ws
from tests.world import SimulatedAgent, World

ROUTES = import_module("chalicelib.entrypoints.rest.agent")  # its package has a blueprint of that name


@pytest.fixture
def hub(world: World) -> SimulatedAgent:
    """A jump beside enough others for a bundle worth compressing."""
    network = world.network()
    agent = world.agent(network, "jump", "hub")
    for number in range(20):
        add_peer(world, network, f"phone {number}")
    return agent


def without_error_settings(template: Any) -> None:
    del template["Resources"]["Origin"]["Properties"]["DistributionConfig"]["CustomErrorResponses"]


def without_if_none_match(template: Any) -> None:
    config = template["Resources"]["ToApi"]["Properties"]["OriginRequestPolicyConfig"]
    config["HeadersConfig"]["Headers"].remove("If-None-Match")


def without_the_handshake(template: Any) -> None:
    config = template["Resources"]["ToSockets"]["Properties"]["OriginRequestPolicyConfig"]
    config["HeadersConfig"]["Headers"].remove("Sec-WebSocket-Key")


def without_authorization(template: Any) -> None:
    config = template["Resources"]["Uncached"]["Properties"]["CachePolicyConfig"]
    config["ParametersInCacheKeyAndForwardedToOrigin"]["HeadersConfig"]["Headers"].remove("Authorization")


def without_compression(template: Any) -> None:
    config = template["Resources"]["Uncached"]["Properties"]["CachePolicyConfig"]
    config["ParametersInCacheKeyAndForwardedToOrigin"]["EnableAcceptEncodingGzip"] = False


def add_peer(world: World, network: str, name: str) -> None:
    body = {"kind": "static", "name": name, "public_key": a_key(name)}
    assert world.api("POST", f"/networks/{network}/peers", body).status == 201


def control_plane(origin: str, agent: SimulatedAgent) -> RestControlPlane:
    """The agent's own, with a session."""
    trust = Trust(Keyring(pinned=agent.signing_key, current=agent.signing_key), lambda _keyring: None)
    device_key = base64.b64encode(agent.device.private_bytes_raw()).decode()
    plane = RestControlPlane(Http(origin), agent.network_id, agent.peer_id, device_key, trust)
    plane.open_session()
    return plane


def test_an_agent_follows_a_change_by_a_difference(world: World, origin: str, hub: SimulatedAgent) -> None:
    plane = control_plane(origin, hub)
    base = plane.whole(None)
    assert base is not None
    add_peer(world, hub.network_id, "one more")
    world.settle()

    newer = plane.newer(base)

    assert newer is not None
    assert newer.received.is_delta
    assert newer.hash == hub_hash(plane)
    assert plane.newer(newer) is None


def hub_hash(plane: RestControlPlane) -> str:
    fetched = plane.whole(None)
    assert fetched is not None
    return fetched.hash


def test_a_whole_bundle_comes_compressed(gateway: Gateway, front: Callable[[Change], str], hub: SimulatedAgent) -> None:
    first = control_plane(front(as_it_is), hub).whole(None)
    assert gateway.answer["headers"]["Content-Encoding"] == "gzip"

    second = control_plane(front(without_compression), hub).whole(None)
    assert "Content-Encoding" not in gateway.answer["headers"]

    assert first == second


def test_who_has_the_bundle_is_told_so_if_the_cdn_lets_it_say_so(
    gateway: Gateway, front: Callable[[Change], str], hub: SimulatedAgent
) -> None:
    plane = control_plane(front(as_it_is), hub)
    base = plane.whole(None)
    assert plane.whole(base) is None
    assert gateway.answer["statusCode"] == 304

    plane = control_plane(front(without_if_none_match), hub)
    assert plane.whole(base) == base


def test_a_bundle_that_drifted_is_counted(origin: str, hub: SimulatedAgent, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[str] = []
    monkeypatch.setattr(ROUTES, "count", lambda metric, **_fields: counted.append(metric))
    plane = control_plane(origin, hub)
    base = plane.whole(None)
    assert base is not None

    assert plane.whole(replace(base, hash="0" * 64)) == base

    assert counted == ["BundleDrift"]


@pytest.mark.parametrize(("change", "then"), [(as_it_is, 200), (without_error_settings, 404)])
def test_what_is_made_after_a_404_is_there_at_once(
    world: World, front: Callable[[Change], str], monkeypatch: pytest.MonkeyPatch, change: Change, then: int
) -> None:
    """Without the template's settings CloudFront keeps the 404 for a while, and so does the front."""
    monkeypatch.setattr(world.outside.randomness, "new_id", lambda prefix: f"{prefix}_made")
    asked, allowed = f"{front(change)}/api/v1/networks/net_made", {"Authorization": f"Bearer {world.token}"}
    assert requests.get(asked, headers=allowed, timeout=10).status_code == 404

    world.network()

    assert requests.get(asked, headers=allowed, timeout=10).status_code == then


def test_a_socket_opens_by_what_passes_of_its_handshake(front: Callable[[Change], str], sockets: Origin) -> None:
    session = ["Authorization: Bearer session-0"]
    opened = websocket.create_connection(ws(front(as_it_is)) + "/ws", header=session, timeout=10)
    opened.send(encode(Hello(instance_id="i", generation=0, revision=0, hash="")))
    assert decode(opened.recv(), Welcome).heartbeat_interval_s == sockets.heartbeat_interval_s
    opened.close()

    for change, status in ((without_the_handshake, 502), (without_authorization, 401)):
        with pytest.raises(websocket.WebSocketBadStatusException) as refused:
            websocket.create_connection(ws(front(change)) + "/ws", header=session, timeout=10)
        assert refused.value.status_code == status
    assert sockets.calls == ["GET /ws", "GET /ws"]


def test_the_api_is_told_who_asks_and_by_whom(gateway: Gateway, origin: str) -> None:
    forged = {"CloudFront-Viewer-Address": "198.51.100.66:1", "X-Origin-Secret": "forged", "Cookie": "a=b"}

    requests.get(f"{origin}/api/v1/health", headers=forged, timeout=10)

    assert gateway.asked["cloudfront-viewer-address"].startswith("127.0.0.1:")
    assert gateway.asked["x-origin-secret"] == "origin"
    assert gateway.asked["user-agent"] == "Amazon CloudFront"
    assert "cookie" not in gateway.asked


def test_nothing_is_said_for_a_client_that_did_not_say_it(gateway: Gateway, origin: str) -> None:
    bare = requests.Request("GET", f"{origin}/api/v1/health").prepare()
    session = requests.Session()
    session.headers.clear()

    session.send(bare, timeout=10)

    assert not gateway.asked.keys() & {"accept", "accept-encoding", "content-type", "if-none-match"}


@pytest.mark.parametrize(("method", "path"), [("POST", "/"), ("PUT", "/ws"), ("TRACE", "/api/v1/health")])
def test_a_method_that_a_path_does_not_take_ends_at_the_cdn(
    gateway: Gateway, origin: str, method: str, path: str
) -> None:
    answer = requests.request(method, origin + path, timeout=10)

    assert (answer.status_code, answer.headers["Server"], gateway.calls) == (403, "CloudFront", [])


def test_a_get_with_a_body_ends_at_the_cdn(gateway: Gateway, origin: str) -> None:
    answer = requests.get(f"{origin}/api/v1/health", data="x", timeout=10)

    assert (answer.status_code, gateway.calls) == (403, [])


def test_a_body_that_api_gateway_would_not_take_is_a_problem(gateway: Gateway, origin: str) -> None:
    answer = requests.post(f"{origin}/api/v1/networks", data=b" " * (MAX_BODY_BYTES + 1), timeout=30)

    assert (answer.status_code, answer.json()["code"], gateway.calls) == (413, "body_too_large", [])


@pytest.mark.parametrize(("size", "status"), [(4_096, 200), (8_191, 200), (9_500, 200), (10_240, 400), (16_000, 400)])
def test_headers_that_api_gateway_would_not_take_end_there_and_others_do_not(
    gateway: Gateway, origin: str, size: int, status: int
) -> None:
    answer = requests.get(f"{origin}/api/v1/health", headers={"Authorization": "Bearer " + "t" * size}, timeout=5)

    assert (answer.status_code, bool(gateway.asked)) == (status, status == 200)


def test_head_and_options_reach_the_api_and_come_back(gateway: Gateway, origin: str) -> None:
    head = requests.head(f"{origin}/api/v1/health", timeout=10)
    options = requests.options(f"{origin}/api/v1/health", timeout=10)

    assert (head.status_code, head.headers["Content-Type"], head.content) == (200, "application/json", b"")
    assert (options.status_code, options.headers["Allow"]) == (405, "GET, HEAD")
    assert options.json()["code"] == "method_not_allowed"


def test_path_and_query_reach_the_api_as_they_are(gateway: Gateway, origin: str) -> None:
    request = requests.Request("GET", origin).prepare()
    request.url = f"{origin}/api/v1/networks/a%2Fb%20c?x=%2F&y=a+b"

    requests.Session().send(request, timeout=10)

    assert gateway.calls == ["GET /api/v1/networks/a%2Fb%20c?x=%2F&y=a+b"]
