"""Networks and addresses as an operator meets them."""

import pytest

from tests.application.networks.builders import peer
from tests.builders import a_key
from tests.world import World


def test_one_write_moves_every_peer_of_a_network_and_agents_follow(world: World) -> None:
    network = world.network()
    agents = [world.agent(network, "jump", "hub"), world.agent(network, "dynamic", "web")]
    for agent in agents:
        agent.connect()
        agent.fetch()
    world.settle()

    changes = len(world.outside.tables.stream)
    world.api("PATCH", f"/networks/{network}", {"cidr": "10.9.0.0/16"})
    world.settle()

    assert len(world.outside.tables.stream) == changes + 1
    assert [peer["address"] for peer in world.peers(network).values()] == ["10.9.0.2", "10.9.0.1"]
    for agent in agents:
        assert agent.fetch().status == 200
    assert agents[1].bundle is not None
    assert agents[1].bundle["interface"]["addresses"] == ["10.9.0.2/16"]
    assert "10.9.0.0/16" in agents[1].allowed_ips


def test_a_network_grows_in_place_under_static_peers_and_moves_not(world: World) -> None:
    network = world.network()
    world.agent(network, "jump", "hub")
    body = {"kind": "static", "name": "phone", "generate_key": True}
    phone = world.api("POST", f"/networks/{network}/peers", body).json["peer"]

    refused = world.api("PATCH", f"/networks/{network}", {"cidr": "10.9.0.0/24"})
    grown = world.api("PATCH", f"/networks/{network}", {"cidr": "10.0.0.0/23", "cidr_v6": "fd00::/64"})

    assert (refused.status, refused.json["code"]) == (409, "static_peers_exist")
    assert "phone" in refused.json["detail"]
    assert grown.status == 200
    seen = world.api("GET", f"/networks/{network}/peers/{phone['id']}").json
    assert (seen["address"], seen["address_v6"]) == ("10.0.0.2", "fd00::2")
    assert (seen["config_stale"], seen["config_changes"]) == (True, ["Address", "AllowedIPs"])


def test_a_range_too_small_for_a_peer_is_refused(world: World) -> None:
    network = world.network()
    peer(world, network, "high", address="10.0.0.200")

    refused = world.api("PATCH", f"/networks/{network}", {"cidr": "10.0.0.0/25"})

    assert (refused.status, refused.json["code"]) == (409, "cidr_does_not_fit")
    assert "10.0.0.200" in refused.json["detail"]


def test_a_stale_picture_changes_nothing(world: World) -> None:
    network = world.network()
    seen = world.api("GET", f"/networks/{network}")
    world.api("PATCH", f"/networks/{network}", {"dns": ["9.9.9.9"]})

    stale = world.api("PATCH", f"/networks/{network}", {"name": "other"}, headers={"if-match": seen.headers["ETag"]})
    fresh = world.api("GET", f"/networks/{network}")
    renamed = world.api("PATCH", f"/networks/{network}", {"name": "other"}, headers={"if-match": fresh.headers["ETag"]})

    assert (stale.status, stale.json["code"]) == (412, "stale")
    assert (renamed.status, renamed.json["name"], renamed.json["dns"]) == (200, "other", ["9.9.9.9"])


def test_what_is_left_out_stays_and_null_clears(world: World) -> None:
    network = world.network()
    path = f"/networks/{network}"
    world.api("PATCH", path, {"dns": ["9.9.9.9"], "domain": "corp.example"})

    kept = world.api("PATCH", path, {"name": "other"}).json
    cleared = world.api("PATCH", path, {"dns": None, "domain": None}).json

    assert (kept["dns"], kept["domain"]) == (["9.9.9.9"], "corp.example")
    assert (cleared["dns"], cleared["domain"]) == ([], "other.internal")


def test_all_that_is_wrong_is_said_at_once(world: World) -> None:
    body = {"name": "Bad Name", "cidr": "10.0.0.1/24", "cidr_v6": "2001:db8::/64", "dns": ["nine"]}

    refused = world.api("POST", "/networks", body)

    assert refused.status == 422
    assert [error["field"] for error in refused.json["errors"]] == ["name", "cidr", "cidr_v6", "dns[0]"]


