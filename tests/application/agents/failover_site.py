"""A network of two jumps, one of which dies."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from chalicelib.domain.peer.failover import RECONNECTS_WITHIN
from tests.world import SimulatedAgent, World

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


@dataclass
class Site:
    """Two jumps, and two peers whose home is the first."""

    world: World
    network: str
    first: SimulatedAgent
    second: SimulatedAgent
    left: SimulatedAgent
    right: SimulatedAgent

    @property
    def agents(self) -> list[SimulatedAgent]:
        return [self.first, self.second, self.left, self.right]

    def homes(self) -> dict[str, str | None]:
        """Of each peer, by the API."""
        names = {self.first.peer_id: "first", self.second.peer_id: "second", None: None}
        return {name: names[peer["home_jump_id"]] for name, peer in self.world.peers(self.network).items()}

    def beat(self, agent: SimulatedAgent, seq: int = 2, **fields: object) -> None:
        frame = {"type": "heartbeat", "instance_id": "i", "seq": seq, "generation": 1, "revision": 0, "hash": ""}
        agent.send({**frame, **fields})

    def accuse(self, by: SimulatedAgent, jump: SimulatedAgent) -> None:
        self.beat(by, unreachable=[jump.peer_id])

    def live(self, minutes: int, beating: list[SimulatedAgent]) -> None:
        """Time passes, and these are heard twice a minute."""
        for _ in range(2 * minutes):
            for agent in beating:
                self.beat(agent)
            self.world.live(MINUTE / 2)

    def changes(self) -> list[dict[str, Any]]:
        items = self.world.api("GET", f"/networks/{self.network}/changes").json["items"]
        return [change for change in items if change["what"] in {"home_moved", "home_returned", "jump_down", "jump_up"}]

    def routes(self, agent: SimulatedAgent) -> dict[str, set[str]]:
        """Of its bundle, the AllowedIPs by peer."""
        assert agent.bundle is not None
        return {peer["peer_id"]: set(peer["allowed_ips"]) for peer in agent.bundle["peers"]}


def a_site(world: World) -> Site:
    network = world.network()
    jumps = [
        world.agent(network, "jump", name, endpoint=f"198.51.100.{n}") for n, name in enumerate(["first", "second"], 1)
    ]
    peers = [world.agent(network, "dynamic", name, preferred_jump_id=jumps[0].peer_id) for name in ("left", "right")]
    world.settle()
    site = Site(world, network, jumps[0], jumps[1], peers[0], peers[1])
    for agent in site.agents:
        agent.connect()
        agent.fetch()
    return site


def gone(jump: SimulatedAgent) -> None:
    """For longer than it takes to open another socket."""
    jump.close()
    jump.world.outside.clock.advance(RECONNECTS_WITHIN)
