"""What each use case costs in requests that leave for DynamoDB, however large the network is.

The larger size is more than a batch of any kind holds: what grows with the network, grows by then.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from chalicelib.adapters.dynamodb.allocation import AllocationItem, index_key
from chalicelib.adapters.dynamodb.network import network_item
from chalicelib.adapters.dynamodb.peer import ClaimItem, PeerItem, claim_key, record_item
from chalicelib.application.agents.signing import KEPT
from chalicelib.domain.identity.principal import Role
from chalicelib.domain.ids import NetworkId, PeerId
from chalicelib.domain.peer.failover import RECONNECTS_WITHIN
from chalicelib.domain.peer.peer import Peer, PeerRecord
from chalicelib.wire.browser import NetworkChanged
from tests.builders import a_key, a_static
from tests.wired import WiredWorld, wired_world
from tests.world import SimulatedAgent, SimulatedBrowser

SIZES = [1, 120]


@dataclass
class Lab:
    """A network of many static peers behind one jump, and a dynamic peer."""

    world: WiredWorld
    hub: SimulatedAgent
    left: SimulatedAgent
    path: str

    def counted(self, method: str, path: str, body: object = None, token: str | None = None) -> dict[str, int]:
        return self.world.counted(lambda: self.world.api(method, path, body, token))


@pytest.fixture(params=SIZES)
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    with wired_world() as world:
        network_id = NetworkId(world.network(cidr="10.0.0.0/16"))
        hub, left = world.agent(network_id, "jump", "hub"), world.agent(network_id, "dynamic", "left")
        fill(world, network_id, PeerId(hub.peer_id), request.param)
        world.settle()
        for agent in (hub, left):
            agent.connect()
            agent.fetch()
        world.settle()
        yield Lab(world, hub, left, f"/networks/{network_id}/peers")


def fill(world: WiredWorld, network_id: NetworkId, home_id: PeerId, size: int) -> None:
    """Static peers, as the use cases leave them."""
    peers = [replace(a_static(index), network_id=network_id, home_id=home_id) for index in range(3, 3 + size)]
    store_peers(peers)
    with ClaimItem.batch_write() as claims:
        for peer in peers:
            claims.save(ClaimItem(network_id, claim_key("label", peer.label), peer_id=peer.id))
    with AllocationItem.batch_write() as allocations:
        for peer in peers:
            allocations.save(AllocationItem(network_id, index_key(peer.index), peer_id=peer.id))
    network = world.outside.networks.get(network_id)
    network_item(replace(network, peers=2 + size, next_index=3 + size)).save()


def store_peers(peers: Iterable[Peer]) -> None:
    with PeerItem.batch_write() as items:
        for peer in peers:
            items.save(record_item(PeerRecord(peer, None)))


AUTH = 1  # the caller's token or session is one read
APPLIED = {"type": "applied", "generation": 1, "revision": 3, "hash": "h", "ok": True, "ms": 9}
BROWSERS = 2  # those of this network, those that see all


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


def test_a_bundle_of_a_regular_peer(lab: Lab) -> None:
    cost = lab.counted("GET", "/agent/bundle", token=lab.left.session)

    assert cost == {"read": AUTH + 4}  # network, peer, jumps, network again


def test_a_bundle_that_is_not_newer(lab: Lab) -> None:
    cost = lab.world.counted(lab.left.fetch)

    assert cost == {"read": AUTH + 1}  # wanted


def test_plan_and_deliver_for_the_jump(lab: Lab) -> None:
    lab.world.api("POST", lab.path, {"kind": "static", "name": "phone", "public_key": a_key("phone")})

    cost = lab.world.counted(lab.world.settle)

    assert cost == {"read": 2 + BROWSERS, "write": 2}  # jumps, sockets; wanted, and who has to apply it
    assert len(lab.hub.hints) == 1


@pytest.mark.parametrize("changes", [1, 2, 25])
def test_plan_of_changes_that_concern_the_jump_costs_as_much_as_of_one(lab: Lab, changes: int) -> None:
    checks = len(lab.world.outside.queue.checks)
    revisions = [phone(lab, f"phone {number}") for number in range(changes)]

    cost = lab.world.counted(lab.world.settle)

    assert cost == {"read": 2 + BROWSERS, "write": 2}  # jumps, sockets; wanted, and who has to apply which
    assert lab.hub.hints == revisions[-1:]
    assert len(lab.world.outside.queue.checks) == checks + 1


def test_plan_of_many_enrolments_writes_once_for_twenty_five(lab: Lab) -> None:
    network, others = lab.path.split("/")[2], 26
    for number in range(others):
        lab.world.agent(network, "dynamic", f"agent {number}").connect()

    cost = lab.world.counted(lab.world.settle)

    assert cost["read"] == 2 + 2 * BROWSERS  # jumps, sockets; and for the news of those that connected
    assert cost["write"] == 2 + 2  # wanted of the jump and 26, who has to apply 26


def phone(lab: Lab, name: str) -> int:
    body = {"kind": "static", "name": name, "public_key": a_key(name)}
    return int(lab.world.api("POST", lab.path, body).json["peer"]["revision"])


def test_plan_of_a_change_that_concerns_nobody(lab: Lab) -> None:
    lab.world.api("POST", lab.path, {"kind": "dynamic", "name": "n"})

    assert lab.world.counted(lab.world.settle) == {"read": BROWSERS}


def test_a_heartbeat_is_one_update(lab: Lab) -> None:
    beat = {"type": "heartbeat", "instance_id": "i", "seq": 2, "generation": 1, "revision": 1, "hash": "x"}
    lab.left.send(APPLIED)

    own = {"watched_s": 600, "made": [{"peer_id": lab.hub.peer_id, "age_s": age} for age in range(0, 600, 120)]}
    assert lab.world.counted(lambda: lab.left.send(beat)) == {"write": 1}
    assert lab.world.counted(lambda: lab.left.send({**beat, "own_handshakes": own})) == {"write": 1}
    assert lab.world.counted(lambda: lab.left.send({**beat, "revision": 4})) == {"write": 3}  # a report was lost


@pytest.mark.parametrize(("seen", "reads", "writes"), [(1, 1, 1), (25, 1, 1), (26, 1, 2), (180, 2, 8)])
def test_what_a_jump_sees_is_read_by_the_hundred_and_written_by_twenty_five(
    lab: Lab, seen: int, reads: int, writes: int
) -> None:
    network = NetworkId(lab.path.split("/")[2])
    peers = [replace(a_static(number), network_id=network) for number in range(3_000, 3_000 + seen)]
    store_peers(peers)

    def told(seq: int, at: int) -> dict[str, int]:
        observed = [
            {"peer_id": peer.id, "endpoint": "203.0.113.5:1", "handshake_at": at, "rx": 0, "tx": 0} for peer in peers
        ]
        beat = {"type": "heartbeat", "instance_id": "i", "seq": seq, "generation": 1, "revision": 0, "hash": ""}
        return lab.world.counted(lambda: lab.hub.send({**beat, "observations": observed}))

    first, again, awoken = told(2, 1_000), told(3, 1_000), told(4, 2_000)

    assert first == {"read": 2 * reads, "write": 1 + 2 * writes}  # what was seen, whose they are; and that they awoke
    assert again == {"read": reads, "write": 1}
    assert told(5, 2_120) == {"read": reads, "write": 1 + writes}
    assert awoken == {"read": reads, "write": 1 + 2 * writes}


def test_a_dead_home_costs_the_same_at_any_size(lab: Lab) -> None:
    network = lab.path.split("/")[2]
    spare = lab.world.agent(network, "jump", "spare", endpoint="198.51.100.2")
    spare.connect()
    lab.world.settle()
    beat = {"type": "heartbeat", "instance_id": "i", "seq": 2, "generation": 1, "revision": 0, "hash": ""}
    waiting = lab.world.outside.failover_tasks.waiting

    lab.left.send({**beat, "unreachable": [lab.hub.peer_id]})
    # network; network, peer and jumps for the move; who accuses
    assert lab.world.counted(lambda: run(lab)) == {"read": 4, "write": 1, "transaction": 1}
    assert lab.world.counted(lab.world.settle)["read"] == 1 + 1 + 3 + BROWSERS  # network, jumps, sockets
    waiting[:] = [(at, task) for at, task in waiting if not getattr(task, "is_once", False)]
    lab.hub.close()
    lab.world.outside.clock.advance(RECONNECTS_WITHIN)
    lab.left.send({**beat, "seq": 3, "unreachable": [lab.hub.peer_id]})
    # network; network and jumps for the mark; who accuses, when it fell
    assert lab.world.counted(lambda: run(lab)) == {"read": 3, "write": 2, "transaction": 1}
    kinds = sorted({type(task).__name__ for _, task in waiting})
    assert kinds == ["ReturnCheck", "SilenceCheck"]


def run(lab: Lab) -> None:
    """Run the failover tasks that are due now, and nothing of what follows."""
    failover_tasks = lab.world.outside.failover_tasks
    now = lab.world.outside.clock.now()
    due = [task for at, task in failover_tasks.waiting if at <= now]
    failover_tasks.waiting[:] = [(at, task) for at, task in failover_tasks.waiting if at > now]
    for task in due:
        lab.world.container.failover.run(task)


def test_enrol_open_a_session_and_a_socket(lab: Lab) -> None:
    def come() -> None:
        lab.world.agent(lab.path.split("/")[2], "dynamic", "new").connect()

    # create 3 + 1; enrol 2 + 1; session 1 + 1; authorize 1; open 1 + 1 and greet 2 writes
    assert lab.world.counted(come) == {"read": 8, "transaction": 3, "write": 3}


def test_an_agent_leaves(lab: Lab) -> None:
    def leaves(agent: SimulatedAgent, **fields: object) -> dict[str, int]:
        body = {"device_key": agent.device_key, **fields}
        return lab.counted("POST", "/agent/leave", body, agent.session)

    assert leaves(lab.left) == {"read": AUTH + 2, "transaction": 1}  # network, peer
    assert leaves(lab.left) == {"read": AUTH + 2}  # the answer was lost
    assert leaves(lab.hub) == {"read": AUTH + 3}  # refused: files of static peers name its key
    assert leaves(lab.hub, void_files=True) == {"read": AUTH + 2, "transaction": 1}


def test_a_browsers_socket_from_ticket_to_close(lab: Lab) -> None:
    world, browser = lab.world, SimulatedBrowser(lab.world)

    assert world.counted(browser.ask_ticket) == {"read": AUTH, "write": 1}
    assert world.counted(browser.authorize) == {"write": 1}  # the ticket is read as it is taken
    assert world.counted(browser.open) == {"write": 1}
    assert world.counted(lambda: browser.send({"type": "heartbeat"})) == {}
    assert world.counted(browser.close) == {"write": 1}


def test_an_agents_socket_from_authorizer_to_close(lab: Lab) -> None:
    world, left = lab.world, lab.left
    hello = {"type": "hello", "instance_id": "i", "generation": 1, "revision": left.revision, "hash": ""}

    assert world.counted(left.authorize) == {"read": 1}
    assert world.counted(left.open) == {"read": 1, "write": 1}  # the session again; socket
    assert world.counted(lambda: left.send(hello)) == {"write": 2}  # presence, fact
    assert world.counted(left.close) == {"write": 3}  # socket, presence, fact


def test_who_was_revoked_costs_one_read_more_than_a_heartbeat(lab: Lab) -> None:
    world, left = lab.world, lab.left
    world.api("POST", f"{lab.path}/{left.peer_id}/enrollment-token")
    beat = {"type": "heartbeat", "instance_id": "i", "seq": 2, "generation": 1, "revision": 1, "hash": "x"}

    assert world.counted(lambda: left.send(beat)) == {"write": 1, "read": 1}  # refused by the update; why
    assert lab.counted("GET", "/agent/bundle", token=left.session) == {"read": AUTH + 2}  # network, peer
    # sockets asked for twice, sessions; the session
    assert world.counted(world.settle) == {"read": 1 + BROWSERS + 1 + 1, "write": 1}


def test_a_report_of_what_was_applied(lab: Lab) -> None:
    failed = {**APPLIED, "revision": 4, "ok": False, "error": "no device"}

    assert lab.world.counted(lambda: lab.left.send(APPLIED)) == {"read": 1, "write": 2}  # presence; report, presence
    assert lab.world.counted(lambda: lab.left.send(APPLIED)) == {"read": 1, "write": 2}  # nothing new
    assert lab.world.counted(lambda: lab.left.send({**APPLIED, "revision": 2})) == {"read": 1}  # history
    # that it concerns the agent is not known: the network, once
    assert lab.world.counted(lambda: lab.left.send({**APPLIED, "revision": 2**40})) == {"read": 2}
    assert lab.world.counted(lambda: lab.left.send(failed)) == {"write": 1}


def test_facts_are_announced_by_the_batch(lab: Lab) -> None:
    browser = SimulatedBrowser(lab.world)
    browser.connect()
    lab.world.settle()
    before = len(browser.frames)
    for _ in range(3):
        lab.world.outside.clock.advance(timedelta(seconds=1))
        lab.left.send(APPLIED)

    # one is a report: what is counted of the revisions that it proves
    assert lab.world.counted(lab.world.settle)["read"] == 1 + BROWSERS
    assert len(browser.frames) == before + 1


def test_a_person_is_one_read_and_kept_at_first_sight(lab: Lab) -> None:
    token = lab.world.person("ana", Role.AUDITOR)

    assert lab.counted("GET", "/me", token=token) == {"read": 1, "write": 1}
    assert lab.counted("GET", "/me", token=token) == {"read": 1}


def test_networks_are_created_read_and_deleted(lab: Lab) -> None:
    made = lab.world.network("more", "10.9.0.0/24")

    body = {"name": "another", "cidr": "10.8.0.0/24"}
    assert lab.counted("POST", "/networks", body) == {"read": AUTH + 1, "transaction": 1}  # directory
    assert lab.counted("GET", "/networks") == {"read": AUTH + 2}  # directory, a batch of 100
    assert lab.counted("GET", f"/networks/{made}") == {"read": AUTH + 1}
    assert lab.counted("DELETE", f"/networks/{made}") == {"read": AUTH + 2, "transaction": 1}  # network, directory


def test_what_needs_nobody_asks_nothing(lab: Lab) -> None:
    for path in ("/health", "/auth/config", "/openapi.json"):
        assert lab.counted("GET", path) == {}


def test_one_peer_and_its_config(lab: Lab) -> None:
    one = f"{lab.path}/{lab.left.peer_id}"

    assert lab.counted("GET", one) == {"read": AUTH + 5}  # network, peer, jumps, presence, sighting
    assert lab.counted("GET", f"{one}/config") == {"read": AUTH + 4}  # network twice, peer, jumps


def test_a_bundle_of_a_jump(lab: Lab) -> None:
    lab.hub.bundle = None

    # network twice, peer, all peers: a page is 1 MB
    assert lab.world.counted(lab.hub.fetch) == {"read": AUTH + 4}
    assert lab.world.counted(lab.hub.fetch_whole) == {"read": AUTH + 4}
    lab.world.outside.clock.advance(KEPT)
    assert lab.world.counted(lab.hub.fetch) == {"read": AUTH + 1}  # wanted


def test_what_changed_since_the_last_bundle_of_a_jump(lab: Lab) -> None:
    """Jumps and changes, never the peers: the same in a network of any size."""
    lab.world.api("POST", lab.path, {"kind": "static", "name": "phone", "public_key": a_key("phone")})
    lab.world.settle()

    # wanted, network, peer, jumps, changes
    assert lab.world.counted(lab.hub.fetch) == {"read": AUTH + 5}


def test_a_plan_for_everyone_and_its_browsers(lab: Lab) -> None:
    browser = SimulatedBrowser(lab.world)
    browser.connect()
    lab.world.settle()
    router = lab.world.agent(
        lab.path.split("/")[2], "dynamic", "router", additional_allowed_ips=["192.168.1.0/24"]
    )  # created, which concerns nobody, and enrolled, which concerns everyone

    cost = lab.world.counted(lab.world.settle)

    # whose key is known, sockets of the network; wanted of up to 25 agents, and who they are
    assert cost == {"read": 2 + BROWSERS, "write": 2}
    assert lab.left.hints == lab.hub.hints == [router_revision(lab, router)]
    assert len([frame for frame in browser.frames if isinstance(frame, NetworkChanged)]) == 2


def test_a_key_that_rotates(lab: Lab) -> None:
    demanded = lab.counted("POST", f"{lab.path}/{lab.left.peer_id}/rotate-key")

    said = {"public_key": lab.left.public_key, "next_key": a_key("next")}
    announced = lab.counted("POST", "/agent/keys", said, lab.left.session)
    asked_again = lab.counted("POST", "/agent/keys", said, lab.left.session)
    used = lab.counted("POST", "/agent/keys", {"public_key": a_key("next")}, lab.left.session)
    renewed = lab.counted("POST", f"{lab.path.removesuffix('/peers')}/rotate-psk")
    held = lab.counted("POST", "/agent/keys", {"public_key": a_key("next"), "psk_epoch": 2}, lab.left.session)
    taken = lab.world.counted(lab.world.hold)

    assert demanded == {"read": AUTH + 2 + 3, "transaction": 1}  # network, peer; jumps, presence, sightings
    assert announced == {"read": AUTH + 2 + 2, "transaction": 1}  # network, peer; jumps, presence
    assert asked_again == {"read": AUTH + 2 + 2}
    assert used == {"read": AUTH + 2, "transaction": 1}
    assert held == {"read": AUTH + 2}
    assert taken == {"read": 2, "transaction": 1}  # network, peers
    assert renewed == {"read": AUTH + 1, "transaction": 1}


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


def test_nineteen_peers_are_one_transaction(lab: Lab) -> None:
    body = {"peers": [{"kind": "dynamic", "name": f"n{n}"} for n in range(19)]}

    cost = lab.counted("POST", f"{lab.path}/bulk", body)

    assert cost == {"read": AUTH + 3, "transaction": 1}  # network twice, allocations


def test_an_idempotency_key_is_one_write_more(lab: Lab) -> None:
    body = {"kind": "dynamic", "name": "n"}

    def create() -> None:
        lab.world.api("POST", lab.path, body, headers={"idempotency-key": "k"})

    assert lab.world.counted(create) == {"read": AUTH + 2, "write": 1, "transaction": 1}
    assert lab.world.counted(create) == {"read": AUTH + 1 + 5, "write": 1}  # its record; the peer as it is shown


def router_revision(lab: Lab, router: SimulatedAgent) -> int:
    return int(lab.world.api("GET", f"{lab.path}/{router.peer_id}").json["revision"])
