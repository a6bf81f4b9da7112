"""The core of one agent, and what a test does with it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from agent.bundle.received import Fetched
from agent.core import effects as ef
from agent.core import events as ev
from agent.core.state import State
from agent.core.step import initial, step
from agent.core.timers import Timer
from agent.host.results import ApplyResult
from agent.host.tunnel.live import PeerTraffic, Sighting
from chalicelib.wire.bundle import Bundle
from chalicelib.wire.frames import Ack, ConfigChanged, Heartbeat, ToAgent, Welcome
from chalicelib.wire.peers import Host
from tests.agent.builders import NETWORK_ID, PEER_ID, a_bundle, a_peer, a_public_key, fetched

MADE = ApplyResult(is_changed=True)


HOST = Host(hostname="h", os="Debian", agent_version="0")


NO_ANSWER = "no answer"


HEARTBEAT = Heartbeat(instance_id="instance", seq=1, generation=0, revision=0, hash="")


Kind = TypeVar("Kind", bound=ef.Effect)


@dataclass
class Agent:
    """The core with the effects it asked for since they were last looked at."""

    state: State = field(default_factory=lambda: initial(NETWORK_ID, PEER_ID, "instance"))
    effects: list[ef.Effect] = field(default_factory=list)
    now_s: float = 100.0

    def take(self, event: ev.Event) -> list[ef.Effect]:
        self.state, effects = step(self.state, event)
        self.effects = list(effects)
        return self.effects

    def of(self, kind: type[Kind]) -> list[Kind]:
        return [effect for effect in self.effects if isinstance(effect, kind)]

    def sent(self) -> list[object]:
        return [effect.frame for effect in self.of(ef.Send)]

    def receive(self, frame: ToAgent) -> list[ef.Effect]:
        return self.take(ev.FrameReceived(socket=self.state.link.number, frame=frame, at_s=self.now_s))

    def hint(self, revision: int, generation: int = 0, within_ms: int = 0) -> list[ef.Effect]:
        hint = ConfigChanged(network_id=NETWORK_ID, generation=generation, revision=revision, within_ms=within_ms)
        return self.receive(hint)

    def fire(self, timer: Timer) -> list[ef.Effect]:
        return self.take(ev.TimerFired(timer=timer, at_s=self.now_s))

    def fetch(self, bundle: Bundle) -> list[ef.Effect]:
        return self.take(ev.BundleFetched(fetched=fetched(bundle), at_s=self.now_s))

    def apply(self, bundle: Bundle) -> list[ef.Effect]:
        return self.take(ev.BundleApplied(fetched=fetched(bundle), made=MADE, at_s=self.now_s))

    def timer(self, timer: Timer) -> ef.SetTimer:
        return next(effect for effect in self.of(ef.SetTimer) if effect.timer is timer)


def a_started_agent(saved: Fetched | None = None) -> Agent:
    agent = Agent()
    agent.take(ev.Started(saved=saved, at_s=agent.now_s))
    return agent


def a_connected_agent(revision: int = 5, bundle: Bundle | None = None) -> Agent:
    """Runs a bundle, has a session and a welcomed socket, and has nothing left to do."""
    bundle = bundle or a_bundle(revision)
    agent = a_started_agent(fetched(bundle))
    agent.apply(bundle)
    agent.take(ev.SessionOpened(lifetime_s=3600, at_s=agent.now_s))
    agent.take(ev.SocketOpened(socket=agent.state.link.number, at_s=agent.now_s))
    agent.receive(Welcome(generation=0, wanted=bundle.revision, heartbeat_interval_s=30))
    return agent


def seen(
    name: str,
    endpoint: str | None = "203.0.113.7:4000",
    handshake_at: float = 1000,
    age_s: float = 0.0,
    is_urgent: bool = False,
) -> Sighting:
    traffic = PeerTraffic(public_key=a_public_key(name), endpoint=endpoint, handshake_at=handshake_at, rx=1, tx=2)
    return Sighting(seen=traffic, age_s=age_s, is_urgent=is_urgent)


def look(
    agent: Agent, *sighted: Sighting, host: Host = HOST, is_asked: bool = True, since_s: float | None = 0.0
) -> None:
    agent.take(ev.Observed(host=host, seen=sighted, since_s=since_s, is_asked=is_asked, at_s=agent.now_s))


def a_connected_jump(names: Iterable[str] = ("a", "b")) -> Agent:
    peers = [a_peer(name, [f"10.9.1.{number}/32"]) for number, name in enumerate(names)]
    return a_connected_agent(bundle=a_bundle(5, peers, forward=True))


def heartbeats(agent: Agent) -> list[Heartbeat]:
    return [frame for frame in agent.sent() if isinstance(frame, Heartbeat)]


def acknowledge(agent: Agent, seq: int) -> None:
    agent.receive(Ack(seq=seq, generation=0, wanted=5, nonce=f"n{seq}"))
