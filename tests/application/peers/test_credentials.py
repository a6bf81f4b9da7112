"""Files and tokens: issued, out of date, issued anew."""

from tests.application.peers.builders import live, path, static
from tests.builders import a_key
from tests.world import SimulatedAgent, World


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
