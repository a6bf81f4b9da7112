"""A jump with many peers whose network changes, and a flow between two of them that it does not concern."""

import base64
import os
import statistics
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import msgspec

from agent.bundle.received import Received
from agent.identity.keys import wireguard_public_key
from chalicelib.wire.bundle import Bundle, BundlePeer, Detection, Dns, Exit, Firewall, Interface, Record, Rule
from chalicelib.wire.codec import encode
from chalicelib.wire.delta import difference
from infra.demo.waiting import until
from infra.lab import Lab, Node, Process
from infra.lab.probe import probe
from scripts.bench import applier
from scripts.bench.figures import Bar, Figure, Floor, Group, Say

ROOT = Path(__file__).parents[2]
INTERFACE = "wy00000001"
PORT = 51820
HUB = "10.9.0.1/16"
SITES = {"site-a": "10.9.0.2", "site-b": "10.9.0.3"}
PEERS = 10_000
MANY = 1_000
FEW = 10
ONE_BY_ONE = 20
PACKETS = 10_000
MEETS_S = 60.0
FLOWS_S = 120.0

BARS = (
    Bar("agent_apply_one_ms", 50, is_paced=True),
    Floor("agent_unrelated_sent", PACKETS),
    Bar("agent_unrelated_lost", 0),
)


class Made(msgspec.Struct, frozen=True):
    """What the jump's agent says of a bundle it made so: by the clock, of its own processor time, in tools."""

    is_changed: bool
    ms: float
    own_ms: float
    tools_ms: float


@dataclass(slots=True)
class Churn:
    """The jump's agent, fed with bundles instead of a control plane."""

    lab: Lab
    process: Process
    _last: Bundle | None = None

    def apply(self, bundle: Bundle, *, as_delta: bool = False) -> Made:
        """Have it made so, whole or as the difference from the one before."""
        body: object = bundle if self._last is None or not as_delta else difference(self._last, bundle)
        received = Received(encode(body).decode(), "", is_delta=body is not bundle)
        stdin, stdout = self.process.entry.stdin, self.process.entry.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(encode(received).decode() + "\n")
        stdin.flush()
        self._last = bundle
        return msgspec.json.decode(stdout.readline(), type=Made)


@contextmanager
def churning(lab: Lab) -> Iterator[Churn]:
    """A jump and two sites that reach each other through it, with userspace or kernel WireGuard."""
    jump = lab["jump"]
    path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    command = ("env", f"PYTHONPATH={ROOT}", f"PATH={path}", sys.executable, applier.__file__)
    process = jump.spawn_piped(*command, INTERFACE)
    try:
        assert process.entry.stdin is not None
        process.entry.stdin.write(a_private_key("hub") + "\n")
        process.entry.stdin.flush()
        process.expect("up")
        made = Churn(lab, process)
        made.apply(a_network())
        for name, address in SITES.items():
            _join(lab[name], name, address, str(lab.topology.public_address("jump")))
        until(lambda: lab["site-a"].reaches(SITES["site-b"]), "both sites reach each other", MEETS_S)
        yield made
    finally:
        process.kill()


def a_network(
    others: range = range(0), moved: frozenset[int] = frozenset(), rules: Sequence[Rule] = (), revision: int = 1
) -> Bundle:
    """The two sites, and `others` as peers with a tag; the `moved` have another address."""
    addresses = {n: f"10.9.{(100 if n in moved else 10) + n // 250}.{n % 250}/32" for n in others}
    peers = [_peer(name, f"{address}/32") for name, address in SITES.items()]
    peers += [_peer(f"peer{n:05}", address) for n, address in addresses.items()]
    tagged = sorted(addresses.values(), key=lambda text: tuple(map(int, text.split("/")[0].split("."))))
    return Bundle(
        generation=1,
        revision=revision,
        network_id="net_bench",
        peer_id="jmp_hub",
        is_blocked=False,
        next_signing_key=a_private_key("successor"),
        interface=Interface(addresses=[HUB], listen_port=PORT, mtu=1420),
        peers=sorted(peers, key=lambda peer: peer.peer_id),
        firewall=Firewall(
            forward=True,
            sets={"hubs": ["10.9.0.1/32"], "isolated": tagged, "tag:many": tagged},
            rules=list(rules),
            exits=[Exit(cidr="192.168.50.0/24", masquerade=True)],
        ),
        dns=Dns(
            domain="bench.internal",
            resolvers=[],
            records=[Record(name=peer.peer_id, addresses=[peer.allowed_ips[0][:-3]]) for peer in peers],
        ),
        detection=Detection(),
    )


