"""The policy in force: real agents, WireGuard and nftables against the deployed stack, with clients that cheat."""

from collections.abc import Iterator

import pytest

from chalicelib.wire.networks import AclRule
from chalicelib.wire.peers import PatchPeer
from infra.demo.api import Api
from infra.demo.deployment import Deployment
from infra.demo.fleet import Fleet
from infra.demo.waiting import until
from infra.lab import Lab
from infra.lab.probe import probe
from tests.dataplane.downloads import SCRIPT, a_download
from tests.dataplane.firewall_scene import (
    ARRIVES_S,
    FORBIDDING,
    INTERNET,
    LAN,
    LAN_HOST,
    LAN_HUB,
    METADATA,
    OTHER,
    TOPOLOGY,
    UNDECLARED,
    WEB,
    Scene,
    members,
    source_at,
)

pytestmark = [pytest.mark.dataplane, pytest.mark.root, pytest.mark.stack]


@pytest.fixture(scope="module")
def scene(capable_machine: None, deployment: Deployment) -> Iterator[Scene]:
    api = Api(deployment.api_url, deployment.api_token)
    with Lab(TOPOLOGY) as lab:
        fleet = Fleet(api, lab, lab.publish(deployment.port), deployment.agent_command)
        try:
            lab["jump"].run("ip", "route", "add", METADATA, "dev", "eth1")
            fleet.raise_up(print)
            made = Scene(fleet)
            made.change(fleet.jump, PatchPeer(additional_allowed_ips=[LAN]))
            made.settle(*fleet.agents.values())
            for name in ("lan", "site-b", "internet"):
                for port in (WEB, OTHER):
                    lab[name].spawn_python(SCRIPT, "serve", str(port)).expect("up")
            yield made
        finally:
            print("\n".join(f"--- log of {agent.name}\n{agent.tail(40)}" for agent in fleet.agents.values()))
            fleet.remove()
            api.close()


def test_isolated_peers_reach_hubs_and_what_lies_behind_them_and_nobody_else_in_either_direction(scene: Scene) -> None:
    a, b = scene.a, scene.b
    nowhere = (b.peer.address, INTERNET, UNDECLARED, METADATA)
    assert [scene.jump.node.reaches(address) for address in nowhere] == [True] * 4

    with scene.isolated(a), scene.cheating(a, *nowhere):
        reached = [source_at(a.node, address) for address in nowhere]
        pinged = [address for address in nowhere if a.node.reaches(address, timeout_s=1)]
        back = b.node.reaches(a.peer.address, timeout_s=1)
        hub, lan = a.node.reaches(scene.jump.peer.address), source_at(a.node, LAN_HOST)

    assert (reached, pinged, back) == ([None] * 4, [], False)
    assert (hub, lan) == (True, LAN_HUB)
    until(lambda: a.node.reaches(b.peer.address), "the end of isolation", ARRIVES_S)


def test_a_peer_that_is_not_isolated_does_not_get_out_by_editing_its_file_either(scene: Scene) -> None:
    nowhere = (INTERNET, UNDECLARED, METADATA, LAN_HUB.replace(".50.", ".60."))

    with scene.cheating(scene.a, *nowhere):
        reached = [source_at(scene.a.node, address) for address in nowhere]
        pinged = [address for address in nowhere if scene.a.node.reaches(address, timeout_s=1)]
        other = source_at(scene.a.node, scene.b.peer.address)

    assert (reached, pinged) == ([None] * 4, [])
    assert other == scene.a.peer.address


