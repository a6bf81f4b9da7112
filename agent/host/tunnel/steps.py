"""A plan as ordered steps: revoke, firewall, grant, addresses and routes, poke; pure.

The tunnel carries these values out, and `plan` prints the same ones. Revoking comes before
granting, so that no order of crashes leaves anybody more than either bundle gives: where the
policy changes, a section has nothing but what both bundles give it until the new one is in force.
A prefix within a range of another peer is that one's while nobody else has it: then all that changes
hands is blocked until everybody has his own.
"""

from dataclasses import dataclass
from typing import TypeAlias

from agent.host.firewall.nftables import Table
from agent.host.tunnel.difference import Change, Plan

REMOVALS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class CreateInterface:
    """Make the interface, which is missing or does not answer."""


@dataclass(frozen=True, slots=True)
class RemovePeers:
    public_keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Configure:
    """Sections to configure in one process; `listen_port` None: leave it."""

    changes: tuple[Change, ...] = ()
    sets_key: bool = False
    listen_port: int | None = None


@dataclass(frozen=True, slots=True)
class EnableForwarding:
    """Have the kernel forward what comes by the tunnel and by these interfaces."""

    interfaces: tuple[str, ...]
    has_ipv6: bool


@dataclass(frozen=True, slots=True)
class StopForwarding:
    """Give the kernel's switches back as they were."""


@dataclass(frozen=True, slots=True)
class LoadTable:
    """Make the agent's nftables table so; None: delete it."""

    table: Table | None


@dataclass(frozen=True, slots=True)
class Lay:
    """The plan's addresses, MTU, link state and routes."""

    plan: Plan


@dataclass(frozen=True, slots=True)
class Poke:
    """Make this side open the handshake, where the peer was last seen; with another own key, with everyone."""

    change: Change


Step: TypeAlias = CreateInterface | RemovePeers | Configure | EnableForwarding | StopForwarding | LoadTable | Lay | Poke


@dataclass(frozen=True, slots=True)
class Firewall:
    """What the firewall shall be. `is_due`: the table is not so. `forwarding`: the step by which the kernel's is.
    `barrier`: the table with what changes hands blocked, where no order alone keeps it from the wrong ones."""

    table: Table | None
    is_due: bool
    forwarding: EnableForwarding | StopForwarding | None = None
    barrier: Table | None = None


def ordered(plan: Plan, firewall: Firewall) -> tuple[Step, ...]:
    """Every step of a plan, in the order that widens nobody's access on the way; none: nothing to do."""
    steps: list[Step] = [CreateInterface()] if plan.creates else []
    is_barred = firewall.is_due and firewall.barrier is not None
    steps += [LoadTable(firewall.barrier)] if is_barred else []
    starts = range(0, len(plan.removed), REMOVALS_AT_ONCE)
    steps += [RemovePeers(plan.removed[start : start + REMOVALS_AT_ONCE]) for start in starts]
    granted = plan.changes
    if is_barred:
        steps += [Configure(granted)] if granted else []
        granted = ()
    elif firewall.is_due and plan.cuts:
        steps.append(Configure(plan.cuts))
        cuts = frozenset(plan.cuts)
        granted = tuple(change for change in plan.changes if change not in cuts)
    loads = [LoadTable(firewall.table)] if firewall.is_due else []
    switches = [firewall.forwarding] if firewall.forwarding is not None else []
    # Nothing is forwarded that no table judges.
    steps += [*switches, *loads] if isinstance(firewall.forwarding, StopForwarding) else [*loads, *switches]
    if granted or plan.sets_key or plan.listen_port is not None:
        steps.append(Configure(granted, plan.sets_key, plan.listen_port))
    if plan.lays:
        steps.append(Lay(plan))
    is_other_key = plan.sets_key and not plan.creates
    pokes = (change for change in plan.changes if is_other_key or (change.is_new and isinstance(change.endpoint, str)))
    steps += [Poke(change) for change in pokes]
    return tuple(steps)
