"""Who changed what."""

from tests.world import World


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
