"""What `status` shows: written by `run`, read by `status`."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from agent.core.state import Socket, State
from agent.host.roster import Listed
from agent.host.tunnel.full_tunnel import Seal
from agent.host.tunnel.home_failover import home_among
from agent.host.tunnel.live import ALIVE_S, PeerTraffic
from agent.identity.enrollment import Enrollment

SEALS: Mapping[Seal, str] = {
    "sealed": "nothing leaves beside the tunnel",
    "missing": "MISSING, though full encapsulation is wanted",
    "unknown": "wanted; root can see whether it is there",
}
LISTED = 10  # peers named for a person; scripts get all


class StatusPeer(msgspec.Struct, frozen=True, kw_only=True):
    """A peer of the interface.

    `peer_id`: `None` if the bundle on the disk does not know the peer. `name`: its label, `None` if it has none or the
    control plane does not tell it. `role`: as in the roster. `handshake_age_s`: `None` if there was no handshake."""

    peer_id: str | None
    name: str | None = None
    role: str | None = None
    addresses: list[str] = []
    is_blocked: bool = False
    public_key: str
    endpoint: str | None
    handshake_age_s: int | None
    rx: int
    tx: int

    @property
    def title(self) -> str:
        return titled(self.name, self.peer_id) or self.public_key


class StatusDns(msgspec.Struct, frozen=True, kw_only=True):
    """`resolvers`: the addresses that answer for the names of `domain`. `is_served`: this host answers itself."""

    domain: str
    resolvers: list[str]
    is_served: bool


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """An enrolment and its agent.

    `revision_wanted`: the newest that the control plane named. `revision_on_trial`: will be rolled back unless the
    control plane answers. `revision_refused`: is wrong in itself, or was rolled back; `refusal` says why.
    `home`: the jump that serves this host.
    `route_conflict`: a sentence for each prefix that is left to the host's own network. `forward_conflict`: one for
    each firewall table of another program that drops what a jump forwards. `input_conflict`: one for each table that
    keeps peers from reaching the jump itself.

    The agent writes all that to its file. Whoever reads the file adds the rest: `is_running`; `is_down`: taken down by
    hand; `seal`: of a host with full encapsulation; `peers`: `None` if there is no interface, or no right to look at
    it; `problems`: what a health check has to report."""

    network_id: str
    peer_id: str
    name: str | None = None
    interface: str
    addresses: list[str] = []
    server: str
    insecure: bool
    is_running: bool = True
    is_down: bool = False
    pid: int | None = None
    is_connected: bool = False
    is_blocked: bool = False
    awaits_approval: bool = False
    kind: str = ""
    generation: int = 0
    revision_applied: int = 0
    revision_wanted: int = 0
    revision_on_trial: int | None = None
    revision_refused: int | None = None
    refusal: str | None = None
    home: str | None = None
    home_name: str | None = None
    seal: Seal = "none"
    dns: StatusDns | None = None
    route_conflict: list[str] = []
    forward_conflict: list[str] = []
    input_conflict: list[str] = []
    names_error: str | None = None
    lacks_ipv6: str | None = None
    last_error: str | None = None
    last_contact: datetime | None = None
    deleted_at: datetime | None = None
    problems: list[str] = []
    peers: list[StatusPeer] | None = None


class Statuses(msgspec.Struct, frozen=True):
    """The status of a host with several enrolments."""

    enrollments: list[Status]


def blank(enrollment: Enrollment, is_insecure: bool, pid: int | None) -> Status:
    """What is known before the agent has written anything."""
    return Status(
        network_id=enrollment.network_id,
        peer_id=enrollment.peer_id,
        interface=enrollment.interface,
        server=enrollment.server,
        insecure=is_insecure,
        pid=pid,
    )


def of_state(status: Status, state: State, last_contact: datetime | None) -> Status:
    """Fill in what the running agent knows."""
    following, link = state.following, state.link
    made = following.made
    return msgspec.structs.replace(
        status,
        is_connected=link.socket is Socket.UP,
        kind=made.kind if made is not None else "",
        generation=following.applied.generation,
        revision_applied=following.applied.revision,
        revision_wanted=max(following.wanted, following.applied).revision,
        route_conflict=list(made.conflicts) if made is not None else [],
        forward_conflict=list(made.forbidden) if made is not None else [],
        input_conflict=list(made.shut) if made is not None else [],
        names_error=made.names_error if made is not None else None,
        lacks_ipv6=made.lacks_ipv6 if made is not None else None,
        revision_on_trial=following.trial.fetched.version.revision if following.trial is not None else None,
        revision_refused=following.refused.revision if following.refusal is not None else None,
        refusal=following.refusal,
        home=home_among(state.homes.order, state.homes.moved),
        last_error=following.last_error or following.refusal or link.last_error,
        last_contact=last_contact,
        deleted_at=state.tombstone.deleted_at if state.tombstone is not None else None,
    )


def peers_of(seen: Sequence[PeerTraffic], known: Mapping[str, Listed], now_s: float) -> list[StatusPeer]:
    """What WireGuard says of its peers. `known`: public key → the peer in the bundle."""
    return [
        StatusPeer(
            peer_id=listed.peer_id if listed is not None else None,
            name=listed.name if listed is not None else None,
            role=listed.role if listed is not None else None,
            addresses=list(listed.addresses) if listed is not None else [],
            is_blocked=listed is not None and listed.is_blocked,
            public_key=peer.public_key,
            endpoint=peer.endpoint,
            handshake_age_s=max(0, round(now_s - peer.handshake_at)) if peer.handshake_at else None,
            rx=peer.rx,
            tx=peer.tx,
        )
        for peer in seen
        for listed in [known.get(peer.public_key)]
    ]


def with_problems(status: Status) -> Status:
    """Add what a health check has to report: each way in which this host is not as it should be."""
    found: list[str] = []
    if status.deleted_at is not None:
        found.append("the peer was deleted")
    elif status.is_down:
        found.append("the tunnel was taken down: wirety-agent up brings it back")
    elif not status.is_running:
        found.append("no agent runs: systemctl start wirety-agent, or wirety-agent run")
    elif not status.is_connected:
        found.append("not connected to the control plane")
    if status.is_blocked:
        found.append("the control plane blocks this peer")
    if status.awaits_approval:
        found.append("the peer waits until somebody approves it in the console")
    if status.revision_refused is not None:
        found.append(f"revision {status.revision_refused} was refused or rolled back: {status.refusal}")
    elif status.last_error is not None and status.revision_applied < status.revision_wanted:
        found.append(f"revision {status.revision_wanted} is not applied: {status.last_error}")
    if status.seal == "missing" and not status.is_down:
        found.append("full encapsulation is wanted and this host is not sealed")
    return msgspec.structs.replace(status, problems=found)


def titled(name: str | None, peer_id: str | None) -> str:
    """Name and id for a person, as `hub (jmp_1)`, or the one of them that is known."""
    return f"{name} ({peer_id})" if name and peer_id else name or peer_id or ""


def text(status: Status) -> str:
    """The status as rows for a person."""
    rows = [
        ("agent", _agent(status)),
        ("network", status.network_id),
        ("peer", titled(status.name, status.peer_id) + _standing(status)),
        ("interface", f"{status.interface} {status.kind}".strip()),
        *([("addresses", ", ".join(status.addresses))] if status.addresses else []),
        *([("home", titled(status.home_name, status.home))] if status.home else []),
        ("server", status.server + (" (INSECURE)" if status.insecure else "")),
        ("revision", _revision(status)),
        ("last contact", status.last_contact.isoformat(timespec="seconds") if status.last_contact else "never"),
        *([("seal", _seal(status))] if status.seal != "none" else []),
        *([("names", _names(status.dns, status.names_error))] if status.dns is not None else []),
    ]
    rows += [("left out", sentence) for sentence in status.route_conflict]
    rows += [("not forwarded", sentence) for sentence in status.forward_conflict]
    rows += [("not let in", sentence) for sentence in status.input_conflict]
    if status.names_error and status.dns is None:
        rows.append(("names", status.names_error))
    if status.lacks_ipv6:
        rows.append(("no IPv6", status.lacks_ipv6))
    if status.refusal:
        rows.append(("refused", f"revision {status.revision_refused}: {status.refusal}"))
    if status.last_error and status.last_error != status.refusal:
        rows.append(("last error", status.last_error))
    if status.peers is not None:
        rows += _peers(status.peers)
    return "\n".join(f"{name:<13} {value}" for name, value in rows)


def _standing(status: Status) -> str:
    if status.is_blocked:
        return ", BLOCKED"
    return ", waits for approval" if status.awaits_approval else ""


def _agent(status: Status) -> str:
    if status.deleted_at is not None:
        return "ended: the peer was deleted"
    if status.is_down:
        waits = "the agent waits" if status.is_running else "no agent runs"
        return f"down by hand, {waits}; wirety-agent up brings the tunnel back"
    if not status.is_running:
        return "not running"
    return "connected" if status.is_connected else "not connected"


def _seal(status: Status) -> str:
    if status.is_down and status.seal == "missing":
        return "open while the tunnel is down: traffic goes its own way, in the clear"
    return SEALS[status.seal]


def _revision(status: Status) -> str:
    shown = f"{status.revision_applied} applied, {status.revision_wanted} wanted"
    if status.revision_on_trial is not None:
        shown += f"; {status.revision_on_trial} is on trial, and undone unless the control plane answers"
    return shown


def _names(names: StatusDns, error: str | None) -> str:
    if names.is_served:
        return f"{names.domain}: {error}" if error else f"{names.domain}, served here"
    asked = ", ".join(names.resolvers)
    return f"{names.domain}, asked of {asked}" if asked else f"{names.domain}: no jump to ask"


def _peers(peers: Sequence[StatusPeer]) -> list[tuple[str, str]]:
    """A few peers in rows, the latest handshake first."""
    ages = [peer.handshake_age_s for peer in peers if peer.handshake_age_s is not None]
    alive = sum(age < ALIVE_S for age in ages)
    rows = [("peers", f"{len(peers)}, {alive} with a handshake in the last {ALIVE_S} s")]
    by_age = sorted(peers, key=lambda peer: (peer.handshake_age_s is None, peer.handshake_age_s, peer.public_key))
    for peer in by_age[:LISTED]:
        age = "never" if peer.handshake_age_s is None else f"{peer.handshake_age_s} s ago"
        role = f"{peer.role}, " if peer.role in ("home", "jump", "direct") else ""
        blocked = ", BLOCKED" if peer.is_blocked else ""
        rows.append(("", f"{peer.title}, {role}at {peer.endpoint or '?'}, handshake {age}{blocked}"))
    if len(peers) > LISTED:
        rows.append(("", f"and {len(peers) - LISTED} more: wirety-agent peers"))
    return rows
