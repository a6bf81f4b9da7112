"""What making a host so came to, and what it would come to."""

from dataclasses import dataclass
from typing import Literal

from agent.host.firewall.other_tables import Place
from agent.host.tunnel.steps import Step


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
class PlannedChanges:
    """What making it so would do, in order; none: nothing. `conflicts`, `lacks_ipv6` as in `ApplyResult`.
    `encapsulation`: a seal comes first, its end last. `opened`: chains of others that get the agent's rule."""

    steps: tuple[Step, ...]
    conflicts: tuple[str, ...] = ()
    encapsulation: Literal["seal", "unseal"] | None = None
    opened: tuple[Place, ...] = ()
    lacks_ipv6: str | None = None
