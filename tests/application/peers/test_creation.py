"""New peers."""

from tests.application.peers.builders import path
from tests.world import World


def test_new_peers_prefer_the_jump_that_fewest_prefer(world: World) -> None:
    network = world.network()
    hubs = [world.agent(network, "jump", f"hub {n}", endpoint=f"198.51.100.{n}").peer_id for n in (1, 2)]

    homes = [world.agent(network, "dynamic", f"p{n}").peer_id for n in range(4)]

    assert [world.api("GET", path(network, one)).json["home_jump_id"] for one in homes] == [*hubs, *hubs]
    moved = world.api("PATCH", path(network, homes[0]), {"preferred_jump_id": hubs[1]}).json
    assert (moved["preferred_jump_id"], moved["home_jump_id"]) == (hubs[1], hubs[1])


def test_a_hub_is_made_with_a_published_port_and_only_a_hub(world: World) -> None:
    network = world.network()
    body = {"kind": "jump", "name": "hub", "endpoint": "198.51.100.1", "published_port": 443}

    hub = world.api("POST", f"/networks/{network}/peers", body).json["peer"]
    web = world.api("POST", f"/networks/{network}/peers", {"kind": "dynamic", "name": "web"}).json["peer"]
    refused = world.api("PATCH", path(network, web["id"]), {"published_port": 443})

    assert (hub["published_port"], hub["listen_port"], web["published_port"]) == (443, 51820, None)
    assert (refused.status, refused.json["errors"][0]["field"]) == (422, "published_port")
