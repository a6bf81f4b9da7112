"""`enroll`: make the keys, and become a peer by a one-time token."""

from pathlib import Path

import msgspec

from agent.adapters.control_plane.rest import Http, RestEnroller
from agent.adapters.files.state_dir import StateDir
from agent.adapters.platforms import platform
from agent.adapters.readiness import shortcomings
from agent.commands.answers import EXIT_DONE, say
from agent.errors import HostUnready, Outage
from agent.run.enrolling import Enrolling
from agent.settings import EnrollSettings

NEXT = "wirety-agent install-service, or wirety-agent run"
ANYWAY = "To enrol it all the same: --skip-checks"


class Enrolled(msgspec.Struct, frozen=True):
    network_id: str
    peer_id: str
    interface: str
    server: str


def run(settings: EnrollSettings) -> int:
    if not settings.skips_checks:
        require_ready(settings.state_dir, settings.token)
    enrolling = Enrolling(
        enroller=RestEnroller(Http(settings.server)), store=StateDir(settings.state_dir), host=platform().facts
    )
    try:
        enrollment = enrolling.enroll(settings.server, settings.token)
    except Outage as outage:
        raise Outage(f"{outage.reason}; run the same command again, it uses the same keys") from outage
    text = f"enrolled as {enrollment.peer_id} in {enrollment.network_id}; next: {NEXT}"
    done = Enrolled(enrollment.network_id, enrollment.peer_id, enrollment.interface, enrollment.server)
    say(done, text, settings.is_json)
    return EXIT_DONE


def require_ready(state_dir: Path, token: str) -> None:
    """Raises HostUnready: this host could not run the agent, so the token or join key is not used."""
    if found := shortcomings(state_dir, token):
        listed = "".join(f"\n  {sentence}" for sentence in found)
        raise HostUnready(f"this host could not run the agent, so the token was not used:{listed}\n{ANYWAY}")
