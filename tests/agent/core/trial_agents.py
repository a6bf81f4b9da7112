"""An agent with a bundle on trial, and each phase that the trial can come to."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from agent.bundle.received import Fetched
from agent.core import effects as ef
from agent.core import events as ev
from agent.core.state import State
from agent.core.step import initial, step
from agent.core.trials import AGAIN_S
from agent.host.results import ApplyResult
from chalicelib.wire.bundle import Bundle
from chalicelib.wire.frames import Applied, ConfigChanged, Welcome
from tests.agent.builders import NETWORK_ID, PEER_ID, a_bundle, fetched

WINDOW_S = 60.0
MADE = ApplyResult(is_changed=True)
GOOD, BAD, NEWER = a_bundle(5), a_bundle(6), a_bundle(7)
REPORT = Applied(generation=0, revision=6, hash="", ok=True, ms=0)


Kind = TypeVar("Kind", bound=ef.Effect)


@dataclass
class Agent:
    """Runs GOOD, connected, unless made otherwise."""

    is_guard: bool = False
    is_first: bool = False
    now_s: float = 1000.0
    effects: list[ef.Effect] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.state: State = initial(NETWORK_ID, PEER_ID, "instance", WINDOW_S, self.is_guard)

    def connect(self) -> "Agent":
        self.take(ev.Started(saved=None if self.is_first else fetched(GOOD), at_s=self.now_s))
        if not self.is_first:
            self.take(ev.BundleApplied(fetched=fetched(GOOD), made=MADE, at_s=self.now_s))
        self.take(ev.SessionOpened(lifetime_s=3600, at_s=self.now_s))
        self.take(ev.SocketOpened(socket=1, at_s=self.now_s))
        self.take(self.frame(Welcome(generation=0, wanted=5, heartbeat_interval_s=30)))
        return self

    def take(self, event: ev.Event) -> "Agent":
        self.state, effects = step(self.state, event)
        self.effects = list(effects)
        return self

    def frame(self, frame: ConfigChanged | Welcome) -> ev.FrameReceived:
        return ev.FrameReceived(socket=1, frame=frame, at_s=self.now_s)

    def hint(self, bundle: Bundle) -> "Agent":
        return self.take(self.frame(ConfigChanged(network_id=NETWORK_ID, generation=0, revision=bundle.revision)))

    def fetch(self, bundle: Bundle) -> "Agent":
        self.hint(bundle)
        return self.take(ev.BundleFetched(fetched=fetched(bundle), at_s=self.now_s))

    def try_out(self, bundle: Bundle) -> "Agent":
        """Fetched and applied, and now on trial."""
        return self.fetch(bundle).applied(bundle)

    def applied(self, bundle: Bundle) -> "Agent":
        return self.take(ev.BundleApplied(fetched=fetched(bundle), made=MADE, is_on_trial=True, at_s=self.now_s))

    def probe(self, is_answered: bool = False, has_route: bool = True, asked_at_s: float | None = None) -> "Agent":
        self.take(ev.Probed(is_answered=is_answered, asked_at_s=asked_at_s, at_s=self.now_s))
        return self.see_route(has_route, self.effects)

    def see_route(self, has_route: bool = True, before: Sequence[ef.Effect] = ()) -> "Agent":
        self.take(ev.RouteSeen(has_route=has_route, at_s=self.now_s))
        self.effects = [*before, *self.effects]
        return self

    def silence(self, seconds: float, has_route: bool = True) -> "Agent":
        self.now_s += seconds
        return self.probe(has_route=has_route)

    def rolled_back(self, bundle: Bundle = BAD) -> "Agent":
        return self.take(ev.RolledBack(fetched=fetched(bundle), made=MADE, at_s=self.now_s))

    def of(self, kind: type[Kind]) -> list[Kind]:
        return [effect for effect in self.effects if isinstance(effect, kind)]

    def saved(self) -> list[Fetched]:
        return [effect.fetched for effect in self.of(ef.Save)]

    def reports(self) -> list[Applied]:
        frames = [effect.frame for effect in self.effects if isinstance(effect, ef.Send | ef.Post)]
        return [frame for frame in frames if isinstance(frame, Applied)]


def an_agent_on_trial() -> Agent:
    return Agent().connect().try_out(BAD)


def an_agent_that_rolled_back() -> Agent:
    return an_agent_on_trial().silence(WINDOW_S).rolled_back()


def an_agent_that_looks_again() -> Agent:
    """Silent with the bundle, answered without it, and now with it once more."""
    return an_agent_that_rolled_back().probe(is_answered=True).applied(BAD)


def an_agent_that_blamed() -> Agent:
    return an_agent_that_looks_again().silence(AGAIN_S).rolled_back()