def test_a_key_of_a_static_peer_is_claimed(world: World) -> None:
    network = world.network()
    body = {"kind": "static", "name": "a", "public_key": a_key("same")}
    world.api("POST", f"/networks/{network}/peers", body)

    refused = world.api("POST", f"/networks/{network}/peers", {**body, "name": "b"})

    assert (refused.status, refused.json["code"]) == (409, "key_in_use")


def test_a_name_goes_with_its_network_and_comes_back(world: World) -> None:
    first, other = world.network("first", "10.1.0.0/24"), world.network("other", "10.2.0.0/24")

    taken = world.api("PATCH", f"/networks/{other}", {"name": "first"})
    renamed = world.api("PATCH", f"/networks/{first}", {"name": "renamed"})
    again = world.api("PATCH", f"/networks/{other}", {"name": "first"})
    gone = world.api("DELETE", f"/networks/{other}")
    made = world.api("POST", "/networks", {"name": "first", "cidr": "10.2.0.0/24"})

    assert (taken.status, taken.json["code"]) == (409, "name_in_use")
    assert (renamed.status, again.status, gone.status, made.status) == (200, 200, 204, 201)


@pytest.mark.parametrize("domain", ["wirety.example.net", "example.net", "idp.example.com", "example.com"])
def test_a_domain_never_hides_the_deployments_own_names(world: World, domain: str) -> None:
    network = world.network("lab")
    new = {"name": "other", "cidr": "10.1.0.0/24", "domain": domain}

    answers = [world.api("POST", "/networks", new), world.api("PATCH", f"/networks/{network}", {"domain": domain})]

    assert [(one.status, one.json["errors"][0]["field"]) for one in answers] == [(422, "domain")] * 2
    assert world.api("POST", "/networks", {**new, "domain": f"lab.{domain}"}).status == 201


def test_a_domain_and_a_jumps_endpoint_stay_apart_whichever_comes_last(world: World) -> None:
    network = world.network("lab")
    hub = world.agent(network, "jump", "hub", endpoint="hub.example.org")
    path = f"/networks/{network}"

    hiding = [world.api("PATCH", path, {"domain": domain}) for domain in ("example.org", "hub.example.org")]
    beside = world.api("PATCH", path, {"domain": "lab.example.org"})
    moved = world.api("PATCH", f"{path}/peers/{hub.peer_id}", {"endpoint": "new.lab.example.org"})
    second = world.api("POST", f"{path}/peers", {"kind": "jump", "name": "two", "endpoint": "lab.example.org"})

    assert [(one.status, one.json["errors"][0]["field"]) for one in hiding] == [(422, "domain")] * 2
    assert beside.status == 200
    assert [(one.status, one.json["errors"][0]["field"]) for one in (moved, second)] == [(422, "endpoint")] * 2
    assert world.api("PATCH", f"{path}/peers/{hub.peer_id}", {"endpoint": "hub.example.com"}).status == 200


def test_what_agents_report_leaves_the_etags_of_network_and_peer(world: World) -> None:
    network = world.network()
    hub = world.agent(network, "jump", "hub")
    laptop = world.agent(network, "dynamic", "laptop")
    paths = [f"/networks/{network}", f"/networks/{network}/peers/{laptop.peer_id}"]
    seen = [world.api("GET", path) for path in paths]

    world.api("POST", f"/networks/{network}/rotate-psk")
    world.api("POST", f"{paths[1]}/rotate-key")
    for agent in (hub, laptop):
        agent.connect()
        agent.fetch()
        agent.send({"type": "applied", "generation": 1, "revision": agent.revision, "hash": "h", "ok": True, "ms": 1})
    world.settle()
    later = [world.api("GET", path) for path in paths]
    own = [
        world.api("PATCH", path, {"name": "other"}, headers={"if-match": one.headers["ETag"]})
        for path, one in zip(paths, seen, strict=True)
    ]
    stale = [
        world.api("PATCH", path, {"name": "third"}, headers={"if-match": one.headers["ETag"]})
        for path, one in zip(paths, seen, strict=True)
    ]

    assert all(one.json["revision"] > before.json["revision"] for one, before in zip(later, seen, strict=True))
    assert [one.headers["ETag"] for one in later] == [one.headers["ETag"] for one in seen]
    assert [one.status for one in own] == [200, 200]
    assert [one.status for one in stale] == [412, 412]
