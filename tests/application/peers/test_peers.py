"""Peers as an operator meets them: shown, blocked, deleted."""

from chalicelib.domain.identity.principal import Role
from chalicelib.domain.ids import PrincipalId
from tests.application.peers.builders import live, path, static
from tests.world import World


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
