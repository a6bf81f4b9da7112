"""Two jumps: peers that are moved, ruled and blocked, and what is lost when one jump dies, with the control plane
or without it."""

import contextlib
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from chalicelib.wire.networks import AclRule
from chalicelib.wire.peers import PatchPeer
from infra.demo.agent import Agent
from infra.demo.deployment import Deployment
from infra.demo.fleet import Fleet
from infra.demo.waiting import until
from infra.lab import TWO_JUMPS, Lab, Process, WgPeer
from infra.lab.probe import probe
from infra.stack.deploy import client
from infra.stack.local_stack import LocalStack
from tests.dataplane import forged, numbered
from tests.dataplane.downloads import SCRIPT, a_download, a_server
from tests.dataplane.fleets import Outage, a_fleet, out_of_reach, rests

pytestmark = [pytest.mark.dataplane, pytest.mark.root, pytest.mark.stack]

JUMPS = ("jump", "jump-2")
PORT, OTHER_PORT = 7777, 7778
SILENCE = """
table inet silence {
  chain output {
    type filter hook output priority 0;
    udp dport 51820 @th,64,8 1 drop comment "WireGuard's first message of a handshake"
  }
}
"""
MOVES_S = 120.0  # a standby tunnel that slept shakes hands again within half a minute, and serves a while then
HEALS_S = 150.0
SERVICE_S = 10
HANG_S = 3.0  # until calls hang where they are not refused


@pytest.fixture(scope="module")
def lab(capable_machine: None) -> Iterator[Lab]:
    with Lab(TWO_JUMPS) as made:
        yield made


@pytest.fixture(scope="module")
def fleet(lab: Lab, deployment: Deployment, stack: LocalStack) -> Iterator[Fleet]:
    """Two jumps, and two sites whose home is the first; the tests follow each other on it. Peers come back soon."""
    with return_after(stack, SERVICE_S), a_fleet(lab, deployment, JUMPS) as raised:
        yield raised


def homes(fleet: Fleet) -> dict[str, str | None]:
    names = {agent.peer.id: name for name, agent in fleet.agents.items()}
    peers = fleet.api.peers(fleet.network.id)
    return {peer.name: names.get(peer.home_jump_id or "") for peer in peers if peer.kind == "dynamic"}


def carries(jump: Agent, peer: Agent) -> bool:
    """Whether WireGuard on the jump has the peer's address in the peer's own section."""
    (wg,) = jump.node.wg().values()
    return any(
        f"{peer.peer.address}/32" in section.allowed_ips and section.endpoint
        for section in wg.peers.values()
        if section.public_key == public_key(peer)
    )


def public_key(agent: Agent) -> str:
    (wg,) = agent.node.wg().values()
    return wg.public_key


def sections(agent: Agent) -> Mapping[str, WgPeer]:
    """By public key, as its WireGuard has them."""
    (wg,) = agent.node.wg().values()
    return wg.peers


def named(agent: Agent) -> str:
    """As rules name it."""
    return f"peer:{agent.peer.id}"


def settle(fleet: Fleet) -> None:
    """Wait until both jumps run what was changed last."""
    revision = fleet.api.network(fleet.network.id).revision
    for name in JUMPS:
        until(lambda: fleet.agents[name].status().revision_applied >= revision, f"{name} is there", MOVES_S)  # noqa: B023


def rule(fleet: Fleet, *rules: AclRule) -> None:
    fleet.api.put_acl(fleet.network.id, rules)
    settle(fleet)


def move(fleet: Fleet, peer: Agent, jump: str) -> None:
    home = fleet.agents[jump]
    fleet.api.change_peer(fleet.network.id, peer.peer.id, PatchPeer(preferred_jump_id=home.peer.id))
    settle(fleet)
    until(lambda: carries(home, peer), f"{jump} carries {peer.name}", MOVES_S)


def has_power_again(jump: Agent) -> None:
    jump.node.run("ip", "link", "set", "eth0", "up")
    jump.node.run("ip", "route", "replace", "default", "via", "203.0.113.1")