def a_private_key(seed: str) -> str:
    """Deterministic, clamped (RFC 7748 section 5), base64."""
    raw = bytearray(sha256(seed.encode()).digest())
    raw[0] &= 248
    raw[31] = (raw[31] & 127) | 64
    return base64.b64encode(bytes(raw)).decode()


def measure(say: Say) -> list[Figure]:
    with Lab() as lab, churning(lab) as churn:
        return measured_on(churn, say, PEERS, MANY, PACKETS)


def measured_on(churn: Churn, say: Say, peers: int, many: int, packets: int) -> list[Figure]:
    """One change after the other to a jump with `peers`, then changes by the thousand, beside one flow."""
    say(f"a jump takes {peers} peers")
    first = churn.apply(a_network(range(peers)))
    a, b = churn.lab["site-a"], churn.lab["site-b"]
    rule = Rule(source=None, destination="tag:many", protocol="tcp", ports=[(22, 22)], action="deny")
    with probe(a, b, SITES["site-b"], interval_ms=1.0, at_least=packets) as flow:
        say("one peer moves, again and again")
        one = [
            churn.apply(a_network(range(peers), frozenset([n]), revision=2 + n), as_delta=True)
            for n in range(ONE_BY_ONE)
        ]
        say(f"{many} peers more, {FEW} changed, another policy, {many} fewer")
        grown = range(peers + many)
        churn.apply(a_network(grown, revision=100), as_delta=True)
        churn.apply(a_network(grown, frozenset(range(FEW)), revision=101), as_delta=True)
        churn.apply(a_network(grown, frozenset(range(FEW)), [rule], revision=102), as_delta=True)
        churn.apply(a_network(range(peers), rules=[rule], revision=103), as_delta=True)
        churn.apply(a_network(range(peers), revision=104), as_delta=True)
        say(f"the flow goes on to {packets} packets")
        delivery = flow.finish(FLOWS_S)
    return [
        Figure("agent_apply_first_ms", first.own_ms, "ms", peers),
        Figure("agent_apply_one_ms", round(statistics.median(made.own_ms for made in one), 1), "ms", peers),
        Figure("agent_apply_one_tools_ms", round(statistics.median(made.tools_ms for made in one), 1), "ms", peers),
        Figure("agent_unrelated_sent", delivery.sent, "packets", peers),
        Figure("agent_unrelated_lost", delivery.lost, "packets", peers),
        Figure("agent_unrelated_gap_ms", round(delivery.longest_gap_ms, 1), "ms", peers),
    ]


GROUP = Group("an agent's own time for a change, and a flow that it does not concern", measure, BARS)


def _join(node: Node, name: str, address: str, hub: str) -> None:
    if node.attempt("ip", "link", "add", "wg0", "type", "wireguard").returncode:
        node.run("wireguard-go", "wg0")
    public_key = wireguard_public_key(a_private_key("hub"))
    peer = ("peer", public_key, "endpoint", f"{hub}:{PORT}", "allowed-ips", "10.9.0.0/16")
    key = a_private_key(name)
    node.run("wg", "set", "wg0", "private-key", "/dev/stdin", *peer, "persistent-keepalive", "25", stdin=key)
    node.run("ip", "address", "add", f"{address}/16", "dev", "wg0")
    node.run("ip", "link", "set", "wg0", "up")


def _peer(name: str, cidr: str) -> BundlePeer:
    return BundlePeer(
        peer_id=name,
        public_key=wireguard_public_key(a_private_key(name)),
        preshared_key=None,
        endpoint=None,
        allowed_ips=[cidr],
        persistent_keepalive=0,
    )
