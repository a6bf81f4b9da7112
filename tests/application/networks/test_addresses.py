"""Addresses as an operator meets them: reserved, handed out, in quarantine, suggested."""

from functools import partial

from tests.application.networks.builders import peer
from tests.wired import wired_world
from tests.world import World


def test_a_reserved_range_is_handed_out_to_nobody_until_it_is_released(world: World) -> None:
    network = world.network(cidr="10.0.0.0/29")
    path = f"/networks/{network}"
    made = world.api("POST", f"{path}/reservations", {"first": "10.0.0.1", "last": "10.0.0.4", "note": "printers"})

    first = peer(world, network, "a")
    asked = world.api("POST", f"{path}/peers", {"kind": "dynamic", "name": "b", "address": "10.0.0.2"})
    counted = world.api("GET", f"{path}/capacity").json
    released = world.api("DELETE", f"{path}/reservations?first=10.0.0.1&last=10.0.0.4")
    rest = [peer(world, network, f"p{n}")["address"] for n in range(5)]

    assert made.json == {"first": "10.0.0.1", "last": "10.0.0.4", "note": "printers", "replayed": False}
    assert first["address"] == "10.0.0.5"
    assert (asked.status, asked.json["code"]) == (409, "address_reserved")
    assert counted["ipv4"] == {"usable": 6, "allocated": 1, "reserved": 4, "quarantined": 0, "available": 1}
    assert released.status == 204
    assert sorted(rest) == ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.6"]


def test_reservations_are_apart_and_hold_no_peer(world: World) -> None:
    path = f"/networks/{world.network()}"
    world.api("POST", f"{path}/peers", {"kind": "dynamic", "name": "a", "address": "10.0.0.7"})
    world.api("POST", f"{path}/reservations", {"first": "10.0.0.20", "last": "10.0.0.30"})

    taken = world.api("POST", f"{path}/reservations", {"first": "10.0.0.5", "last": "10.0.0.9"})
    twice = world.api("POST", f"{path}/reservations", {"first": "10.0.0.30", "last": "10.0.0.40"})
    unknown = world.api("DELETE", f"{path}/reservations?first=10.0.0.20&last=10.0.0.29")

    assert (taken.status, taken.json["code"]) == (409, "address_in_use")
    assert (twice.status, twice.json["code"]) == (409, "reservation_overlap")
    assert (unknown.status, unknown.json["code"]) == (404, "reservation_not_found")


def test_allocations_are_listed_with_those_in_quarantine(world: World) -> None:
    network = world.network()
    gone, kept = peer(world, network, "gone"), peer(world, network, "kept")
    world.api("DELETE", f"/networks/{network}/peers/{gone['id']}")

    page = world.api("GET", f"/networks/{network}/allocations?limit=1").json
    rest = world.api("GET", f"/networks/{network}/allocations?limit=1&cursor={page['next_cursor']}").json

    assert [(one["address"], one["state"]) for one in page["items"]] == [("10.0.0.1", "quarantined")]
    assert page["items"][0]["available_at"] == "2026-01-08T00:00:00Z"
    assert [(one["address"], one["peer_name"]) for one in rest["items"]] == [("10.0.0.2", "kept")]
    assert rest["next_cursor"] is None
    assert kept["address"] == "10.0.0.2"


def test_suggestions_fit_and_overlap_nothing(world: World) -> None:
    world.network(cidr="10.0.0.0/24")

    found = world.api("GET", "/ipam/suggestions?peers=300&count=2").json
    inside = world.api("GET", "/ipam/suggestions?peers=20&base=10.0.0.0/23&count=1").json

    assert found == {"items": ["10.0.2.0/23", "10.0.4.0/23"]}
    assert inside == {"items": ["10.0.1.0/27"]}


def test_ranges_that_were_released_cost_a_few_reads_and_are_used_up() -> None:
    with wired_world() as world:
        network = world.network(cidr="10.0.0.0/20")
        path = f"/networks/{network}"
        peers = [peer(world, network, f"p{n}") for n in range(40)]
        for one in peers[::2]:  # their addresses wait in quarantine, and each leaves a gap
            world.api("DELETE", f"{path}/peers/{one['id']}")
            assert world.api("POST", f"{path}/reservations", {"first": one["address"]}).status == 201
            assert world.api("DELETE", f"{path}/reservations?first={one['address']}").status == 204

        costs = [world.counted(partial(peer, world, network, f"more {n}")) for n in range(6)]

    # token, network, four gaps, what was never handed out; at last no gap is left
    assert [cost["read"] for cost in costs] == [7, 7, 7, 7, 7, 3]


def test_gaps_that_hold_the_only_free_addresses_are_all_looked_at(world: World) -> None:
    network = world.network(cidr="10.0.0.0/26")  # 62 addresses
    path = f"/networks/{network}"
    for n in range(10):  # every second of the first twenty is kept back
        assert world.api("POST", f"{path}/reservations", {"first": f"10.0.0.{2 * n + 1}"}).status == 201
    body = {"peers": [{"kind": "dynamic", "name": f"p{n}"} for n in range(52)]}
    assert world.api("POST", f"{path}/peers/bulk", body).json["created"] == 52
    for n in range(10):
        assert world.api("DELETE", f"{path}/reservations?first=10.0.0.{2 * n + 1}").status == 204

    given = {peer(world, network, f"late {n}")["address"] for n in range(10)}

    assert given == {f"10.0.0.{2 * n + 1}" for n in range(10)}
    full = world.api("POST", f"{path}/peers", {"kind": "dynamic", "name": "one too many"})
    assert (full.status, full.json["code"]) == (409, "address_pool_exhausted")
