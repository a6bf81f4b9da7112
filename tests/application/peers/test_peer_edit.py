"""What a change of a peer touches, and what it refuses."""

from dataclasses import replace
from typing import Any

import pytest

from tests.application.peers.builders import live, path, static
from tests.world import SimulatedAgent, World


def test_a_patch_touches_what_is_sent_and_null_clears(world: World) -> None:
    network = world.network()
    web = world.agent(network, "dynamic", "web")
    one = path(network, web.peer_id)
    all_of = {"tags": ["b", "a", "a"], "metadata": {"rack": "7"}, "mtu": 1300, "dns": ["9.9.9.9"], "listen_port": 7}

    world.api("PATCH", one, all_of)
    kept = world.api("PATCH", one, {"name": "web 2"}).json
    cleared = world.api("PATCH", one, dict.fromkeys([*all_of, "owner_id"])).json

    assert (kept["name"], kept["tags"], kept["metadata"], kept["mtu"]) == ("web 2", ["a", "b"], {"rack": "7"}, 1300)
    assert [cleared[name] for name in all_of] == [[], {}, None, None, None]


def test_a_stale_patch_is_refused_and_loses_nothing(world: World) -> None:
    network = world.network()
    one = path(network, world.agent(network, "dynamic", "web").peer_id)
    tag = world.api("GET", one).headers["ETag"]
    fresh = world.api("PATCH", one, {"tags": ["a"]}, headers={"if-match": tag})

    stale = world.api("PATCH", one, {"tags": ["b"]}, headers={"if-match": tag})
    foreign = world.api("PATCH", one, {"tags": ["b"]}, headers={"if-match": 'W/"7"'})
    deleted = world.api("DELETE", one, headers={"if-match": tag})

    assert [answer.status for answer in (fresh, stale, foreign, deleted)] == [200, 412, 412, 412]
    assert world.api("GET", one).json["tags"] == ["a"]
    assert world.api("DELETE", one, headers={"if-match": fresh.headers["ETag"]}).status == 204


def test_a_patch_that_changes_nothing_takes_no_revision(world: World) -> None:
    network = world.network()
    one = path(network, world.agent(network, "dynamic", "web").peer_id)
    before = world.api("GET", one).json["revision"]

    assert world.api("PATCH", one, {"name": "web", "is_isolated": False}).json["revision"] == before


def test_a_field_of_another_kind_is_refused(world: World) -> None:
    network = world.network()
    hub, web = world.agent(network, "jump", "hub"), world.agent(network, "dynamic", "web")

    isolated = world.api("PATCH", path(network, hub.peer_id), {"is_isolated": True})
    endpoint = world.api("PATCH", path(network, web.peer_id), {"endpoint": "h.example"})
    nameless = world.api("PATCH", path(network, web.peer_id), {"name": None})

    assert [(one.status, one.json["errors"][0]["field"]) for one in (isolated, endpoint, nameless)] == [
        (422, "is_isolated"),
        (422, "endpoint"),
        (422, "name"),
    ]


def test_a_renamed_peer_frees_its_name(world: World) -> None:
    network = world.network()
    web = world.agent(network, "dynamic", "web")

    world.api("PATCH", path(network, web.peer_id), {"name": "www"})

    assert world.api("POST", f"/networks/{network}/peers", {"kind": "dynamic", "name": "web"}).status == 201
    taken = world.api("POST", f"/networks/{network}/peers", {"kind": "dynamic", "name": " www"})
    assert (taken.status, taken.json["code"]) == (409, "name_in_use")


def test_cidrs_behind_peers_stand_for_one_and_never_swallow_an_endpoint(world: World) -> None:
    network = world.network()
    hub = world.agent(network, "jump", "hub", endpoint="192.168.9.9", additional_allowed_ips=["172.20.0.0/16"])
    left, right = (world.agent(network, "dynamic", name) for name in ("left", "right"))
    world.api("PATCH", path(network, left.peer_id), {"additional_allowed_ips": ["192.168.1.0/24"]})

    def refused(agent: SimulatedAgent, **fields: Any) -> str:
        answer = world.api("PATCH", path(network, agent.peer_id), fields)
        assert answer.status == 409, answer.text
        return str(answer.json["code"])

    assert refused(right, additional_allowed_ips=["192.168.1.0/24"]) == "cidr_in_use"
    assert refused(right, additional_allowed_ips=["172.20.0.0/16"]) == "cidr_in_use"
    assert refused(right, additional_allowed_ips=["192.168.9.0/24"]) == "cidr_in_use"
    assert refused(right, additional_allowed_ips=["10.0.0.128/25"]) == "cidr_in_use"
    assert refused(hub, additional_allowed_ips=["192.168.1.0/24"]) == "cidr_in_use"
    assert refused(hub, endpoint="192.168.1.7") == "endpoint_routed"
    assert refused(hub, endpoint="10.0.0.7") == "endpoint_routed"
    assert refused(hub, endpoint="::ffff:10.0.0.7") == "endpoint_routed"
    world.api("PATCH", path(network, left.peer_id), {"additional_allowed_ips": None})
    moved = world.api("PATCH", path(network, right.peer_id), {"additional_allowed_ips": ["192.168.1.0/24"]})
    assert moved.status == 200


