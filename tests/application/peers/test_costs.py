"""What the use cases of peers cost in requests that leave for DynamoDB."""

import pytest

from chalicelib.domain.identity.principal import Role
from tests.application.lab import AUTH, LIMIT, Lab
from tests.builders import a_key


def test_create_a_static_peer(lab: Lab) -> None:
    body = {"kind": "static", "name": "phone", "public_key": a_key("phone")}

    cost = lab.counted("POST", lab.path, body)

    assert cost == {"read": AUTH + 3, "transaction": 1}  # network, jumps, allocations


def test_create_a_dynamic_peer(lab: Lab) -> None:
    cost = lab.counted("POST", lab.path, {"kind": "dynamic", "name": "n"})

    assert cost == {"read": AUTH + 2, "transaction": 1}  # network, allocations


def test_create_a_site_router(lab: Lab) -> None:
    body = {"kind": "dynamic", "name": "n", "additional_allowed_ips": ["192.168.1.0/24"]}

    cost = lab.counted("POST", lab.path, body)

    assert cost == {"read": AUTH + 4, "transaction": 1}  # network, allocations, jumps, directory


def test_delete_a_peer(lab: Lab) -> None:
    made = lab.world.api("POST", lab.path, {"kind": "dynamic", "name": "n"}).json["peer"]["id"]

    cost = lab.counted("DELETE", f"{lab.path}/{made}")

    assert cost == {"read": AUTH + 2, "transaction": 1}  # network, peer


def test_list_a_page_of_peers(lab: Lab) -> None:
    cost = lab.counted("GET", f"{lab.path}?limit=50")

    assert cost == {"read": AUTH + 5}  # network, peers, jumps, presence, sightings


@pytest.mark.parametrize(
    "asked", ["tag=none", "q=peer", "kind=dynamic&q=peer", "status=offline", f"owner=usr_{'a' * 26}"]
)
def test_a_page_that_is_filtered_costs_no_more_however_large_the_network_is(lab: Lab, asked: str) -> None:
    cost = lab.counted("GET", f"{lab.path}?limit=50&{asked}")

    assert set(cost) == {"read"}
    assert cost["read"] <= AUTH + 2 + 1 + 2 * 2  # network, peers, jumps; presence and sightings of up to 200


def test_list_a_page_of_all_peers(lab: Lab) -> None:
    cost = lab.counted("GET", "/peers?limit=50")

    assert cost == {"read": AUTH + 6}  # ids of networks, networks, peers, jumps, presence, sightings


def test_what_a_member_does_with_their_own_peers(lab: Lab) -> None:
    ana = lab.world.granted("ana", Role.MEMBER, lab.left.network_id)
    lab.world.api("GET", "/me", token=ana)

    assert lab.counted("POST", lab.path, {"kind": "dynamic", "name": "own"}, ana) == {
        "read": AUTH + 2,
        "transaction": 1,
    }
    [own] = lab.world.api("GET", lab.path, token=ana).json["items"]
    path = f"{lab.path}/{own['id']}"
    assert lab.counted("GET", lab.path, token=ana) == {"read": AUTH + 6}  # as for others, and what they own
    assert lab.counted("GET", "/peers", token=ana) == {
        "read": AUTH + 6
    }  # what they own in the place of ids of networks
    assert lab.counted("GET", path, token=ana) == {"read": AUTH + 5}
    assert lab.counted("PATCH", path, {"name": "renamed"}, ana) == {"read": AUTH + 5, "transaction": 1}
    assert lab.counted("DELETE", path, token=ana) == {"read": AUTH + 2, "transaction": 1}


def test_an_owner_who_is_named_is_one_read_more(lab: Lab) -> None:
    ana = lab.world.granted("ana", Role.MEMBER, lab.left.network_id)
    owner = {"owner_id": lab.world.api("GET", "/me", token=ana).json["id"]}
    body = {"kind": "dynamic", "name": "n"}

    assert lab.counted("POST", lab.path, {**body, **owner}) == {"read": AUTH + 2 + 1, "transaction": 1}
    assert lab.counted("PATCH", f"{lab.path}/{lab.left.peer_id}", owner) == {"read": AUTH + 5 + 1, "transaction": 1}


def test_one_peer_and_its_config(lab: Lab) -> None:
    one = f"{lab.path}/{lab.left.peer_id}"

    assert lab.counted("GET", one) == {"read": AUTH + 5}  # network, peer, jumps, presence, sighting
    assert lab.counted("GET", f"{one}/config") == {"read": AUTH + 4}  # network twice, peer, jumps


def test_change_block_and_reissue_a_peer(lab: Lab) -> None:
    one = f"{lab.path}/{lab.left.peer_id}"
    shown = 3  # jumps, presence, sightings

    assert lab.counted("PATCH", one, {"tags": ["a"]}) == {"read": AUTH + 2 + shown, "transaction": 1}
    assert lab.counted("POST", f"{one}/block") == {"read": AUTH + 2 + shown, "transaction": 1}
    assert lab.counted("POST", f"{one}/unblock") == {"read": AUTH + 2 + shown, "transaction": 1}
    assert lab.counted("POST", f"{one}/enrollment-token") == {"read": AUTH + 2 + shown, "transaction": 1}
    assert lab.counted("GET", f"{one}/session") == {"read": AUTH + 2 + shown}
    # network, peer, jumps, directory before; network, peers with CIDRs and who they are after
    assert lab.counted("PATCH", one, {"additional_allowed_ips": ["192.168.7.0/24"]}) == {
        "read": AUTH + 4 + shown,
        "transaction": 1,
    }


def test_issue_a_file_anew(lab: Lab) -> None:
    body = {"kind": "static", "name": "phone", "public_key": a_key("phone")}
    phone = lab.world.api("POST", lab.path, body).json["peer"]["id"]

    cost = lab.counted("POST", f"{lab.path}/{phone}/reissue", {"public_key": a_key("other")})

    assert cost == {"read": AUTH + 3 + 3, "transaction": 1}  # network, peer, jumps; and shown


def test_nineteen_peers_are_one_transaction(lab: Lab) -> None:
    body = {"peers": [{"kind": "dynamic", "name": f"n{n}"} for n in range(19)]}

    cost = lab.counted("POST", f"{lab.path}/bulk", body)

    assert cost == {"read": AUTH + 3, "transaction": 1}  # network twice, allocations


def test_an_idempotency_key_is_one_write_more(lab: Lab) -> None:
    body = {"kind": "dynamic", "name": "n"}

    def create() -> None:
        lab.world.api("POST", lab.path, body, headers={"idempotency-key": "k"})

    assert lab.world.counted(create) == {"read": AUTH + 2, "write": LIMIT + 1, "transaction": 1}
    assert lab.world.counted(create) == {
        "read": AUTH + 1 + 5,
        "write": LIMIT + 1,
    }  # its record; the peer
