"""`enroll`: make the keys, and become a peer by a one-time token."""

import msgspec

from agent.adapters.control_plane import Http, RestEnroller
from agent.adapters.host import LinuxHost
from agent.adapters.state_dir import StateDir
from agent.cli.answers import EXIT_DONE, say
from agent.enrolling import Enrolling
from agent.errors import Outage
from agent.settings import EnrollSettings


class Enrolled(msgspec.Struct, frozen=True):
    network_id: str
    peer_id: str
    interface: str
    server: str


def run(settings: EnrollSettings) -> int:
    enrolling = Enrolling(
        enroller=RestEnroller(Http(settings.server)), store=StateDir(settings.state_dir), host=LinuxHost()
    )
    try:
        enrollment = enrolling.enroll(settings.server, settings.token)
    except Outage as outage:
        raise Outage(f"{outage.reason}; run the same command again, it uses the same keys") from outage
    text = f"enrolled as {enrollment.peer_id} in {enrollment.network_id}; next: wirety-agent run"
    done = Enrolled(enrollment.network_id, enrollment.peer_id, enrollment.interface, enrollment.server)
    say(done, text, settings.is_json)
    return EXIT_DONE
