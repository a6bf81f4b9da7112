"""`leave`: give the peer up, and clean this host."""

import msgspec

from agent import bootstrap as assembly
from agent.adapters.files.lock_holder import Takeover
from agent.adapters.files.state_dir import StateDir
from agent.adapters.platforms import platform
from agent.commands.answers import EXIT_DONE, say
from agent.errors import LeaveRefused, Outage
from agent.identity.trust import Trust
from agent.run.leaving import Leaving
from agent.settings import LeaveSettings, origin


class Left(msgspec.Struct, frozen=True):
    """`peer_id` None: there was nothing to leave. `is_told`: the control plane knows; else `reason` says why not.
    `settings`: a sentence for each of the kernel's settings that was given back, or left to somebody else."""

    network_id: str | None
    peer_id: str | None
    is_told: bool = False
    reason: str | None = None
    settings: list[str] = []


def run(settings: LeaveSettings) -> int:
    """Needs the rights to take the tunnel down, and no agent that would put it up again."""
    state_dir = StateDir(settings.state_dir)
    if not state_dir.has_enrollment(settings.network_id):
        text = f"no enrolment in {settings.state_dir}: nothing to leave"
        say(Left(settings.network_id, None), text, settings.is_json)
        return EXIT_DONE
    platform().need_rights("leave")
    directory = state_dir.chosen(settings.network_id)
    enrollment = directory.enrolled()
    origin(enrollment.server, settings.is_insecure)
    Takeover(directory).by_agent()
    trust = Trust(directory.keyring(enrollment), directory.save_keyring)
    interfaces = [*enrollment.former_interfaces, enrollment.interface]
    leaving = Leaving(
        control_plane=assembly.control_plane(enrollment, trust, assembly.quiet_dialler(directory)),
        tunnels=[assembly.tunnel(directory, enrollment, interface) for interface in interfaces],
        files=directory,
    )
    try:
        departure = leaving.leave(settings.is_forced, settings.void_files, settings.is_local)
    except Outage as outage:
        said = f"{outage.reason}; nothing was changed. Try again, or --force to clean up this host alone"
        raise Outage(said, outage.status, outage.code) from outage
    except LeaveRefused as refused:
        raise LeaveRefused(
            f"{refused}\nNothing was changed. On this host: wirety-agent leave --void-files"
        ) from refused
    reason = "--local was said" if settings.is_local else departure.untold
    left = Left(enrollment.network_id, enrollment.peer_id, reason is None, reason, list(departure.settings))
    say(left, "\n".join([_text(settings, left), *left.settings]), settings.is_json)
    return EXIT_DONE


def _text(settings: LeaveSettings, left: Left) -> str:
    if settings.is_local:
        return f"this host is clean; {left.peer_id} was left as it is"
    if not left.is_told:
        return (
            f"this host is clean, but the control plane was not told ({left.reason}): there, {left.peer_id} still has"
            " its key. Delete the peer or give it a new token in the console"
        )
    return f"left {left.network_id}: {left.peer_id} is pending again and keeps its address"
