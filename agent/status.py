"""What `status` shows: written by `run`, read by `status`."""

from datetime import datetime

import msgspec

from agent.state import Socket, State


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """`revision_wanted`: the newest the control plane named. `forward_conflict`: a
    sentence for each table of others that drops what a jump forwards. `is_running`: said by the reader."""

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
    names_error: str | None = None
    last_error: str | None = None
    last_contact: datetime | None = None
    deleted_at: datetime | None = None


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
        names_error=made.names_error if made is not None else None,
        last_error=following.last_error or following.refusal or link.last_error,
        last_contact=last_contact,
        deleted_at=state.tombstone.deleted_at if state.tombstone is not None else None,
    )


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
    if status.names_error:
        rows.append(("names", status.names_error))
    if status.last_error:
        rows.append(("last error", status.last_error))
    return "\n".join(f"{name:<13} {value}" for name, value in rows)