@contextlib.contextmanager
def return_after(stack: LocalStack, seconds: int) -> Iterator[None]:
    """Deployed with another time of service after which peers come back, and as it was afterwards."""
    assert stack.deployed is not None
    functions = client(stack.cloud, "lambda")
    names = [stack.deployed.functions[name] for name in ("Failover", "WebsocketMessage")]

    def variables(name: str) -> dict[str, str]:
        return dict(functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"])

    before = {name: variables(name) for name in names}
    try:
        for name in names:
            deployed = {**before[name], "RETURN_AFTER_S": str(seconds)}
            functions.update_function_configuration(FunctionName=name, Environment={"Variables": deployed})
        yield
    finally:
        for name in names:
            functions.update_function_configuration(FunctionName=name, Environment={"Variables": before[name]})


def opens(source: Agent, target: Agent, port: int) -> bool:
    """Whether a TCP connection is answered."""
    asked = source.node.attempt(sys.executable, "-I", str(SCRIPT), "ask", target.peer.address, str(port))
    return asked.returncode == 0


def reach(source: Agent, target: Agent) -> bool:
    return source.node.reaches(target.peer.address, timeout_s=1)


@contextlib.contextmanager
def a_stream(source: Agent, target: Agent) -> Iterator[Process]:
    """A TCP connection between two sites, which counts its lines when its input closes."""
    script = Path(numbered.__file__)
    echo = target.node.spawn_python(script, "echo", str(PORT))
    try:
        echo.expect("up")
        sender = source.node.spawn_python(script, "send", target.peer.address, str(PORT))
        try:
            sender.expect("up")
            yield sender
        finally:
            sender.kill()
    finally:
        echo.kill()


def test_a_planned_move_loses_little_and_no_connection_and_peers_talk_through_two_jumps(fleet: Fleet) -> None:
    site, other, second = fleet.agents["site-a"], fleet.agents["site-b"], fleet.agents["jump-2"]
    with a_stream(site, other) as connection, probe(site.node, other.node, other.peer.address) as flow:
        fleet.api.change_peer(fleet.network.id, site.peer.id, PatchPeer(preferred_jump_id=second.peer.id))
        until(lambda: carries(second, site), "the second jump carries the site", MOVES_S)
        until(lambda: reach(site, other) and reach(other, site), "both reach each other through two jumps", MOVES_S)
        delivery = flow.finish()
        said, _ = connection.entry.communicate(timeout=MOVES_S)

    print(f"planned move: {delivery}")
    assert homes(fleet) == {"site-a": "jump-2", "site-b": "jump"}
    assert connection.wait(MOVES_S) == 0, said
    assert delivery.lost * 10 <= 1000, delivery  # packets of 10 ms: a second's worth at most


def test_a_download_one_way_by_one_port_goes_on_through_a_jump_that_did_not_see_it_begin(fleet: Fleet) -> None:
    site, other = fleet.agents["site-a"], fleet.agents["site-b"]
    web = AclRule(source=named(site), destination=named(other), action="allow", protocol="tcp", ports=[str(PORT)])
    nothing = AclRule(source="*", destination="*", action="deny")
    move(fleet, other, "jump-2")
    rule(fleet, web, nothing)
    with (
        a_server(other.node, PORT, OTHER_PORT),
        a_server(site.node, PORT),
        a_download(site.node, other.peer.address, PORT) as download,
    ):
        assert download.goes_on()
        move(fleet, other, "jump")
        until(download.goes_on, "the same connection goes on through both jumps", MOVES_S)
        opened = [opens(site, other, PORT), opens(site, other, OTHER_PORT), opens(other, site, PORT)]
        pings = [reach(site, other), reach(other, site)]
        rule(fleet, nothing)
        cut = not download.goes_on()
        rule(fleet)
        until(download.goes_on, "the same connection goes on without rules", MOVES_S)

    assert (opened, pings, cut) == ([True, False, False], [False, False], True)


def test_a_block_cuts_a_flow_through_two_jumps_which_speak_first_at_its_end(fleet: Fleet) -> None:
    site, other = fleet.agents["site-a"], fleet.agents["site-b"]
    other.node.run("nft", "-f", "-", stdin=SILENCE)
    key = public_key(other)
    with a_server(other.node, PORT), a_download(site.node, other.peer.address, PORT) as download:
        assert download.goes_on()
        fleet.api.block(fleet.network.id, other.peer.id)
        settle(fleet)
        listed = [name for name in JUMPS if key in sections(fleet.agents[name])]
        cut = not download.goes_on()
        fleet.api.unblock(fleet.network.id, other.peer.id)
        until(download.goes_on, "the same connection goes on", MOVES_S)
    other.node.run("nft", "delete", "table", "inet", "silence")

    assert (listed, cut) == ([], True)
    assert [key in sections(fleet.agents[name]) for name in JUMPS] == [True, True]


def test_all_peers_of_a_jump_that_loses_power_move(fleet: Fleet) -> None:
    site, other, second = fleet.agents["site-a"], fleet.agents["site-b"], fleet.agents["jump-2"]
    with probe(other.node, site.node, site.peer.address) as flow:
        fleet.jump.node.run("ip", "link", "set", "eth0", "down")
        until(lambda: reach(other, site), "the sites reach each other through the second jump", MOVES_S)
        delivery = flow.finish()

    print(f"failover: {delivery}")
    both = {"site-a": "jump-2", "site-b": "jump-2"}
    until(lambda: homes(fleet) == both, "the control plane says so too", MOVES_S)
    assert carries(second, other)


def test_peers_come_back_to_a_jump_that_has_served_for_a_while(fleet: Fleet) -> None:
    site, other = fleet.agents["site-a"], fleet.agents["site-b"]
    moved = homes(fleet)
    fleet.jump.stop()
    has_power_again(fleet.jump)
    fleet.jump.start()
    until(lambda: fleet.jump.status().is_connected, "the first jump is connected", MOVES_S)
    with probe(other.node, site.node, site.peer.address) as flow:
        until(lambda: homes(fleet)["site-b"] == "jump", "the first jump is the peer's home again", MOVES_S)
        settle(fleet)
        until(lambda: carries(fleet.jump, other), "and carries it", MOVES_S)
        until(lambda: reach(other, site) and reach(site, other), "both reach each other", MOVES_S)
        delivery = flow.finish()

    print(f"return: {delivery}")
    assert moved["site-b"] == "jump-2"
    assert delivery.lost * 10 <= 1000, delivery


@pytest.mark.parametrize("outage", [Outage.REFUSED, Outage.CUT_AND_DROPPED, Outage.DROPPED])
def test_a_jump_and_the_control_plane_die_together(fleet: Fleet, deployment: Deployment, outage: Outage) -> None:
    site, other = fleet.agents["site-a"], fleet.agents["site-b"]
    move(fleet, other, "jump-2")
    until(lambda: reach(other, site), "the sites reach each other", MOVES_S)
    with out_of_reach(fleet, deployment.port, outage):
        time.sleep(0.0 if outage is Outage.DROPPED else HANG_S)
        with probe(other.node, site.node, site.peer.address) as flow:
            fleet.agents["jump-2"].node.run("ip", "link", "set", "eth0", "down")
            until(lambda: reach(other, site), "the sites reach each other through the first jump", MOVES_S)
            delivery = flow.finish()
        is_carried = carries(fleet.jump, other)

    print(f"failover without a control plane, {outage.value}: {delivery}")
    assert is_carried
    has_power_again(fleet.agents["jump-2"])
    fleet.wait_online(list(fleet.agents.values()))
    until(lambda: reach(other, site), "the control plane's word holds again", MOVES_S)


def test_a_peer_barred_by_a_handshake_from_the_future_is_answered_again(fleet: Fleet) -> None:
    site, other = fleet.agents["site-a"], fleet.agents["site-b"]
    home = fleet.agents["jump-2"]
    until(lambda: rests(fleet) and homes(fleet)["site-a"] == "jump-2", "the site stays at its first choice", MOVES_S)
    until(lambda: carries(home, site), "which carries it", MOVES_S)
    interface = site.wait_for_interface()
    private = site.node.run("wg", "show", interface, "private-key")
    key = public_key(home)
    endpoint = str(fleet.lab.topology.public_address(home.name))
    script = str(Path(forged.__file__))
    answer = fleet.lab.internet.run(sys.executable, "-I", script, endpoint, "51820", key, stdin=private)
    site.stop()
    site.node.run("ip", "link", "delete", "dev", interface)  # and its session, by which it would be heard for a while
    before = resets(home)  # what was silent in the outage before may have asked for one
    site.start()

    assert answer.strip() == "answered"
    until(lambda: resets(home) > before, "its home made the site's section anew", HEALS_S)
    until(lambda: handshake_with(site, key), "the site and its home shake hands", MOVES_S)
    until(lambda: reach(site, other), "the site is reached", MOVES_S)


def resets(jump: Agent) -> int:
    return jump.tail(400).count("peer_reset")


def handshake_with(agent: Agent, key: str) -> bool:
    return any(wg.peers[key].latest_handshake for wg in agent.node.wg().values() if key in wg.peers)
