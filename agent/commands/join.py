"""`join`: become a peer of a network by its join key, once however often it is run."""

import msgspec

from agent.adapters.control_plane.rest import Http, RestEnroller
from agent.adapters.files.state_dir import StateDir
from agent.adapters.platforms import platform
from agent.commands.answers import EXIT_DONE, say
from agent.commands.enroll import NEXT, require_ready
from agent.errors import Outage
from agent.identity.enrollment import Enrollment
from agent.run.enrolling import Enrolling
from agent.settings import JoinSettings

WAITS = "; it takes part once somebody has approved it in the console"


class Joined(msgspec.Struct, frozen=True):
    """`was_peer`: the host was one of the network before, and nothing was done. `awaits_approval` null: not known."""

    network_id: str
    peer_id: str
    interface: str
    server: str
    was_peer: bool
    awaits_approval: bool | None


def run(settings: JoinSettings) -> int:
    store = StateDir(settings.state_dir)
    before = _peer_of(store, settings)
    if before is not None:
        text = f"this host is {before.peer_id} in {before.network_id} already; next: {NEXT}"
        say(_answer(before, was_peer=True, awaits_approval=None), text, settings.is_json)
        return EXIT_DONE
    if not settings.skips_checks:
        require_ready(settings.state_dir, settings.key)
    enrolling = Enrolling(enroller=RestEnroller(Http(settings.server)), store=store, host=platform().facts)
    try:
        enrollment, awaits_approval = enrolling.join(settings.server, settings.key)
    except Outage as outage:
        raise Outage(f"{outage.reason}; run the same command again, it uses the same keys") from outage
    waits = WAITS if awaits_approval else ""
    text = f"joined as {enrollment.peer_id} in {enrollment.network_id}{waits}; next: {NEXT}"
    say(_answer(enrollment, was_peer=False, awaits_approval=awaits_approval), text, settings.is_json)
    return EXIT_DONE


def _peer_of(store: StateDir, settings: JoinSettings) -> Enrollment | None:
    """As which peer of the key's network this host runs; None: it is none, or that peer was deleted."""
    directory = store.of_network(settings.network_id)
    enrollment = directory.enrollment()
    if enrollment is None or enrollment.server != settings.server or directory.has_ended():
        return None
    return enrollment


def _answer(enrollment: Enrollment, *, was_peer: bool, awaits_approval: bool | None) -> Joined:
    return Joined(
        enrollment.network_id,
        enrollment.peer_id,
        enrollment.interface,
        enrollment.server,
        was_peer,
        awaits_approval,
    )
