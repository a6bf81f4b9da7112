"""`status`: what the running agent wrote, and what can be seen from outside it."""

from time import time

import msgspec

from agent import status
from agent.adapters.commands import Commands
from agent.adapters.state_dir import EnrollmentDir, StateDir
from agent.adapters.watch import seen_now
from agent.cli.answers import EXIT_DONE, say
from agent.enrollment import Enrollment
from agent.errors import ToolFailed
from agent.settings import StatusSettings
from agent.trust import Trust


def run(settings: StatusSettings) -> int:
    shown = shown_of(StateDir(settings.state_dir).chosen(settings.network_id))
    say(shown, status.text(shown), settings.is_json)
    return EXIT_DONE


def shown_of(directory: EnrollmentDir) -> status.Status:
    enrollment = directory.enrolled()
    is_running = directory.is_running()
    shown = msgspec.structs.replace(_last_status(directory, enrollment), is_running=is_running)
    if not is_running:
        shown = msgspec.structs.replace(shown, is_connected=False, pid=None)
    tombstone = directory.tombstone()
    if tombstone is not None and directory.has_ended():
        shown = msgspec.structs.replace(shown, deleted_at=tombstone.deleted_at)
    return msgspec.structs.replace(shown, peers=_peers(directory, enrollment))


def _peers(directory: EnrollmentDir, enrollment: Enrollment) -> list[status.StatusPeer] | None:
    """As WireGuard sees them now; None: it cannot be asked."""
    try:
        seen = seen_now(Commands(), enrollment.interface)
    except ToolFailed:
        return None
    saved = directory.bundle(enrollment, Trust(directory.keyring(enrollment), lambda _: None))
    names = {peer.public_key: peer.peer_id for peer in saved.bundle.peers} if saved is not None else {}
    return status.peers_of(seen, names, time())


def _last_status(directory: EnrollmentDir, enrollment: Enrollment) -> status.Status:
    """Of the last run of this peer; blank before the first."""
    try:
        last = msgspec.json.decode(directory.status() or b"", type=status.Status)
    except msgspec.DecodeError:
        return status.blank(enrollment, is_insecure=False, pid=None)
    return last if last.peer_id == enrollment.peer_id else status.blank(enrollment, is_insecure=False, pid=None)
