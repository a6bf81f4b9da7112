"""What making a host so came to, and what it would come to."""

from dataclasses import dataclass
from typing import Literal

from agent.host.prefixes import Prefix

Action = Literal[
    "create_interface",
    "remove_peers",
    "configure",
    "enable_forwarding",
    "stop_forwarding",
    "load_firewall",
    "delete_firewall",
    "network",
    "poke",
    "seal",
    "unseal",
    "open_foreign",
]


@dataclass(frozen=True, slots=True)
class ApplyResult:
    """What making it so came to. `conflicts`: a sentence for each prefix left to the host's own network. `forbidden`:
    one for each table of others that drops what a jump forwards. `shut`: one for each by which peers do not reach the
    jump itself, or may not. `names_error`: why names are not served everywhere. `lacks_ipv6`: why the tunnel goes
    without its IPv6, None: it does not."""

    is_changed: bool
    is_unresolved: bool = False
    conflicts: tuple[str, ...] = ()
    kind: str = ""
    forbidden: tuple[str, ...] = ()
    shut: tuple[str, ...] = ()
    names_error: str | None = None
    lacks_ipv6: str | None = None


@dataclass(frozen=True, slots=True)
class PlannedPeer:
    """A peer that a step configures. `endpoint` None: it stays as it is. No secret: a preshared key is set or not."""

    public_key: str
    is_new: bool
    allowed_ips: tuple[str, ...]
    endpoint: str | None
    keepalive_s: int
    has_preshared_key: bool


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """One change of the host. A platform uses the actions that it has.

    `peers`: those it configures; `removed`: public keys of those it removes. `sets_private_key`: the interface gets
    this enrolment's. `listen_port` None: it stays. `commands`: what is done, in the words of the platform's tools.
    """

    action: Action
    peers: tuple[PlannedPeer, ...] = ()
    removed: tuple[str, ...] = ()
    sets_private_key: bool = False
    listen_port: int | None = None
    commands: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlannedChanges:
    """What making it so would do, in order; no steps: nothing. `new_routes`: prefixes that would go into the tunnel
    and do not now. `conflicts`, `lacks_ipv6` as in `ApplyResult`."""

    steps: tuple[PlannedStep, ...] = ()
    new_routes: tuple[Prefix, ...] = ()
    conflicts: tuple[str, ...] = ()
    lacks_ipv6: str | None = None

    @property
    def is_sealing(self) -> bool:
        """Whether everything that leaves the host would go into the tunnel."""
        return any(step.action == "seal" for step in self.steps)
