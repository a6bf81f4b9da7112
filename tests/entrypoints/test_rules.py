"""Who may do what: every call and frame has a rule, the docs say it, and sockets keep to it."""

import json
from typing import get_args

import pytest
from chalice.app import Blueprint

from chalicelib.domain.identity.principal import Role
from chalicelib.domain.identity.user import MIGHTIEST_FIRST
from chalicelib.domain.ids import EVERY_NETWORK
from chalicelib.entrypoints import sockets
from chalicelib.entrypoints.rest.routing.operation import OPERATIONS
from chalicelib.entrypoints.rest.routing.route import route
from chalicelib.entrypoints.rules import CALLERS, FRAMES, NOT_AT_ALL, SENT, read_table, rules, table
from scripts.export_schema import committed_table
from tests.browser import SimulatedBrowser
from tests.world import SimulatedAgent, World


def test_every_call_and_every_frame_has_its_row_and_nothing_else_has_one() -> None:
    calls = {f"{operation.method} {operation.path}" for operation in OPERATIONS}
    frames = {f"{way}: {frame.__struct_config__.tag}" for way, union in SENT.items() for frame in get_args(union)}

    assert {rule.what for rule in rules()} == read_table(table()).keys() == calls | frames
    assert FRAMES.keys() == {frame for union in SENT.values() for frame in get_args(union)}


def test_a_call_without_a_rule_is_no_call() -> None:
    with pytest.raises(TypeError, match="access"):
        route(Blueprint("x"), "GET", "/x")  # type: ignore[call-arg]


def test_the_docs_say_what_the_code_says() -> None:
    assert committed_table().strip() == table().strip(), "run: make schema"


def test_the_roles_are_those_of_the_product() -> None:
    said = read_table(table())

    assert [*CALLERS] == [*MIGHTIEST_FIRST, "agent"]
    assert said["POST /networks"] == {
        "administrator": "all",
        "operator": "all",
        "auditor": NOT_AT_ALL,
        "member": NOT_AT_ALL,
        "agent": NOT_AT_ALL,
    }
    assert said["GET /networks/{network_id}/peers/{peer_id}"]["member"] == "own"
    assert said["GET /networks/{network_id}/peers/{peer_id}/config"] == {
        "administrator": "granted",
        "operator": "granted",
        "auditor": NOT_AT_ALL,
        "member": NOT_AT_ALL,
        "agent": NOT_AT_ALL,
    }
    assert said["DELETE /tokens/{token_id}"]["administrator"] == "all, else own"


@pytest.mark.parametrize("sees_all", [True, False])
@pytest.mark.parametrize("role", list(Role))
def test_a_browser_hears_what_the_table_says(role: Role, sees_all: bool) -> None:
    world, said = World(), read_table(committed_table())
    networks = [world.network("one", "10.0.0.0/24"), world.network("two", "10.1.0.0/24")]
    hubs = [world.agent(network, "jump", "hub") for network in networks]
    ana = world.granted("ana", role, EVERY_NETWORK if sees_all else networks[0])
    world.api("GET", "/me", token=ana)  # seen for the first time, which is news of its own
    world.settle()
    browser = SimulatedBrowser(world, token=ana)
    browser.connect()

    for network, hub in zip(networks, hubs, strict=True):
        world.api("POST", f"/networks/{network}/peers", {"kind": "dynamic", "name": "new"})
        hub.connect()
    world.settle()

    heard = {(frame.__struct_config__.tag, getattr(frame, "network_id", None)) for frame in browser.frames}
    seen = networks if sees_all else networks[:1]
    expected = {
        (kind, network)
        for kind in ("network_changed", "peer_status")
        for network in seen
        if said[f"to a browser: {kind}"][role] == "granted"
    }
    assert heard == {("welcome", None), *expected}


def test_an_agent_hears_of_its_own_peer() -> None:
    world = World()
    networks = [world.network("one", "10.0.0.0/24"), world.network("two", "10.1.0.0/24")]
    mine, other = (world.agent(network, "jump", "hub") for network in networks)
    for agent in (mine, other):
        agent.connect()
        agent.fetch()
    world.settle()
    before = len(mine.hints)

    world.api("PATCH", f"/networks/{networks[1]}", {"dns": ["192.0.2.53"]})
    world.settle()

    assert len(mine.hints) == before
    assert other.hints[-1] > other.revision


@pytest.mark.parametrize(
    "frame",
    [
        {"type": "applied", "generation": 1, "revision": 3, "hash": "h", "ok": True, "ms": 9},
        {"type": "probe_reply"},
        {"type": "network_changed"},
        {"type": "config_changed"},
    ],
)
def test_a_browser_says_nothing_that_is_an_agents(frame: dict[str, object]) -> None:
    world = World()
    hub = world.agent(world.network(), "jump", "hub")
    hub.connect()
    browser = SimulatedBrowser(world)
    browser.connect()
    before = world.outside.tables.snapshot()

    assert _status(browser, frame) == 400
    assert world.outside.tables.snapshot() == before


def test_an_agent_says_nothing_that_is_the_servers() -> None:
    world = World()
    hub = world.agent(world.network(), "jump", "hub")
    hub.connect()

    for kind in ("welcome", "config_changed", "probe", "reset", "network_changed", "peer_status"):
        assert _status(hub, {"type": kind}) == 400


def test_nobody_opens_a_socket_without_a_credential() -> None:
    world = World()
    browser = SimulatedBrowser(world)
    browser.ticket = "wirety_ticket.usr_none:tkt_none.secret"
    agent = SimulatedAgent(world, "nobody")

    for socket in (browser, agent):
        with pytest.raises(AssertionError):
            socket.authorize()


def _status(socket: SimulatedBrowser | SimulatedAgent, frame: dict[str, object]) -> int:
    return int(sockets.message({**socket._event(), "body": json.dumps(frame)})["statusCode"])
