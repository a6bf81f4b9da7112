"""Networks and addresses as an operator meets them."""

from typing import Any

import pytest

from chalicelib.adapters.memory.adversary import Adversary
from chalicelib.domain.identity.principal import Role
from chalicelib.domain.ids import NetworkId
from tests.builders import a_key
from tests.world import SimulatedAgent, World


@pytest.fixture
def world() -> World:
    return World()


def peer(world: World, network: str, name: str, **fields: Any) -> Any:
    answer = world.api("POST", f"/networks/{network}/peers", {"kind": "dynamic", "name": name, **fields})
    assert answer.status == 201, answer.text
    return answer.json["peer"]


def test_one_write_moves_every_peer_of_a_network_and_agents_follow(world: World) -> None:
    network = world.network()
    agents = [world.agent(network, "jump", "hub"), world.agent(network, "dynamic", "web")]
    for agent in agents:
        agent.connect()
        agent.fetch()
    world.settle()

    moved = world.counted(lambda: world.api("PATCH", f"/networks/{network}", {"cidr": "10.9.0.0/16"}))
    world.settle()

    assert moved == {"read": 6, "transaction": 1}  # token, network, statics, highest index, directory, jumps
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


def test_a_forced_delete_is_gone_at_once_tells_every_agent_and_frees_the_range(world: World) -> None:
    network = world.network()
    agents = [world.agent(network, "jump", "hub"), world.agent(network, "dynamic", "web")]
    for agent in agents:
        agent.connect()
    for n in range(30):
        peer(world, network, f"p{n}", additional_allowed_ips=[f"192.168.{n}.0/24"])
    world.settle()

    refused = world.api("DELETE", f"/networks/{network}")
    deleted = world.api("DELETE", f"/networks/{network}?force=true")
    at_once = world.api("GET", f"/networks/{network}")
    held = world.api("POST", "/networks", {"name": "again", "cidr": "10.0.0.0/24"})
    world.settle()

    assert (refused.status, refused.json["code"]) == (409, "network_not_empty")
    assert (deleted.status, at_once.status, held.status) == (204, 404, 409)
    assert_all_gone(world, network, agents)


def assert_all_gone(world: World, network: str, agents: list[SimulatedAgent]) -> None:
    tables = world.outside.tables
    assert [key for key in (*tables.peers, *tables.claims) if key[0] == network] == []
    assert world.api("POST", "/networks", {"name": "lab", "cidr": "10.0.0.0/24"}).status == 201
    for agent in agents:
        answer = agent.open_session()
        assert (answer.status, answer.json["code"]) == (410, "peer_deleted")
        assert ("bye", "peer_deleted") in agent.frames


def test_a_removal_that_breaks_halfway_goes_on_where_it_was(world: World) -> None:
    network = world.network()
    agent = world.agent(network, "jump", "hub")
    agent.connect()
    for n in range(40):
        peer(world, network, f"p{n}")
    world.settle()
    world.api("DELETE", f"/networks/{network}?force=true")
    steps = iter(range(2))
    commit = world.outside.transactions.commit

    def breaking(change: Any) -> None:
        next(steps)  # the third commit fails with what nobody foresaw
        commit(change)

    world.outside.transactions.commit = breaking  # type: ignore[method-assign, assignment]
    world.settle()
    world.outside.transactions.commit = commit  # type: ignore[method-assign]
    assert 0 < len(world.outside.tables.peers) < 41

    world.outside.removals.start(network)  # type: ignore[arg-type]  # as the queue delivers it again
    world.outside.removals.start(network)  # type: ignore[arg-type]  # and twice
    world.settle()

    assert_all_gone(world, network, [agent])


def test_a_removal_comes_through_a_contended_store() -> None:
    world = World(Adversary(3, conflicts=0.3, doubles=0.3))
    network = world.network()
    for n in range(30):
        peer(world, network, f"p{n}")

    world.api("DELETE", f"/networks/{network}?force=true")
    world.settle()

    assert_all_gone(world, network, [])


def test_the_change_log_says_who_changed_what(world: World) -> None:
    network = world.network()
    world.agent(network, "jump", "hub")
    world.api("PATCH", f"/networks/{network}", {"dns": ["9.9.9.9"]})
    hub = world.peers(network)["hub"]
    world.api("POST", f"/networks/{network}/peers/{hub['id']}/block", {"note": "stolen"})

    page = world.api("GET", f"/networks/{network}/changes?limit=2").json
    rest = world.api("GET", f"/networks/{network}/changes?cursor={page['next_cursor']}").json

    assert [change["what"] for change in page["items"] + rest["items"]] == [
        "peer_blocked",
        "network_updated",
        "peer_enrolled",
        "peer_created",
        "network_created",
    ]
    assert page["items"][0]["note"] == "stolen"
    assert page["items"][0]["peers"] == [{"id": hub["id"], "name": "hub", "fields": ["blocked_by"]}]
    assert page["items"][1]["settings"] == [{"name": "dns", "before": "", "after": "9.9.9.9"}]


