"""Peers as an operator meets them: change, block, re-issue, many at once, and the same request twice."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.adapters.dynamodb.change import change_item
from chalicelib.domain.identity.principal import Role
from chalicelib.domain.ids import PrincipalId
from tests.builders import a_key
from tests.world import SimulatedAgent, World


@pytest.fixture
def world() -> World:
    return World()


def live(world: World, *agents: SimulatedAgent) -> None:
    for agent in agents:
        agent.connect()
        agent.fetch()
    world.settle()


def path(network: str, peer_id: str) -> str:
    return f"/networks/{network}/peers/{peer_id}"


def static(world: World, network: str, name: str = "phone", **fields: Any) -> Any:
    body = {"kind": "static", "name": name, "public_key": a_key(name), **fields}
    return world.api("POST", f"/networks/{network}/peers", body).json


# ---- change --------------------------------------------------------------------------------------


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


def test_new_peers_prefer_the_jump_that_fewest_prefer(world: World) -> None:
    network = world.network()
    hubs = [world.agent(network, "jump", f"hub {n}", endpoint=f"198.51.100.{n}").peer_id for n in (1, 2)]

    homes = [world.agent(network, "dynamic", f"p{n}").peer_id for n in range(4)]

    assert [world.api("GET", path(network, one)).json["home_jump_id"] for one in homes] == [*hubs, *hubs]
    moved = world.api("PATCH", path(network, homes[0]), {"preferred_jump_id": hubs[1]}).json
    assert (moved["preferred_jump_id"], moved["home_jump_id"]) == (hubs[1], hubs[1])


def test_a_search_domain_is_of_files_alone_and_stands_after_the_addresses(world: World) -> None:
    network = world.network()
    world.agent(network, "jump", "hub")
    web = world.agent(network, "dynamic", "web")
    dns = ["lab.internal", "10.0.0.1"]

    phone = static(world, network, dns=dns, full_encapsulation=True)
    refused = world.api("PATCH", path(network, web.peer_id), {"dns": dns})
    none = world.api("PATCH", path(network, phone["peer"]["id"]), {"dns": []}).json

    assert phone["peer"]["dns"] == ["10.0.0.1", "lab.internal"]
    assert "DNS = 10.0.0.1, lab.internal\n" in phone["config"]
    assert (refused.status, refused.json["errors"][0]["field"]) == (422, "dns")
    assert (none["dns"], none["config_changes"]) == ([], ["DNS"])
    assert "DNS" not in world.api("GET", path(network, phone["peer"]["id"]) + "/config").text


# ---- block ---------------------------------------------------------------------------------------


def test_a_blocked_peer_is_listed_nowhere_keeps_its_session_and_comes_back(world: World) -> None:
    network = world.network()
    hub, web = world.agent(network, "jump", "hub"), world.agent(network, "dynamic", "web")
    live(world, hub, web)

    blocked = world.api("POST", path(network, web.peer_id) + "/block", {"note": "lost laptop"}).json
    world.settle()
    hub.fetch()
    web.fetch()

    assert (blocked["is_blocked"], blocked["blocked_by"], blocked["status"]) == (True, ["manual"], "blocked")
    assert hub.bundle is not None
    assert web.bundle is not None
    assert (web.bundle["is_blocked"], web.bundle["peers"]) == (True, [])
    assert (hub.bundle["peers"], hub.bundle["firewall"]["sets"]["blocked"]) == ([], ["10.0.0.2/32"])
    config = world.api("GET", path(network, web.peer_id) + "/config")
    assert (config.status, "[Peer]" in config.text) == (200, False)

    free = world.api("POST", path(network, web.peer_id) + "/unblock").json
    world.settle()
    hub.fetch()
    assert (free["is_blocked"], free["status"]) == (False, "online")
    assert "10.0.0.2/32" in hub.allowed_ips


# ---- files ---------------------------------------------------------------------------------------


def test_a_file_is_out_of_date_until_it_is_issued_again(world: World) -> None:
    network = world.network()
    hub = world.agent(network, "jump", "hub")
    phone = static(world, network)["peer"]
    one = path(network, phone["id"])

    world.api("PATCH", path(network, hub.peer_id), {"endpoint": "vpn.example.org", "listen_port": 443})
    stale = world.api("GET", one).json
    reissued = world.api("POST", f"{one}/reissue", {}).json

    assert (phone["config_stale"], stale["config_stale"], stale["config_changes"]) == (False, True, ["Endpoint"])
    assert (reissued["peer"]["config_stale"], "vpn.example.org:443" in reissued["config"]) == (False, True)
    assert world.api("GET", f"{one}/config").text == reissued["config"]


def test_a_published_port_reaches_files_and_bundles_and_the_host_goes_on_binding_its_own(world: World) -> None:
    network = world.network()
    hub, web = world.agent(network, "jump", "hub"), world.agent(network, "dynamic", "web")
    phone = static(world, network)["peer"]
    live(world, hub, web)
    before = world.api("GET", path(network, hub.peer_id))

    published = world.api("PATCH", path(network, hub.peer_id), {"published_port": 443})
    world.settle()
    for agent in (hub, web):
        agent.fetch()

    assert (before.json["published_port"], published.json["published_port"]) == (None, 443)
    assert (published.json["listen_port"], published.headers["ETag"] != before.headers["ETag"]) == (51820, True)
    assert web.bundle is not None
    assert web.bundle["peers"][0]["endpoint"] == "198.51.100.1:443"
    assert hub.bundle is not None
    assert hub.bundle["interface"]["listen_port"] == 51820
    stale = world.api("GET", path(network, phone["id"])).json
    assert (stale["config_stale"], stale["config_changes"]) == (True, ["Endpoint"])
    assert "Endpoint = 198.51.100.1:443\n" in world.api("GET", path(network, phone["id"]) + "/config").text
    assert world.api("PATCH", path(network, hub.peer_id), {"published_port": None}).json["published_port"] is None
    assert not world.api("GET", path(network, phone["id"])).json["config_stale"]


def test_a_hub_is_made_with_a_published_port_and_only_a_hub(world: World) -> None:
    network = world.network()
    body = {"kind": "jump", "name": "hub", "endpoint": "198.51.100.1", "published_port": 443}

    hub = world.api("POST", f"/networks/{network}/peers", body).json["peer"]
    web = world.api("POST", f"/networks/{network}/peers", {"kind": "dynamic", "name": "web"}).json["peer"]
    refused = world.api("PATCH", path(network, web["id"]), {"published_port": 443})

    assert (hub["published_port"], hub["listen_port"], web["published_port"]) == (443, 51820, None)
    assert (refused.status, refused.json["errors"][0]["field"]) == (422, "published_port")


def test_a_file_for_a_device_without_ipv6_is_had_wherever_files_are_and_says_what_it_costs(world: World) -> None:
    network = world.network()
    world.agent(network, "jump", "hub")
    body = {"kind": "static", "full_encapsulation": True, "generate_key": True}
    peers = f"/networks/{network}/peers"

    whole = world.api("POST", peers, {**body, "name": "a"}).json
    created = world.api("POST", f"{peers}?ipv6=off", {**body, "name": "b"}).json
    bulk = world.api("POST", f"{peers}/bulk?ipv6=off", {"peers": [{**body, "name": "c"}]}).json["items"][0]
    one = path(network, whole["peer"]["id"])
    reissued = world.api("POST", f"{one}/reissue?ipv6=off", {}).json
    read = world.api("GET", f"{one}/config?ipv6=off")

    assert "AllowedIPs = 0.0.0.0/0, ::/0\n" in whole["config"]
    assert whole["notes"] == []
    for config, notes in (
        (created["config"], created["notes"]),
        (bulk["config"], bulk["notes"]),
        (reissued["config"], reissued["notes"]),
        (read.text, [read.headers["Wirety-Note"]]),
    ):
        assert "AllowedIPs = 0.0.0.0/0\n" in config
        assert [note for note in notes if "leaves past the tunnel" in note] == notes != []
    assert not world.api("GET", one).json["config_stale"]
    assert "Wirety-Note" not in world.api("GET", f"{one}/config").headers
    assert world.api("GET", f"{one}/config?ipv6=no").status == 422


def test_a_file_without_ipv6_names_no_address_of_it(world: World) -> None:
    body = {"name": "lab", "cidr": "10.0.0.0/24", "cidr_v6": "fd00::/64"}
    network = world.api("POST", "/networks", body).json["id"]
    world.agent(network, "jump", "hub", endpoint="2001:db8::1")
    split = static(world, network)["peer"]
    full = static(world, network, "tv", full_encapsulation=True, dns=["fd00::53", "9.9.9.9"])["peer"]

    texts = [world.api("GET", path(network, peer["id"]) + "/config?ipv6=off") for peer in (split, full)]

    assert "Address = 10.0.0.2/24\n" in texts[0].text
    assert "AllowedIPs = 10.0.0.0/24\n" in texts[0].text
    assert "is left out" in texts[0].headers["Wirety-Note"]
    assert "cannot reach" in texts[0].headers["Wirety-Note"]
    assert "DNS = 9.9.9.9\n" in texts[1].text


def test_a_file_can_be_issued_anew_with_another_key(world: World) -> None:
    network = world.network()
    hub = world.agent(network, "jump", "hub")
    phone = static(world, network)["peer"]
    live(world, hub)

    generated = world.api("POST", path(network, phone["id"]) + "/reissue", {"generate_key": True}).json
    world.settle()
    hub.fetch()

    assert "PrivateKey = " in generated["config"]
    assert hub.bundle is not None
    assert [peer["public_key"] for peer in hub.bundle["peers"]] == [generated["peer"]["public_key"]]
    assert static(world, network, "again", public_key=a_key("phone"))["peer"]["public_key"] == a_key("phone")


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


def test_a_file_made_before_any_jump_names_the_first_that_enrols_for_ever(world: World) -> None:
    network = world.network()
    tokens = [
        world.api("POST", f"/networks/{network}/peers", {"kind": "jump", "name": f"hub {n}"}).json["enrollment_token"]
        for n in (1, 2)
    ]
    one = path(network, static(world, network)["peer"]["id"])
    too_early = [world.api("GET", f"{one}/config"), world.api("POST", f"{one}/reissue", {})]
    second, first = SimulatedAgent(world, "hub 2"), SimulatedAgent(world, "hub 1")
    second.enroll(tokens[1])
    not_issued = world.api("GET", f"{one}/config")
    config = world.api("POST", f"{one}/reissue", {}).json["config"]
    first.enroll(tokens[0])

    assert [(answer.status, answer.json["code"]) for answer in too_early] == [(409, "jump_not_ready")] * 2
    assert (not_issued.status, not_issued.json["code"]) == (409, "file_not_issued")
    assert world.api("GET", one).json["home_jump_id"] == second.peer_id
    assert second.public_key in config
    assert second.public_key in world.api("GET", f"{one}/config").text


def test_a_jump_that_files_name_is_deleted_by_force_only(world: World) -> None:
    network = world.network()
    hub = world.agent(network, "jump", "hub 1", endpoint="198.51.100.1")
    static(world, network)
    world.agent(network, "jump", "hub 2", endpoint="198.51.100.2")

    refused = world.api("DELETE", path(network, hub.peer_id))
    forced = world.api("DELETE", path(network, hub.peer_id) + "?force=true")

    assert (refused.status, refused.json["code"], "phone" in refused.json["detail"]) == (409, "jump_in_use", True)
    assert forced.status == 204
    assert world.peers(network)["phone"]["config_stale"]


# ---- tokens --------------------------------------------------------------------------------------


def test_a_new_token_moves_the_peer_and_ends_the_old_machine(world: World) -> None:
    network = world.network()
    hub, old = world.agent(network, "jump", "hub"), world.agent(network, "dynamic", "web")
    live(world, hub, old)

    answer = world.api("POST", path(network, old.peer_id) + "/enrollment-token")
    world.settle()
    new = SimulatedAgent(world, "web on another machine")
    enrolled = new.enroll(answer.json["enrollment_token"])
    world.settle()
    hub.fetch()

    assert (answer.status, enrolled.status, new.peer_id) == (201, 200, old.peer_id)
    assert ("bye", "session_ended") in old.frames
    assert (old.fetch().status, old.open_session().status) == (401, 401)
    assert hub.bundle is not None
    assert [peer["public_key"] for peer in hub.bundle["peers"]] == [new.public_key]


def test_what_an_agent_says_of_itself(world: World) -> None:
    network = world.network()
    web = world.agent(network, "dynamic", "web")
    live(world, web)
    web.send({"type": "applied", "generation": 1, "revision": 2, "hash": "h", "ok": True, "ms": 9})

    said = world.api("GET", path(network, web.peer_id) + "/session").json

    assert (said["is_connected"], said["instance_id"], said["applied"]["revision"]) == (True, "i", 2)
    assert said["is_behind"] is (said["applied"]["revision"] < said["wanted"])


def test_the_map_has_all_jumps_and_pages_of_the_others(world: World) -> None:
    network = world.network()
    hub = world.agent(network, "jump", "hub")
    for n in range(3):
        world.agent(network, "dynamic", f"p{n}")

    first = world.api("GET", f"/networks/{network}/topology?limit=2").json
    second = world.api("GET", f"/networks/{network}/topology?limit=2&cursor={first['next_cursor']}").json

    assert [node["id"] for node in first["jumps"]] == [node["id"] for node in second["jumps"]] == [hub.peer_id]
    nodes = first["peers"] + second["peers"]
    assert [(node["name"], node["home_jump_id"]) for node in nodes] == [(f"p{n}", hub.peer_id) for n in range(3)]


# ---- many at once --------------------------------------------------------------------------------


def test_a_hundred_peers_become_peers_each_by_itself(world: World) -> None:
    network = world.network()
    world.agent(network, "jump", "hub")
    bad: list[dict[str, Any]] = [
        {"kind": "dynamic", "name": "p7"},  # the name stands twice
        {"kind": "dynamic", "name": "x", "mtu": 5},
        {"kind": "static", "name": "y", "public_key": a_key("p8")},  # the key stands twice
        {"kind": "dynamic", "name": "z", "address": "10.0.0.1"},
    ]
    good = [{"kind": "static", "name": f"p{n}", "public_key": a_key(f"p{n}")} for n in range(100)]

    asked = {"peers": good[:50] + bad + good[50:]}
    changes = len(world.outside.tables.stream)

    answer = world.api("POST", f"/networks/{network}/peers/bulk", asked).json

    statuses = [item["status"] for item in answer["items"]]
    assert statuses == [201] * 50 + [409, 422, 409, 409] + [201] * 50
    assert [item["problem"]["code"] for item in answer["items"][50:54]] == [
        "name_in_use",
        "invalid",
        "key_in_use",
        "address_in_use",
    ]
    assert (answer["created"], answer["failed"]) == (100, 4)
    assert len({item["peer"]["address"] for item in answer["items"] if item["peer"]}) == 100
    assert len(world.outside.tables.stream) - changes <= 10


def test_a_full_network_takes_what_fits_of_a_bulk(world: World) -> None:
    network = world.network(cidr="10.0.0.0/28")
    body = {"peers": [{"kind": "dynamic", "name": f"p{n}"} for n in range(40)]}

    answer = world.api("POST", f"/networks/{network}/peers/bulk", body).json

    assert (answer["created"], answer["failed"]) == (14, 26)
    assert {item["problem"]["code"] for item in answer["items"][14:]} == {"address_pool_exhausted"}


def test_a_bulk_of_peers_that_say_much_is_made_in_more_transactions(world: World) -> None:
    network = world.network()
    said = {f"key{n}": "\U0001f600" * 255 for n in range(16)}
    body = {"peers": [{"kind": "dynamic", "name": f"p{n}", "metadata": said} for n in range(30)]}

    raw = json.dumps(body, ensure_ascii=False)
    changes = len(world.outside.tables.stream)

    answer = world.api("POST", f"/networks/{network}/peers/bulk", raw=raw)

    assert answer.json["created"] == 30
    assert len(world.outside.tables.stream) - changes == 3
    for change in world.outside.tables.changes.values():
        assert len((change_item(change).peers or "").encode()) < 390_000


def test_a_bulk_request_ends_in_its_time_however_busy_the_network_is(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = world.network()
    monkeypatch.setattr(world.adversary, "conflicts", lambda: True)
    began = world.outside.clock.now()
    body = {"peers": [{"kind": "dynamic", "name": f"p{n}"} for n in range(60)]}

    answer = world.api("POST", f"/networks/{network}/peers/bulk", body).json

    assert {item["problem"]["code"] for item in answer["items"]} == {"busy"}
    assert world.outside.clock.now() - began < timedelta(seconds=22)


def test_a_bulk_request_may_be_a_megabyte_and_not_more(world: World) -> None:
    network = world.network()
    padding = {"kind": "dynamic", "name": "p", "metadata": {f"k{n}": "v" * 255 for n in range(16)}}

    large = world.api("POST", f"/networks/{network}/peers/bulk", {"peers": [padding] * 200})
    too_large = world.api("POST", f"/networks/{network}/peers/bulk", {"peers": [padding] * 300})

    assert (large.status, large.json["created"]) == (200, 1)
    assert (too_large.status, too_large.json["code"]) == (413, "body_too_large")


# ---- the same request twice ----------------------------------------------------------------------

KEY = {"idempotency-key": "once"}


def test_a_request_sent_twice_is_done_once_and_shows_no_secret_again(world: World) -> None:
    network = world.network()
    body = {"kind": "dynamic", "name": "web"}

    first = world.api("POST", f"/networks/{network}/peers", body, headers=KEY)
    again = world.api("POST", f"/networks/{network}/peers", body, headers=KEY)

    assert (first.status, first.json["replayed"]) == (again.status, False) == (201, False)
    assert again.json == {**first.json, "enrollment_token": None, "enrollment_expires_at": None, "replayed": True}
    secret = first.json["enrollment_token"].rpartition(".")[2]
    assert secret not in repr(world.outside.tables.replayable)


def test_a_key_stands_for_one_request_of_one_caller_for_a_day(world: World) -> None:
    body = {"name": "lab", "cidr": "10.0.0.0/24"}
    other = {"name": "lab2", "cidr": "10.1.0.0/24"}
    made = world.api("POST", "/networks", body, headers=KEY).json

    reused = world.api("POST", "/networks", other, headers=KEY)
    colleague = world.container.api_tokens.create_for_deployment("other", Role.OPERATOR).text()
    theirs = world.api("POST", "/networks", other, headers=KEY, token=colleague)
    world.outside.clock.advance(timedelta(hours=24))
    later = world.api("POST", "/networks", {"name": "lab3", "cidr": "10.2.0.0/24"}, headers=KEY)

    assert made["replayed"] is False
    assert (reused.status, reused.json["code"]) == (422, "idempotency_key_reused")
    assert (theirs.status, later.status) == (201, 201)


def test_a_request_is_the_same_however_it_is_written(world: World) -> None:
    network = world.network()
    where = f"/networks/{network}/peers"
    first = world.api(
        "POST", where, raw='{"kind": "dynamic", "name": "zo\\u00eb", "tags": ["a"], "mtu": 1400}', headers=KEY
    )
    again = world.api("POST", where, raw='{"mtu":1400,\n"tags":["a"],"name":"zoë","kind":"dynamic"}', headers=KEY)
    other = world.api("POST", where, raw='{"mtu":1400,"tags":["b"],"name":"zoë","kind":"dynamic"}', headers=KEY)

    assert (first.status, again.status, again.json["replayed"]) == (201, 201, True)
    assert (other.status, other.json["code"]) == (422, "idempotency_key_reused")


def test_a_request_with_another_query_is_another_request(world: World) -> None:
    network = world.network()
    web = world.agent(network, "dynamic", "web")
    where = f"{path(network, web.peer_id)}/rotate-key"
    assert world.api("POST", where, headers=KEY).status == 200

    forced = world.api("POST", f"{where}?force=true", headers=KEY)
    again = world.api("POST", where, headers=KEY)

    assert (forced.status, forced.json["code"]) == (422, "idempotency_key_reused")
    assert again.status == 200


@pytest.mark.parametrize(
    ("refused", "status"),
    [
        ({"kind": "dynamic", "name": "web", "mtu": 5}, 422),
        ({"kind": "dynamic", "name": "web", "unknown": 1}, 422),
        ({"kind": "dynamic", "name": "web", "address": "10.9.9.9"}, 422),
        ({"kind": "dynamic", "name": "hub"}, 409),
    ],
)
def test_a_refusal_of_any_kind_does_not_use_the_key_up(world: World, refused: dict[str, object], status: int) -> None:
    network = world.network()
    world.agent(network, "jump", "hub")
    where = f"/networks/{network}/peers"

    assert world.api("POST", where, refused, headers=KEY).status == status
    assert world.outside.tables.replayable == {}
    assert world.api("POST", where, {"kind": "dynamic", "name": "web"}, headers=KEY).status == 201


def test_a_refused_request_leaves_its_key_free(world: World) -> None:
    world.network()
    refused = world.api("POST", "/networks", {"name": "b", "cidr": "10.0.0.0/16"}, headers=KEY)

    assert refused.status == 409
    assert world.api("POST", "/networks", {"name": "b", "cidr": "10.1.0.0/16"}, headers=KEY).status == 201


def test_a_request_that_still_runs_is_a_conflict_and_one_that_broke_may_be_tried_again(world: World) -> None:
    network = world.network()
    body = {"kind": "dynamic", "name": "web"}
    commit = world.outside.transactions.commit

    def broken(_commit: object) -> None:
        raise ConnectionError

    world.outside.transactions.commit = broken  # type: ignore[method-assign, assignment]
    first = world.api("POST", f"/networks/{network}/peers", body, headers=KEY)
    world.outside.transactions.commit = commit  # type: ignore[method-assign]
    running = world.api("POST", f"/networks/{network}/peers", body, headers=KEY)
    world.outside.clock.advance(timedelta(seconds=60))
    again = world.api("POST", f"/networks/{network}/peers", body, headers=KEY)

    assert (first.status, running.status, running.json["code"]) == (500, 409, "request_running")
    assert (again.status, again.json["replayed"]) == (201, False)


def test_an_answer_that_was_lost_after_the_commit_is_replayed(world: World) -> None:
    network = world.network()
    body = {"kind": "dynamic", "name": "web"}
    commit = world.outside.transactions.commit

    def lost(change: Any) -> None:
        commit(change)
        raise ConnectionError

    world.outside.transactions.commit = lost  # type: ignore[method-assign, assignment]
    world.api("POST", f"/networks/{network}/peers", body, headers=KEY)
    world.outside.transactions.commit = commit  # type: ignore[method-assign]
    again = world.api("POST", f"/networks/{network}/peers", body, headers=KEY)

    assert (again.status, again.json["replayed"], again.json["peer"]["name"]) == (201, True, "web")


def test_a_bulk_request_that_broke_halfway_goes_on_and_makes_none_twice(world: World) -> None:
    network = world.network()
    body = {"peers": [{"kind": "dynamic", "name": f"p{n}"} for n in range(50)]}
    commit = world.outside.transactions.commit
    commits = iter(range(1))

    def breaking(change: Any) -> None:
        next(commits)
        commit(change)

    world.outside.transactions.commit = breaking  # type: ignore[method-assign, assignment]
    broken = world.api("POST", f"/networks/{network}/peers/bulk", body, headers=KEY)
    world.outside.transactions.commit = commit  # type: ignore[method-assign]
    made = len(world.outside.tables.peers)
    world.outside.clock.advance(timedelta(seconds=60))
    again = world.api("POST", f"/networks/{network}/peers/bulk", body, headers=KEY).json
    replayed = world.api("POST", f"/networks/{network}/peers/bulk", body, headers=KEY).json

    assert broken.status == 500
    assert 0 < made < 50
    assert (again["created"], again["replayed"]) == (50, False)
    assert [item["enrollment_token"] is None for item in again["items"]] == [n < made for n in range(50)]
    assert (replayed["created"], replayed["replayed"]) == (50, True)
    assert [item["peer"]["name"] for item in replayed["items"]] == [f"p{n}" for n in range(50)]
    assert len(world.outside.tables.peers) == 50


def test_a_bulk_request_sent_twice_remembers_what_it_made_and_no_refusal(world: World) -> None:
    network = world.network()
    kinds = [("dynamic", "kept"), ("dynamic", "kept"), ("dynamic", "gone")]
    body = {"peers": [{"kind": kind, "name": name} for kind, name in kinds]}
    first = world.api("POST", f"/networks/{network}/peers/bulk", body, headers=KEY).json
    world.api("DELETE", path(network, first["items"][2]["peer"]["id"]))

    again = world.api("POST", f"/networks/{network}/peers/bulk", body, headers=KEY).json

    assert [item["status"] for item in first["items"]] == [201, 409, 201]
    assert [item["status"] for item in again["items"]] == [201, 404, 404]
    assert (again["created"], again["failed"], again["replayed"]) == (1, 2, True)
    assert "refused when the request was done" in again["items"][1]["problem"]["detail"]
    assert first["items"][2]["peer"]["id"] in again["items"][2]["problem"]["detail"]


def test_a_caller_without_the_network_sees_none_of_it(world: World) -> None:
    network = world.network()
    web = world.agent(network, "dynamic", "web")
    blind = world.container.api_tokens.create_for_deployment("blind", Role.OPERATOR, networks=[]).text()

    for method, where in (
        ("PATCH", ""),
        ("POST", "/block"),
        ("POST", "/reissue"),
        ("POST", "/enrollment-token"),
        ("GET", "/session"),
        ("GET", "/config"),
    ):
        body: object = {} if method != "GET" and where != "/enrollment-token" else None
        assert world.api(method, path(network, web.peer_id) + where, body, token=blind).status == 404
    assert world.outside.tables.changes[network, 3].by == PrincipalId(web.peer_id)  # type: ignore[index]


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
