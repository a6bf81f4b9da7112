"""Rules as an operator writes them."""

from typing import Any

from tests.world import World


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