def test_a_rule_opens_one_port_one_way_and_a_download_goes_on_while_rules_change(scene: Scene) -> None:
    a, b = scene.a, scene.b
    web = AclRule(source=scene.peer(a), destination=scene.peer(b), action="allow", protocol="tcp", ports=[str(WEB)])
    closed = AclRule(source="*", destination=scene.peer(b), action="deny")
    silent = AclRule(source=scene.peer(b), destination="*", action="deny")
    scene.rules(web, closed, silent)

    by_port = [source_at(a.node, b.peer.address, port) for port in (WEB, OTHER)]
    pings = [a.node.reaches(b.peer.address, timeout_s=1), b.node.reaches(a.peer.address, timeout_s=1)]
    with a_download(a.node, b.peer.address, WEB) as download:
        went_on = []
        for extra in ("22", "2222", "22222"):
            scene.rules(
                web, AclRule(source="*", destination="*", action="deny", protocol="tcp", ports=[extra]), closed, silent
            )
            went_on.append(download.goes_on())
        scene.rules(closed, silent)
        until(lambda: not download.goes_on(), "what is revoked is cut", ARRIVES_S)
        scene.rules()
        until(download.goes_on, "the same connection goes on", ARRIVES_S)

    assert by_port == [a.peer.address, None]
    assert pings == [False, False]
    assert went_on == [True] * 3


def test_what_is_revoked_is_cut_though_the_other_way_stays_open(scene: Scene) -> None:
    with a_download(scene.a.node, scene.b.peer.address, WEB) as download:
        assert download.goes_on()
        scene.rules(AclRule(source=scene.peer(scene.a), destination=scene.peer(scene.b), action="deny"))
        until(lambda: not download.goes_on(), "the live connection is cut", ARRIVES_S)
        other_way = scene.b.node.reaches(scene.a.peer.address)
        scene.rules()

    assert other_way


def test_a_block_cuts_live_flows_on_the_jump_and_its_end_restores_them(scene: Scene) -> None:
    a, b, fleet = scene.a, scene.b, scene.fleet
    with a_download(a.node, b.peer.address, WEB) as download:
        assert download.goes_on()
        fleet.api.block(fleet.network.id, b.peer.id)
        until(lambda: not download.goes_on(), "the live connection is cut", ARRIVES_S)
        scene.settle()
        blocked = members(scene.jump.node, "blocked")
        fleet.api.unblock(fleet.network.id, b.peer.id)
        until(download.goes_on, "the same connection goes on", ARRIVES_S)
    scene.settle(b)

    assert blocked == {b.peer.address}
    assert members(scene.jump.node, "blocked") == set()


def test_a_lan_behind_the_jump_is_masqueraded_or_routed(scene: Scene) -> None:
    masqueraded = source_at(scene.a.node, LAN_HOST), scene.node("lan").reaches(scene.a.peer.address, timeout_s=1)
    scene.change(scene.jump, PatchPeer(routed_cidrs=[LAN]))
    routed = source_at(scene.a.node, LAN_HOST), scene.node("lan").reaches(scene.a.peer.address)
    scene.change(scene.jump, PatchPeer(routed_cidrs=[]))

    assert masqueraded == (LAN_HUB, False)
    assert routed == (scene.a.peer.address, True)


def test_full_encapsulation_leads_to_the_internet_by_the_jumps_address_and_nowhere_else(scene: Scene) -> None:
    a, public = scene.a, str(TOPOLOGY.public_address("jump"))
    outside = source_at(a.node, INTERNET)

    scene.change(a, PatchPeer(full_encapsulation=True))
    until(lambda: source_at(a.node, INTERNET) == public, "the internet by the jump", ARRIVES_S)
    reached = [source_at(a.node, address) for address in (UNDECLARED, METADATA)]
    scene.change(a, PatchPeer(full_encapsulation=False))
    until(lambda: source_at(a.node, INTERNET) == outside, "the internet without the jump", ARRIVES_S)

    assert reached == [None, None]
    assert outside != public


def test_what_the_jump_is_closed_to_is_closed_on_its_public_address_too(scene: Scene) -> None:
    a, public = scene.a, str(TOPOLOGY.public_address("jump"))
    scene.jump.node.spawn_python(SCRIPT, "serve", str(WEB)).expect("up")
    scene.change(a, PatchPeer(full_encapsulation=True))
    until(lambda: source_at(a.node, public) == a.peer.address, "the jump by the tunnel", ARRIVES_S)

    scene.rules(AclRule(source="*", destination=scene.peer(scene.jump), action="deny"))
    closed = [source_at(a.node, address) for address in (public, scene.jump.peer.address)]
    outside = source_at(a.node, INTERNET)
    scene.rules()
    is_open = source_at(a.node, public)
    scene.change(a, PatchPeer(full_encapsulation=False))
    until(lambda: source_at(a.node, INTERNET) != public, "the internet without the jump", ARRIVES_S)

    assert (closed, outside, is_open) == ([None, None], public, a.peer.address)