def test_an_endpoint_that_nobody_can_reach_is_refused_on_creation_and_on_change(world: World) -> None:
    network = world.network()
    hub = world.agent(network, "jump", "hub")
    new = {"kind": "jump", "name": "second", "endpoint": "hub.localhost"}

    changed = world.api("PATCH", path(network, hub.peer_id), {"endpoint": "::ffff:127.0.0.1"})
    created = world.api("POST", f"/networks/{network}/peers", new)

    assert [(one.status, one.json["errors"][0]["field"]) for one in (changed, created)] == [(422, "endpoint")] * 2


def test_all_cidrs_behind_a_peer_can_be_replaced_at_once_and_go_with_its_network(world: World) -> None:
    """From six blocks of the address space to six others: the most that one transaction holds."""
    network = world.network()
    most = [[f"fd{first + n % 6:02x}:{n + 1:x}::/64" for n in range(40)] for first in (0, 6)]
    router = world.agent(network, "dynamic", "router", additional_allowed_ips=most[0])

    replaced = world.api("PATCH", path(network, router.peer_id), {"name": "other", "additional_allowed_ips": most[1]})
    too_many = world.api("PATCH", path(network, router.peer_id), {"additional_allowed_ips": [*most[1], "fd20::/64"]})
    for n in range(3):
        lans = [f"192.168.{n * 40 + at}.0/24" for at in range(40)]
        world.agent(network, "dynamic", f"site {n}", additional_allowed_ips=lans)
    world.api("DELETE", f"/networks/{network}?force=true")
    world.settle()

    assert (replaced.status, replaced.json["additional_allowed_ips"]) == (200, most[1])
    assert (too_many.status, too_many.json["errors"][0]["field"]) == (422, "additional_allowed_ips")
    assert world.outside.tables.peers == {}


def test_two_jumps_may_share_a_lan_and_the_first_serves_it(world: World) -> None:
    network = world.network()
    lan = {"additional_allowed_ips": ["192.168.1.0/24"], "routed_cidrs": ["192.168.1.0/24"]}
    hubs = [world.agent(network, "jump", f"hub {n}", endpoint=f"198.51.100.{n}", **lan) for n in (1, 2)]
    third = world.agent(network, "jump", "hub 3", endpoint="198.51.100.3")
    live(world, *hubs, third)

    assert third.bundle is not None
    serving = {peer["peer_id"] for peer in third.bundle["peers"] if "192.168.1.0/24" in peer["allowed_ips"]}
    assert serving == {hubs[0].peer_id}
    for hub in hubs:
        assert "192.168.1.0/24" not in hub.allowed_ips
        assert hub.bundle is not None
        assert hub.bundle["firewall"]["exits"] == [{"cidr": "192.168.1.0/24", "masquerade": False}]


def test_only_the_operator_moves_the_home_of_a_file(world: World) -> None:
    network = world.network()
    first = world.agent(network, "jump", "hub 1", endpoint="198.51.100.1")
    phone = static(world, network)["peer"]
    second = world.agent(network, "jump", "hub 2", endpoint="198.51.100.2")
    tables = world.outside.tables
    stored = tables.networks[next(iter(tables.networks))]
    tables.networks[stored.id] = replace(stored, down=frozenset({first.peer_id}))  # type: ignore[arg-type]
    one = path(network, phone["id"])

    assert world.api("GET", one).json["home_jump_id"] == first.peer_id
    moved = world.api("PATCH", one, {"preferred_jump_id": second.peer_id}).json
    assert (moved["home_jump_id"], moved["config_changes"]) == (
        second.peer_id,
        ["Endpoint", "PublicKey"],
    )


@pytest.mark.parametrize(("mtu", "fits"), [(575, False), (576, True), (1279, True), (9000, True), (9001, False)])
def test_an_mtu_is_from_576_to_9000(world: World, mtu: int, fits: bool) -> None:
    network = world.network()
    peer = world.agent(network, "dynamic", "web")
    new = {"kind": "dynamic", "name": "other", "mtu": mtu}

    created = world.api("POST", f"/networks/{network}/peers", new)
    changed = world.api("PATCH", path(network, peer.peer_id), {"mtu": mtu})

    assert (created.status, changed.status) == ((201, 200) if fits else (422, 422))


def test_with_ipv6_an_mtu_is_at_least_1280_whichever_comes_last(world: World) -> None:
    network = world.network()
    small = world.agent(network, "dynamic", "small", mtu=1279)
    world.agent(network, "dynamic", "large", mtu=1280)

    refused = world.api("PATCH", f"/networks/{network}", {"cidr_v6": "fd12::/64"})
    world.api("PATCH", path(network, small.peer_id), {"mtu": None})
    given = world.api("PATCH", f"/networks/{network}", {"cidr_v6": "fd12::/64"})
    created = world.api("POST", f"/networks/{network}/peers", {"kind": "dynamic", "name": "new", "mtu": 1279})
    changed = world.api("PATCH", path(network, small.peer_id), {"mtu": 1279})

    assert (refused.status, refused.json["code"], given.status) == (409, "mtu_too_small", 200)
    assert "small" in refused.json["detail"]
    assert "large" not in refused.json["detail"]
    assert [(one.status, one.json["errors"][0]["field"]) for one in (created, changed)] == [(422, "mtu")] * 2
    assert world.api("PATCH", path(network, small.peer_id), {"mtu": 1280}).status == 200
