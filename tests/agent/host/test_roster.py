"""Who is who, by a jump's bundle and by a regular agent's."""

import msgspec

from agent.host.roster import found, name_servers, named, roster
from chalicelib.wire.bundle import Bundle, Dns, Firewall, Record
from tests.agent.builders import PEER_ID, a_bundle, a_peer

RECORDS = [Record(name="laptop", addresses=["10.9.0.7"]), Record(name="phone", addresses=["10.9.0.9"])]


def a_regular() -> Bundle:
    hub = msgspec.structs.replace(a_peer("hub", ["10.9.0.0/24"]), tunnel_address="10.9.0.1")
    spare = msgspec.structs.replace(a_peer("spare", []), tunnel_address="10.9.0.3")
    bundle = a_bundle(peers=[hub, a_peer("near", ["10.9.0.7/32", "192.168.7.0/24"]), spare])
    return msgspec.structs.replace(bundle, homes=["peer_hub", "peer_spare"])


def a_jump() -> Bundle:
    other = msgspec.structs.replace(a_peer("other", []), tunnel_address="10.9.0.3")
    firewall = Firewall(forward=True, sets={"blocked": ["10.9.0.7/32"]})
    bundle = a_bundle(peers=[a_peer("laptop", ["10.9.0.7/32"]), other], firewall=firewall)
    return msgspec.structs.replace(bundle, dns=Dns(domain="home.internal", resolvers=[], records=RECORDS))


def test_a_regular_agent_has_a_home_other_jumps_and_direct_peers() -> None:
    listed = {one.peer_id: one for one in roster(a_regular())}

    assert {peer_id: one.role for peer_id, one in listed.items()} == {
        PEER_ID: "self",
        "peer_hub": "home",
        "peer_near": "direct",
        "peer_spare": "jump",
    }
    assert listed["peer_near"].addresses == ("10.9.0.7",)


def test_the_home_is_the_jump_that_took_over() -> None:
    roles = {one.peer_id: one.role for one in roster(a_regular(), home="peer_spare")}

    assert (roles["peer_hub"], roles["peer_spare"]) == ("jump", "home")


def test_a_jump_knows_names_who_is_blocked_and_whom_others_carry() -> None:
    listed = {one.title: one for one in roster(a_jump())}

    assert (listed["laptop"].peer_id, listed["laptop"].role, listed["laptop"].is_blocked) == (
        "peer_laptop",
        "client",
        True,
    )
    assert (listed["phone"].public_key, listed["phone"].role) == (None, "carried")
    assert listed["peer_other"].role == "jump"


def test_a_peer_is_found_by_name_with_or_without_the_domain_by_id_and_by_address() -> None:
    listed = roster(a_jump())

    hits = [
        found(listed, asked, "home.internal")
        for asked in ("laptop", "LAPTOP.home.internal.", "peer_laptop", "10.9.0.7")
    ]

    assert {hit.peer_id if hit is not None else None for hit in hits} == {"peer_laptop"}
    assert found(listed, "nobody", "home.internal") is None


def test_names_are_asked_of_the_jumps_the_home_first_unless_the_bundle_says_whom() -> None:
    bundle = a_regular()
    said = msgspec.structs.replace(bundle, dns=Dns(domain="home.internal", resolvers=["10.9.0.53"], records=[]))

    assert name_servers(bundle, roster(bundle, home="peer_spare")) == ("10.9.0.3", "10.9.0.1")
    assert name_servers(said, roster(said)) == ("10.9.0.53",)


def test_names_that_were_asked_for_fill_what_the_bundle_leaves_open() -> None:
    listed = named(roster(a_regular()), {"10.9.0.1": "hub", "10.9.0.7": "near"})

    assert {one.peer_id: one.name for one in listed} == {
        PEER_ID: None,
        "peer_hub": "hub",
        "peer_near": "near",
        "peer_spare": None,
    }
