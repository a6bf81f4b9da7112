"""`peers`: the network's peers as this host sees them, a row each."""

from collections.abc import Sequence
from time import time

import msgspec

from agent.adapters.files.state_dir import StateDir
from agent.adapters.platforms import platform
from agent.commands.answers import EXIT_DONE, say
from agent.commands.status import last_bundle, last_status, members
from agent.core import status
from agent.core.status import StatusPeer
from agent.errors import StateUnusable, ToolFailed
from agent.host.roster import Listed
from agent.settings import PeersSettings

HEAD = ("NAME", "ID", "ADDRESS", "ROLE", "ENDPOINT", "HANDSHAKE", "RECEIVED", "SENT")
UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


class Row(msgspec.Struct, frozen=True):
    """`role`: self; home, the jump that carries this host; jump; direct; client of this jump; carried by somebody
    else. `public_key` null: WireGuard here has no such peer. `handshake_age_s` null: never, or not known."""

    name: str | None
    peer_id: str | None
    addresses: list[str]
    role: str
    is_blocked: bool
    public_key: str | None
    endpoint: str | None
    handshake_age_s: int | None
    rx: int | None
    tx: int | None


class Rows(msgspec.Struct, frozen=True):
    network_id: str
    peers: list[Row]


def run(settings: PeersSettings) -> int:
    directory = StateDir(settings.state_dir).chosen(settings.network_id)
    enrollment = directory.enrolled()
    bundle = last_bundle(directory, enrollment)
    if bundle is None:
        raise StateUnusable("there is no bundle yet: run the agent first")
    home = last_status(directory, enrollment).home
    try:
        seen = {one.public_key: one for one in status.peers_of(platform().traffic(enrollment.interface), {}, time())}
    except ToolFailed:
        seen = {}
    rows = [_row(one, seen.get(one.public_key or "")) for one in members(bundle, home, asks_names=bool(seen))]
    say(Rows(enrollment.network_id, rows), _table(rows), settings.is_json)
    return EXIT_DONE


def _row(listed: Listed, seen: StatusPeer | None) -> Row:
    return Row(
        name=listed.name,
        peer_id=listed.peer_id,
        addresses=list(listed.addresses),
        role=listed.role,
        is_blocked=listed.is_blocked,
        public_key=listed.public_key,
        endpoint=seen.endpoint if seen is not None else None,
        handshake_age_s=seen.handshake_age_s if seen is not None else None,
        rx=seen.rx if seen is not None else None,
        tx=seen.tx if seen is not None else None,
    )


def _table(rows: Sequence[Row]) -> str:
    lines = [HEAD, *map(_cells, rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def _cells(row: Row) -> tuple[str, ...]:
    age = row.handshake_age_s
    return (
        row.name or "-",
        row.peer_id or "-",
        ",".join(row.addresses) or "-",
        row.role + (" BLOCKED" if row.is_blocked else ""),
        row.endpoint or "-",
        f"{age} s ago" if age is not None else "-",
        _bytes(row.rx),
        _bytes(row.tx),
    )


def _bytes(count: int | None) -> str:
    if count is None:
        return "-"
    size = float(count)
    for unit in UNITS:
        if size < 1024 or unit == UNITS[-1]:
            break
        size /= 1024
    return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
