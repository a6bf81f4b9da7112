"""What `status` shows: written by `run`, read by `status`."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from agent.enrollment import Enrollment
from agent.state import Socket, State
from agent.tunnel.live import Seen

ALIVE_S = 180  # WireGuard protocol, section 6.1: REJECT_AFTER_TIME
LISTED = 10  # peers named for a person; scripts get all


class StatusPeer(msgspec.Struct, frozen=True, kw_only=True):
    """`handshake_age_s` None: never. `peer_id` None: the bundle on the disk does not know it."""

    peer_id: str | None
    public_key: str
    endpoint: str | None
    handshake_age_s: int | None
    rx: int
    tx: int


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """`revision_wanted`: the newest the control plane named. `forward_conflict`: a
    sentence for each table of others that drops what a jump forwards; `input_conflict`: for each by which peers do not
    reach the jump itself. `is_running`, `peers`: said by the
    reader, None: there is no interface, or no right to look at it."""

    network_id: str
    peer_id: str
    interface: str
    server: str
    insecure: bool
    is_running: bool = True
    pid: int | None = None
    is_connected: bool = False
    kind: str = ""
    generation: int = 0
    revision_applied: int = 0
    revision_wanted: int = 0
    route_conflict: list[str] = []
    forward_conflict: list[str] = []
    input_conflict: list[str] = []
    names_error: str | None = None
    last_error: str | None = None
    last_contact: datetime | None = None
    deleted_at: datetime | None = None
    peers: list[StatusPeer] | None = None


def blank(enrollment: Enrollment, is_insecure: bool, pid: int | None) -> Status:
    """What is known before an agent ran."""
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
        last_error=following.last_error or following.refusal or link.last_error,
        last_contact=last_contact,
        deleted_at=state.tombstone.deleted_at if state.tombstone is not None else None,
    )


def peers_of(seen: Sequence[Seen], names: Mapping[str, str], now_s: float) -> list[StatusPeer]:
    """What WireGuard says of its peers; `names`: public key → peer id."""
    return [
        StatusPeer(
            peer_id=names.get(peer.public_key),
            public_key=peer.public_key,
            endpoint=peer.endpoint,
            handshake_age_s=max(0, round(now_s - peer.handshake_at)) if peer.handshake_at else None,
            rx=peer.rx,
            tx=peer.tx,
        )
        for peer in seen
    ]


def text(status: Status) -> str:
    """For a person."""
    state = "not running" if not status.is_running else "connected" if status.is_connected else "not connected"
    if status.deleted_at is not None:
        state = "ended: the peer was deleted"
    rows = [
        ("agent", state),
        ("network", status.network_id),
        ("peer", status.peer_id),
        ("interface", f"{status.interface} {status.kind}".strip()),
        ("server", status.server + (" (INSECURE)" if status.insecure else "")),
        ("revision", f"{status.revision_applied} applied, {status.revision_wanted} wanted"),
        ("last contact", status.last_contact.isoformat(timespec="seconds") if status.last_contact else "never"),
    ]
    if status.route_conflict:
        rows.append(("left out", "routes to the host's own network: " + ", ".join(status.route_conflict)))
    rows += [("not forwarded", sentence) for sentence in status.forward_conflict]
    rows += [("not let in", sentence) for sentence in status.input_conflict]
    if status.names_error:
        rows.append(("names", status.names_error))
    if status.last_error:
        rows.append(("last error", status.last_error))
    if status.peers is not None:
        rows += _peers(status.peers)
    return "\n".join(f"{name:<13} {value}" for name, value in rows)


def _peers(peers: Sequence[StatusPeer]) -> list[tuple[str, str]]:
    """The liveliest first, some by name."""
    ages = [peer.handshake_age_s for peer in peers if peer.handshake_age_s is not None]
    alive = sum(age < ALIVE_S for age in ages)
    rows = [("peers", f"{len(peers)}, {alive} with a handshake in the last {ALIVE_S} s")]
    by_age = sorted(peers, key=lambda peer: (peer.handshake_age_s is None, peer.handshake_age_s, peer.public_key))
    for peer in by_age[:LISTED]:
        age = "never" if peer.handshake_age_s is None else f"{peer.handshake_age_s} s ago"
        rows.append(("", f"{peer.peer_id or peer.public_key} at {peer.endpoint or '?'}, handshake {age}"))
    return rows
