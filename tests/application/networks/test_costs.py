"""What the use cases of networks, their addresses and rules cost in requests that leave for DynamoDB."""

from chalicelib.adapters.dynamodb.peer import PeerItem
from chalicelib.domain.ids import NetworkId
from tests.application.lab import AUTH, Lab


def test_networks_are_created_read_and_deleted(lab: Lab) -> None:
    made = lab.world.network("more", "10.9.0.0/24")

    body = {"name": "another", "cidr": "10.8.0.0/24"}
    assert lab.counted("POST", "/networks", body) == {"read": AUTH + 1, "transaction": 1}  # directory
    assert lab.counted("GET", "/networks") == {"read": AUTH + 2}  # directory, a batch of 100
    assert lab.counted("GET", f"/networks/{made}") == {"read": AUTH + 1}
    assert lab.counted("DELETE", f"/networks/{made}") == {"read": AUTH + 2, "transaction": 1}  # network, directory


def test_a_network_moves_by_one_write_however_many_peers_it_has(lab: Lab) -> None:
    network = lab.path.removesuffix("/peers")
    with PeerItem.batch_write() as items:
        for peer in lab.world.outside.peers.statics(NetworkId(lab.path.split("/")[2]), 1_000):
            items.delete(PeerItem(peer.network_id, peer.id))

    cost = lab.counted("PATCH", network, {"cidr": "10.128.0.0/16"})

    assert cost == {"read": AUTH + 5, "transaction": 1}  # network, statics, highest index, directory, jumps


def test_addresses_and_rules(lab: Lab) -> None:
    network = lab.path.removesuffix("/peers")
    rules = {"rules": [{"source": f"peer:{lab.left.peer_id}", "destination": "*", "action": "deny"}]}
    span = {"first": "10.0.200.1", "last": "10.0.200.9"}

    assert lab.counted("GET", f"{network}/capacity") == {"read": AUTH + 2}  # network, quarantine
    assert lab.counted("GET", f"{network}/allocations") == {"read": AUTH + 3}  # network, allocations, their peers
    assert lab.counted("POST", f"{network}/reservations", span) == {"read": AUTH + 2, "transaction": 1}
    assert lab.counted("DELETE", f"{network}/reservations?first=10.0.200.1&last=10.0.200.9") == {
        "read": AUTH + 1,
        "transaction": 1,
    }
    assert lab.counted("GET", "/ipam/suggestions") == {"read": AUTH + 1}  # directory
    assert lab.counted("PUT", f"{network}/acl", rules) == {"read": AUTH + 3, "transaction": 1}  # and the peer named
    assert lab.counted("GET", f"{network}/acl") == {"read": AUTH + 2}
    assert lab.counted("GET", f"{network}/changes") == {"read": AUTH + 3}  # network, changes, what is counted of them
    assert lab.counted("GET", f"{network}/changes/5/missing") == {"read": AUTH + 3}  # what is counted; presence
    assert lab.counted("GET", f"{network}/topology?limit=50") == {"read": AUTH + 6}
