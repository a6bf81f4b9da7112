"""One network with a jump, or several, and two sites behind NAT, each run by a real agent in the laboratory."""

import base64
import secrets
from collections.abc import Callable, Sequence
from functools import partial
from http import HTTPStatus
from ipaddress import IPv4Network, IPv6Network

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from chalicelib.wire.networks import Network
from chalicelib.wire.peers import CreateDynamic, CreateJump, CreateStatic, Peer
from infra.demo.agent import Agent
from infra.demo.api import Api, ApiRefused
from infra.demo.waiting import until
from infra.lab import Lab

JUMP = "jump"
SITES = ("site-a", "site-b")
SETTLE_S = 60.0
CIDR_TRIES = 50


class Fleet:
    """`base`: a /16 of the run's own; the network is its first /24, sites' prefixes come after. `jumps`: their
    nodes, the first of which is home to both sites. `version` 6: jumps are met by IPv6, and the network has it too."""

    def __init__(
        self, api: Api, lab: Lab, origin: str, agent_command: str, jumps: Sequence[str] = (JUMP,), version: int = 4
    ) -> None:
        self.api = api
        self.lab = lab
        self.origin = origin
        self.agents: dict[str, Agent] = {}
        self._agent_command = agent_command
        self._jumps = jumps
        self._version = version
        self.base, self.network = _create_network(api, a_v6_range() if version == 6 else None)

    @property
    def jump(self) -> Agent:
        return self.agents[JUMP]

    def raise_up(self, say: Callable[[str], None]) -> None:
        """Create, enrol and start all three, hub first, until they are connected with handshakes.

        A site that speaks before the jump knows its key would wait 5 s for its next handshake.
        """
        for name in self._jumps:
            say(f"{name}: create, enrol, run")
            endpoint = self.lab.topology.public_address(name, self._version)
            self._enroll(name, CreateJump(name=name, endpoint=str(endpoint)))
            self.agents[name].start()
        self.wait_online([self.agents[name] for name in self._jumps])
        say("sites behind NAT: create, enrol")
        for name in SITES:
            self._enroll(name, CreateDynamic(name=name, preferred_jump_id=self.jump.peer.id))
        for name in self._jumps:
            self._wait_known_to(self.agents[name], [self.agents[site] for site in SITES])
        say("sites: run")
        for name in SITES:
            self.agents[name].start()
        self.wait_online(list(self.agents.values()))
        say("wait for the first handshakes")
        for agent in self.agents.values():
            until(partial(has_handshake, agent), f"{agent.name} has a handshake", SETTLE_S)

    def wait_online(self, agents: list[Agent]) -> None:
        wanted = {agent.peer.id for agent in agents}
        names = ", ".join(agent.name for agent in agents)
        until(lambda: wanted <= self._online(), f"the API shows {names} online", SETTLE_S)

    def create_static(self, name: str, behind: list[str] | None = None, public_key: str | None = None) -> Peer:
        """A peer without agent; `behind`: CIDRs reachable through it, which concern every agent."""
        key = public_key if public_key is not None else a_public_key()
        body = CreateStatic(name=name, public_key=key, additional_allowed_ips=behind or [])
        return self.api.create_static(self.network.id, body).peer

    def delete(self, peer: Peer) -> None:
        self.api.delete_peer(self.network.id, peer.id)

    def prefix(self, index: int) -> str:
        """A /24 outside the network for what lies behind a peer; index from 0."""
        return str(IPv4Network((int(self.base.network_address) + ((index + 1) << 8), 24)))

    def remove(self) -> None:
        """Delete everything in the network, the jump last, and the network."""
        peers = self.api.peers(self.network.id)
        for peer in sorted(peers, key=lambda peer: peer.kind == "jump"):
            self.delete(peer)
        self.api.delete_network(self.network.id)

    def _enroll(self, name: str, body: CreateJump | CreateDynamic) -> None:
        created = self.api.create_agent_peer(self.network.id, body)
        assert created.enrollment_token is not None  # only a replay is without
        self.agents[name] = Agent(self.lab[name], created.peer, self._agent_command)
        self.agents[name].enroll(self.origin, created.enrollment_token)

    def _wait_known_to(self, jump: Agent, agents: list[Agent]) -> None:
        keys = {self.api.peer(self.network.id, agent.peer.id).public_key for agent in agents}
        tunnel = jump.tunnel()
        until(lambda: keys <= tunnel.peers().keys(), f"the WireGuard of {jump.name} knows both sites", SETTLE_S)
        tunnel.close()

    def _online(self) -> set[str]:
        return {peer.id for peer in self.api.peers(self.network.id) if peer.status == "online"}


def has_handshake(agent: Agent) -> bool:
    return any(peer.latest_handshake for wg in agent.node.wg().values() for peer in wg.peers.values())


def a_public_key() -> str:
    """A WireGuard public key whose private key nobody keeps."""
    return base64.b64encode(X25519PrivateKey.generate().public_key().public_bytes_raw()).decode()


def a_v6_range() -> str:
    """A /64 that nobody else has: RFC 4193, section 3.2."""
    return str(IPv6Network(((0xFD << 120) | (secrets.randbits(40) << 80), 64)))


def _create_network(api: Api, cidr_v6: str | None) -> tuple[IPv4Network, Network]:
    """A network that overlaps no other of the deployment, by trying."""
    name = f"demo-{secrets.token_hex(4)}"
    for left in reversed(range(CIDR_TRIES)):
        base = IPv4Network(f"10.{secrets.randbelow(256)}.0.0/16")
        first = next(base.subnets(new_prefix=24))
        try:
            return base, api.create_network(name, str(first), cidr_v6)
        except ApiRefused as refused:
            if refused.status != HTTPStatus.CONFLICT or not left:
                raise
    raise AssertionError("unreachable")