def test_a_network_behind_a_regular_peer_is_reached_and_is_that_peer_to_every_rule(scene: Scene) -> None:
    prefix = scene.fleet.prefix(0)
    inner = prefix.replace(".0/24", ".7")
    scene.b.node.run("ip", "address", "add", f"{inner}/32", "dev", "lo")
    scene.change(scene.b, PatchPeer(additional_allowed_ips=[prefix]))
    until(lambda: source_at(scene.a.node, inner) == scene.a.peer.address, "the network behind b answers", ARRIVES_S)

    scene.rules(AclRule(source="*", destination=scene.peer(scene.b), action="deny"))
    closed = source_at(scene.a.node, inner), source_at(scene.a.node, scene.b.peer.address)
    scene.rules()
    scene.change(scene.b, PatchPeer(additional_allowed_ips=[]))

    assert closed == (None, None)


def test_the_table_is_healed_when_it_was_flushed_behind_the_agents_back(scene: Scene) -> None:
    node, interface = scene.jump.node, scene.jump.wait_for_interface()
    scene.rules(AclRule(source="*", destination=scene.peer(scene.b), action="deny"))
    before = node.run("nft", "list", "table", "inet", interface)
    scene.jump.stop()
    node.run("nft", "flush", "table", "inet", interface)
    is_open = scene.a.node.reaches(scene.b.peer.address)

    scene.jump.start()
    until(lambda: node.run("nft", "list", "table", "inet", interface) == before, "the table is there again", ARRIVES_S)
    is_closed = not scene.a.node.reaches(scene.b.peer.address, timeout_s=1)
    scene.fleet.wait_online([scene.jump])
    scene.rules()

    assert (is_open, is_closed) == (True, True)


def test_another_firewall_that_drops_is_told_opened_by_one_rule_and_left_as_it_was(scene: Scene) -> None:
    node = scene.jump.node
    node.run("nft", "-f", "-", stdin=FORBIDDING)
    before = node.run("nft", "list", "table", "ip", "filter")

    def seen() -> tuple[bool, int, int]:
        """Whether packets pass, how many marked rules there are, and of how many tables the status complains."""
        marked = node.run("nft", "list", "ruleset").count("wirety:wy")
        passes = scene.a.node.reaches(scene.b.peer.address, timeout_s=1)
        return passes, marked, len(scene.jump.status().forward_conflict)

    told, opened = (False, 0, 1), (True, 1, 0)
    for flags, wanted in (((), told), (("--manage-forward",), opened), (("--manage-forward",), opened), ((), told)):
        scene.jump.stop()
        scene.jump.start(*flags)
        until(lambda wanted=wanted: seen() == wanted, f"{flags}: {wanted}", ARRIVES_S)  # type: ignore[misc]
        scene.fleet.wait_online([scene.jump])
    after = node.run("nft", "list", "table", "ip", "filter")
    node.run("nft", "delete", "table", "ip", "filter")

    assert after == before


def test_rules_that_change_cost_an_unrelated_flow_no_packet(scene: Scene) -> None:
    a, b = scene.a, scene.b
    with probe(a.node, b.node, b.peer.address, interval_ms=1.0, at_least=2000) as flow:
        for port in range(20, 24):
            scene.rules(AclRule(source="*", destination="*", action="deny", protocol="tcp", ports=[str(port)]))
            scene.change(scene.jump, PatchPeer(tags=[f"t{port}"]))
        scene.rules()
        delivery = flow.finish()

    assert delivery.sent >= 2000
    assert delivery.lost == 0