def test_rules_are_checked_versioned_and_reach_the_jumps_alone(world: World) -> None:
    network = world.network()
    hub, web = world.agent(network, "jump", "hub"), world.agent(network, "dynamic", "web", tags=["server"])
    for agent in (hub, web):
        agent.connect()
        agent.fetch()
    world.settle()
    told = len(web.hints)
    path = f"/networks/{network}/acl"
    rules: list[dict[str, Any]] = [
        {"source": "*", "destination": "tag:server", "action": "allow", "protocol": "tcp", "ports": ["22", "80-90"]},
        {"source": "10.0.0.0/24", "destination": f"peer:{web.peer_id}", "action": "deny"},
    ]

    unknown = world.api("PUT", path, {"rules": [{"source": "peer:dyn_1", "destination": "*", "action": "deny"}]})
    put = world.api("PUT", path, {"rules": rules}, headers={"if-match": '"0"'})
    stale = world.api("PUT", path, {"rules": []}, headers={"if-match": '"0"'})
    world.settle()
    hub.fetch()

    assert (unknown.status, unknown.json["errors"][0]["field"]) == (422, "rules[0].source")
    assert (put.status, put.headers["ETag"]) == (200, '"1"')
    assert stale.status == 412
    assert world.api("GET", path).json == {
        "version": 1,
        "rules": [{"protocol": None, "ports": [], **rule} for rule in rules],
    }
    assert hub.bundle is not None
    assert hub.bundle["firewall"]["sets"] == {
        "blocked": [],
        "hubs": ["10.0.0.1/32"],
        "internet": [],
        "isolated": [],
        "10.0.0.0/24": ["10.0.0.0/24"],
        f"peer:{web.peer_id}": ["10.0.0.2/32"],
        "tag:server": ["10.0.0.2/32"],
    }
    assert hub.bundle["firewall"]["rules"][0] == {
        "source": None,
        "destination": "tag:server",
        "protocol": "tcp",
        "ports": [[22, 22], [80, 90]],
        "action": "allow",
    }
    assert len(web.hints) == told


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


def test_ranges_that_were_released_cost_a_few_reads_and_are_used_up(world: World) -> None:
    network = world.network(cidr="10.0.0.0/20")
    path = f"/networks/{network}"
    peers = [peer(world, network, f"p{n}") for n in range(40)]
    for one in peers[::2]:  # their addresses wait in quarantine, and each leaves a gap
        world.api("DELETE", f"{path}/peers/{one['id']}")
        assert world.api("POST", f"{path}/reservations", {"first": one["address"]}).status == 201
        assert world.api("DELETE", f"{path}/reservations?first={one['address']}").status == 204

    costs = [world.counted(lambda n=n: peer(world, network, f"more {n}")) for n in range(6)]  # type: ignore[misc]

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


def test_whose_range_it_is_is_told_to_those_who_may_see_it(world: World) -> None:
    hidden, own = world.network("hidden", "10.1.0.0/24"), world.network("own", "10.2.0.0/24")
    scoped = world.container.api_tokens.create_for_deployment("scoped", Role.OPERATOR, {NetworkId(own)}).text()
    hub = {"kind": "jump", "name": "hub", "endpoint": "10.1.0.9"}
    site = {"kind": "dynamic", "name": "site", "additional_allowed_ips": ["10.1.0.128/25"]}

    for token, is_told in ((world.token, True), (scoped, False)):
        for answer in (
            world.api("PATCH", f"/networks/{own}", {"cidr": "10.1.0.0/16"}, token=token),
            world.api("POST", f"/networks/{own}/peers", hub, token=token),
            world.api("POST", f"/networks/{own}/peers", site, token=token),
        ):
            assert answer.status == 409
            assert ("10.1.0.0/24 of network hidden" in answer.json["detail"]) is is_told
            assert ("10.1.0.0/24" in answer.text or "hidden" in answer.text) is is_told
    assert world.api("GET", "/ipam/suggestions", token=scoped).status == 403
    assert [one["id"] for one in world.api("GET", "/networks", token=scoped).json["items"]] == [own]
    assert [one["id"] for one in world.api("GET", "/networks").json["items"]] == [hidden, own]


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
