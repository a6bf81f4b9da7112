"""Everything the agent needs of the outside, few methods each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from agent.bundle.received import Fetched, Received
from agent.host.dns_zone import Zone
from agent.host.results import ApplyResult, PlannedChanges
from agent.host.tunnel.liveness import Target
from agent.host.tunnel.wanted import WantedTunnel
from agent.identity.enrollment import Enrollment, Keys
from chalicelib.wire.agent import Enrolled, EnrollRequest, Joined, JoinRequest, KeysKnown, KeysReport
from chalicelib.wire.bundle import Tombstone
from chalicelib.wire.frames import Ack, Applied, Heartbeat
from chalicelib.wire.peers import Host


class Enroller(Protocol):
    def enroll(self, request: EnrollRequest) -> Enrolled:
        """Raises: EnrollmentRefused with the problem's detail, Outage without an answer."""

    def join(self, request: JoinRequest) -> Joined:
        """Raises as enroll."""


class EnrollmentStore(Protocol):
    """Keys of enrolments under way, by server and token, and the enrolments made of them."""

    def pending_keys(self, server: str, token: str) -> Keys | None: ...

    def save_pending_keys(self, server: str, token: str, keys: Keys) -> None: ...

    def forget_pending_keys(self, server: str, token: str) -> None: ...

    def keep(self, enrollment: Enrollment) -> Enrollment:
        """Raises: AlreadyRunning while an agent runs on an earlier enrolment of the network."""


class ControlPlane(Protocol):
    """Every call raises Outage where no usable answer came, PeerDeleted on a tombstone."""

    def open_session(self) -> float:
        """Open a session and keep it; answer its life in seconds."""

    def newer(self, base: Fetched) -> Fetched | None:
        """What is newer than a bundle; None: nothing that concerns this agent."""

    def whole(self, base: Fetched | None) -> Fetched | None:
        """The whole bundle; None: it is just `base`."""

    def probe(self) -> bool:
        """Whether it answers at all, by whatever status, over a new connection."""

    def report(self, applied: Applied) -> None: ...

    def beat(self, heartbeat: Heartbeat) -> Ack: ...

    def tell_keys(self, report: KeysReport) -> KeysKnown:
        """Raises KeyRefused too."""


class Push(Protocol):
    """One socket at a time; what happens to it arrives as events with its number."""

    def open(self, socket: int) -> None: ...

    def send(self, socket: int, frame: bytes) -> None:
        """Promises no delivery: a broken socket is reported as closed."""

    def close(self, socket: int) -> None: ...


class Tunnel(Protocol):
    """What every platform can do with an interface. Every method raises ToolFailed where the host refuses."""

    def apply(self, wanted: WantedTunnel) -> ApplyResult:
        """Make it so, as quickly as possible."""

    def plan(self, wanted: WantedTunnel) -> PlannedChanges:
        """What `apply` would do to this host now, without doing it."""

    def remove(self) -> Sequence[str]:
        """Take it down; what is not there is no error.

        Returns:
            A sentence for each of the host's settings that was given back, or left to somebody else.
        """


class DriftRepair(Protocol):
    def verify(self, wanted: WantedTunnel) -> ApplyResult:
        """Look at the host, and undo what others did to the tunnel meanwhile.

        Raises:
            ToolFailed: the host refuses.
        """


class PeerReset(Protocol):
    def reset(self, wanted: WantedTunnel, public_key: str) -> None:
        """Remove a peer and add it again, so that its session and the time of its last handshake are forgotten.

        Raises:
            ToolFailed: the host refuses.
        """


class KeyChange(Protocol):
    def use_key(self, private_key: str) -> None:
        """Have the interface use this key from the next `apply` on.

        Args:
            private_key: base64.
        """


class Sightings(Protocol):
    def learned(self) -> Mapping[str, str]:
        """Where peers were last seen: public key → `ip:port`."""


@dataclass(frozen=True, slots=True)
class TunnelAbilities:
    """What a platform can do with an interface beyond `Tunnel`; None: it cannot do that."""

    drift_repair: DriftRepair | None = None
    peer_reset: PeerReset | None = None
    key_change: KeyChange | None = None
    sightings: Sightings | None = None


class KeyStore(Protocol):
    def save_keys(self, keys: Keys) -> None:
        """Raises StateUnusable where the disk refuses."""


class Names(Protocol):
    """The network's names, served on the tunnel."""

    def apply(self, zone: Zone | None) -> None:
        """Make it so: this zone and no other, or none. A question under way is answered by the one it found.

        Raises:
            ToolFailed: an address could not be bound; the others serve.
        """


class Watch(Protocol):
    """Looks at host and WireGuard; what it sees arrives as events."""

    def observe(self, every_s: float) -> None:
        """Look now and say what is seen; from now on look every so often, and say what changed."""


class TunnelWatcher(Protocol):
    """Sees whether tunnels of jumps are alive; what happens to them arrives as events."""

    def watch(self, targets: Sequence[Target]) -> None:
        """These from now on, and no others."""


class Store(Protocol):
    """The files of one enrolment. Raises StateUnusable where the disk refuses."""

    def save_bundle(self, chain: Sequence[Received]) -> None:
        """A whole bundle and the deltas to it, in place of what was there."""

    def add_delta(self, received: Received) -> None:
        """After what was saved."""

    def save_trial(self, chain: Sequence[Received], refused: str | None = None) -> None:
        """A bundle beside the last good one: a whole one with its deltas, or deltas to the good one."""

    def forget_trial(self) -> None: ...

    def save_learned(self, learned: Mapping[str, str]) -> None: ...

    def save_tombstone(self, tombstone: Tombstone) -> None: ...


class Guard(Protocol):
    """What takes over when the agent ends while a bundle is on trial."""

    def arm(self) -> None:
        """Nothing where it is armed. Raises ToolFailed: it cannot be."""

    def feed(self) -> None:
        """The agent is alive."""

    def disarm(self) -> None:
        """Nothing where it is not armed."""


class HostFacts(Protocol):
    def host(self) -> Host: ...


@dataclass(frozen=True, slots=True)
class Way:
    """How packets to an address leave the host; all None: not at all."""

    address: str
    device: str | None
    gateway: str | None
    source: str | None


class WayOut(Protocol):
    def has_default_route(self) -> bool:
        """Whether the host could reach anything; a tunnel is no way out."""

    def ways(self) -> frozenset[Way] | None:
        """Those to the control plane and to the resolvers; None: they are not known, or one leads into a tunnel."""
