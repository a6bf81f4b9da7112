"""What `plan` shows: the steps between this host and a bundle, for people and for scripts; pure.

No secret can get in: a step names its preshared and private keys only as set or not.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from agent.host.results import Action, PlannedChanges, PlannedPeer, PlannedStep
from chalicelib.wire.bundle import Bundle

BARE = {
    "create_interface": "create the interface {interface}",
    "enable_forwarding": "let the kernel forward",
    "stop_forwarding": "give the kernel's forwarding back as it was",
    "load_firewall": "load the firewall table {interface}, in one transaction",
    "delete_firewall": "delete the firewall table {interface}",
    "seal": "seal this host: everything goes into the tunnel, or nowhere",
    "unseal": "unseal this host: what is not the tunnel's goes its own way again",
}
LISTED = 10  # peers named in one step for a person; scripts get all


class ShownPeer(msgspec.Struct, frozen=True, kw_only=True):
    """`peer_id` None: the bundle does not know the key. `endpoint` None: it stays as it is."""

    peer_id: str | None
    public_key: str
    is_new: bool = False
    allowed_ips: list[str] = []
    endpoint: str | None = None
    keepalive_s: int = 0
    has_preshared_key: bool = False


class ShownStep(msgspec.Struct, frozen=True, kw_only=True):
    """`commands`: lines for `ip`, or the chains of others that are opened. `sets_private_key`: the interface gets
    this enrolment's."""

    step: Action
    peers: list[ShownPeer] = []
    sets_private_key: bool = False
    listen_port: int | None = None
    commands: list[str] = []


class ShownPlan(msgspec.Struct, frozen=True, kw_only=True):
    """`source`: where the bundle came from. `conflicts`: a sentence for each prefix left to the host's own network.
    `lacks_ipv6`: why the tunnel would go without its IPv6, None: it would not. `warnings`: what whoever has it
    carried out should know before."""

    network_id: str
    peer_id: str
    interface: str
    source: Literal["disk", "control_plane"]
    generation: int
    revision: int
    steps: list[ShownStep]
    conflicts: list[str]
    lacks_ipv6: str | None = None
    warnings: list[str] = []


def shown(
    interface: str,
    bundle: Bundle,
    prospect: PlannedChanges,
    source: Literal["disk", "control_plane"],
    warnings: Sequence[str] = (),
) -> ShownPlan:
    names = {peer.public_key: peer.peer_id for peer in bundle.peers}
    return ShownPlan(
        network_id=bundle.network_id,
        peer_id=bundle.peer_id,
        interface=interface,
        source=source,
        generation=bundle.generation,
        revision=bundle.revision,
        steps=[_step(step, names) for step in prospect.steps],
        conflicts=list(prospect.conflicts),
        lacks_ipv6=prospect.lacks_ipv6,
        warnings=list(warnings),
    )


def text(plan: ShownPlan) -> str:
    """For a person."""
    origin = "the control plane's bundle" if plan.source == "control_plane" else "the last good bundle"
    head = f"{plan.interface}: {origin}, revision {plan.revision}"
    lines = [f"{head}: nothing to do" if not plan.steps else f"{head}: {_counted(len(plan.steps), 'step')}"]
    for number, step in enumerate(plan.steps, start=1):
        first, *rest = _said(step, plan.interface)
        lines += [f"{number:>3}. {first}", *(f"     {line}" for line in rest)]
    lines += [f"WARNING: {sentence}" for sentence in plan.warnings]
    lines += [f"left out: {sentence}" for sentence in plan.conflicts]
    if plan.lacks_ipv6 is not None:
        lines.append(f"no IPv6: {plan.lacks_ipv6}")
    return "\n".join(lines)


def _step(step: PlannedStep, names: Mapping[str, str]) -> ShownStep:
    removed = [ShownPeer(peer_id=names.get(key), public_key=key) for key in step.removed]
    return ShownStep(
        step=step.action,
        peers=[*removed, *(_peer(peer, names) for peer in step.peers)],
        sets_private_key=step.sets_private_key,
        listen_port=step.listen_port,
        commands=list(step.commands),
    )


def _peer(peer: PlannedPeer, names: Mapping[str, str]) -> ShownPeer:
    return ShownPeer(
        peer_id=names.get(peer.public_key),
        public_key=peer.public_key,
        is_new=peer.is_new,
        allowed_ips=list(peer.allowed_ips),
        endpoint=peer.endpoint,
        keepalive_s=peer.keepalive_s,
        has_preshared_key=peer.has_preshared_key,
    )


def _said(step: ShownStep, interface: str) -> list[str]:
    """The step's line, and those under it."""
    match step.step:
        case "remove_peers":
            keys = [peer.peer_id or peer.public_key for peer in step.peers]
            return [f"remove {_counted(len(keys), 'peer')} from WireGuard", *_listed(keys)]
        case "configure":
            return [_configured(step), *_listed([_one(peer) for peer in step.peers])]
        case "network":
            return ["addresses and routes", *_listed(step.commands)]
        case "open_foreign":
            return ["accept the tunnel in other firewalls", *_listed(step.commands)]
        case "poke":
            return ["speak first to " + ", ".join(peer.peer_id or peer.public_key for peer in step.peers)]
        case _:
            return [BARE[step.step].format(interface=interface)]


def _configured(step: ShownStep) -> str:
    parts = [f"configure {_counted(len(step.peers), 'peer')}"] if step.peers else []
    if step.sets_private_key:
        parts.append("set the private key")
    if step.listen_port is not None:
        parts.append(f"listen on port {step.listen_port}")
    return ", ".join(parts)


def _one(peer: ShownPeer) -> str:
    parts = [
        f"{peer.peer_id or peer.public_key} ({'new' if peer.is_new else 'changed'})",
        "for " + (", ".join(peer.allowed_ips) or "no address: standby"),
    ]
    if peer.endpoint is not None:
        parts.append(f"at {peer.endpoint}")
    if peer.keepalive_s:
        parts.append(f"keepalive {peer.keepalive_s} s")
    return ", ".join([*parts, "preshared key" if peer.has_preshared_key else "no preshared key"])


def _listed(lines: Sequence[str]) -> list[str]:
    more = len(lines) - LISTED
    return [*lines[:LISTED], *([f"and {more} more"] if more > 0 else [])]


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
