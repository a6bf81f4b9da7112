"""What browsers are told, and who may listen."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.adapters.memory.adversary import Adversary
from chalicelib.domain.identity.principal import Role
from chalicelib.domain.ids import EVERY_NETWORK, NetworkId
from chalicelib.entrypoints import sockets
from chalicelib.wire.browser_frames import BrowserAck, BrowserWelcome, NetworkChanged, PeerStatus
from tests.browser import SimulatedBrowser
from tests.builders import a_key
from tests.rest_function import BY_THE_ORIGIN
from tests.world import World


def a_browser(world: World, **token: Any) -> SimulatedBrowser:
    """A connected one; `token`: role, networks and lifetime of the API token it uses."""
    own = world.container.api_tokens.create_for_deployment("b", **token).text() if token else None
    browser = SimulatedBrowser(world, token=own)
    browser.connect()
    return browser


def changes(browser: SimulatedBrowser) -> list[tuple[str, str, str | None]]:
    return [(f.network_id, f.what, f.peer_id) for f in browser.frames if isinstance(f, NetworkChanged)]


def facts(browser: SimulatedBrowser) -> list[tuple[str, str, str | None]]:
    news = [frame for frame in browser.frames if isinstance(frame, PeerStatus)]
    return [(peer.peer_id, peer.fact, peer.status) for frame in news for peer in frame.peers]


def test_it_is_welcomed_with_the_end_of_its_socket(world: World) -> None:
    browser = a_browser(world)
    browser.send({"type": "heartbeat"})

    now = world.outside.clock.now()
    assert browser.frames == [BrowserWelcome(expires_at=now + timedelta(hours=1), keep_alive_s=240), BrowserAck()]


@pytest.mark.parametrize("networks", [None, "", ","])
def test_a_context_that_names_no_network_shows_none(world: World, networks: str | None) -> None:
    browser = SimulatedBrowser(world)
    browser.ask_ticket()
    browser.authorize()
    browser.context = {name: value for name, value in browser.context.items() if name != "networks"}
    if networks is not None:
        browser.context["networks"] = networks
    browser.open()

    world.network()
    world.settle()

    assert browser.frames == []


def test_who_sees_no_network_is_told_nothing_and_who_sees_all_everything(world: World) -> None:
    nobody = a_browser(world, role=Role.AUDITOR, networks=frozenset())
    everybody = a_browser(world)

    network = world.network()
    world.settle()

    assert changes(nobody) == []
    assert changes(everybody) == [(network, "network_created", None)]


def test_one_that_sees_all_is_told_of_every_change_also_in_new_networks(world: World) -> None:
    browser = a_browser(world)

    network = world.network()
    hub = world.agent(network, "jump", "hub")
    world.api("DELETE", f"/networks/{network}/peers/{hub.peer_id}")
    world.api("DELETE", f"/networks/{network}")
    world.settle()

    assert changes(browser) == [
        (network, "network_created", None),
        (network, "peer_created", hub.peer_id),
        (network, "peer_enrolled", hub.peer_id),
        (network, "peer_deleted", hub.peer_id),
        (network, "network_deleted", None),
    ]


def test_one_that_sees_a_network_is_told_of_that_one_alone(world: World) -> None:
    seen, hidden = world.network("seen", "10.0.0.0/24"), world.network("hidden", "10.0.1.0/24")
    browser = a_browser(world, role=Role.OPERATOR, networks=[NetworkId(seen)])
    blind = a_browser(world, role=Role.MEMBER, networks=[])
    world.settle()

    for network in (seen, hidden):
        world.agent(network, "jump", "hub").connect()
    world.settle()

    assert {network for network, _, _ in changes(browser)} == {seen}
    assert {frame.network_id for frame in browser.frames if isinstance(frame, PeerStatus)} == {seen}
    assert len(blind.frames) == 1


def test_it_learns_who_comes_applies_and_goes(world: World) -> None:
    network = world.network()
    browser, agent = a_browser(world), world.agent(network, "dynamic", "left")

    agent.connect()
    agent.send({"type": "applied", "generation": 1, "revision": 1, "hash": "h", "ok": True, "ms": 3})
    world.outside.clock.advance(timedelta(seconds=1))
    agent.close()
    world.settle()

    assert facts(browser) == [
        (agent.peer_id, "connected", "online"),
        (agent.peer_id, "applied", "online"),
        (agent.peer_id, "disconnected", "offline"),
    ]


def test_an_older_socket_that_closes_late_is_no_news(world: World) -> None:
    agent = world.agent(world.network(), "dynamic", "left")
    agent.connect()
    older = agent.connection
    agent.connect()
    browser = a_browser(world)
    world.settle()
    before = facts(browser)

    agent.connection = older
    agent.close()
    world.settle()

    assert facts(browser) == before


def test_the_first_handshake_of_a_phone_and_the_first_after_a_silence_are_news(world: World) -> None:
    network = world.network()
    hub = world.agent(network, "jump", "hub")
    hub.connect()
    body = {"kind": "static", "name": "phone", "public_key": a_key("phone")}
    phone = world.api("POST", f"/networks/{network}/peers", body).json["peer"]["id"]
    browser = a_browser(world)

    for seconds in (0, 120, 120, 180):
        world.outside.clock.advance(timedelta(seconds=seconds))
        at = int(world.outside.clock.now().timestamp())
        seen = {"peer_id": phone, "endpoint": None, "handshake_at": at, "rx": 0, "tx": 0}
        beat = {"type": "heartbeat", "instance_id": "i", "seq": at, "generation": 1, "revision": 1, "hash": "x"}
        hub.send({**beat, "observations": [seen]})
    world.settle()

    assert [fact for fact in facts(browser) if fact[0] == phone] == [(phone, "handshake", "online")] * 2


def test_lost_doubled_and_reordered_events_bring_no_false_news() -> None:
    world = World(Adversary(seed=3, doubles=0.5))
    network = world.network()
    browser = a_browser(world)
    hub = world.agent(network, "jump", "hub")
    hub.connect()
    world.settle()

    assert set(changes(browser)) == {
        (network, w, p)
        for w, p in (("network_created", None), ("peer_created", hub.peer_id), ("peer_enrolled", hub.peer_id))
    }
    assert set(facts(browser)) == {(hub.peer_id, "connected", "online")}


def test_a_ticket_opens_one_socket(world: World) -> None:
    browser = a_browser(world)

    assert _is_refused(browser.ticket)


def test_a_ticket_that_is_not_used_in_30_seconds_is_worthless(world: World) -> None:
    browser = SimulatedBrowser(world)
    browser.ask_ticket()
    world.outside.clock.advance(timedelta(seconds=30))

    assert _is_refused(browser.ticket)


@pytest.mark.parametrize("ticket", ["", "x", "wirety_ticket.a.b", "wirety_ticket.tok_1:tkt_1.secret"])
def test_what_is_no_ticket_opens_nothing(world: World, ticket: str) -> None:
    assert _is_refused(ticket)


def test_a_ticket_with_another_secret_opens_nothing(world: World) -> None:
    browser = SimulatedBrowser(world)
    browser.ask_ticket()

    assert _is_refused(browser.ticket[:-1] + ("0" if browser.ticket[-1] != "0" else "1"))


def test_an_api_token_is_no_ticket(world: World) -> None:
    assert _is_refused(world.token)


def test_the_socket_ends_with_the_token_it_came_from(world: World) -> None:
    browser = a_browser(world, role=Role.AUDITOR, lifetime=timedelta(minutes=10))
    world.outside.clock.advance(timedelta(minutes=10))

    world.network()
    world.settle()

    assert browser.frames[-1] == ("bye", "session_ended")
    assert world.outside.connections.of_browsers(EVERY_NETWORK) == []


def test_a_socket_of_a_browser_that_went_is_forgotten(world: World) -> None:
    browser = a_browser(world)
    assert browser.connection is not None
    world.outside.gateway.open.discard(browser.connection)
    world.outside.clock.advance(timedelta(seconds=30))

    world.network()
    world.settle()

    assert world.outside.connections.of_browsers(EVERY_NETWORK) == []


@pytest.mark.parametrize("body", ["", "{", "[]", '{"type": "applied"}', '{"type": "hello", "x": 1}'])
def test_a_frame_that_does_not_fit_is_refused(world: World, body: str) -> None:
    browser = a_browser(world)

    assert sockets.message({**browser._event(), "body": body}) == {"statusCode": 400}


def _is_refused(ticket: str) -> bool:
    handshake = {"headers": BY_THE_ORIGIN, "queryStringParameters": {"ticket": ticket}, "methodArn": "arn"}
    policy = sockets.authorize(handshake)
    return (policy["policyDocument"]["Statement"][0]["Effect"], policy["context"]) == ("Deny", {})
