"""`plan`: what run would do to this host, from the disk or from the control plane."""

from typing import Literal

from agent import bootstrap as assembly
from agent.adapters.control_plane.rest import RestControlPlane
from agent.adapters.files.state_dir import StateDir
from agent.adapters.linux import ssh
from agent.adapters.linux.routes import IpRoute
from agent.adapters.linux.tools import Commands
from agent.adapters.platforms import platform
from agent.bundle.received import Fetched
from agent.commands import planning
from agent.commands.answers import EXIT_DONE, say
from agent.errors import DeltaRefused, Ended, Outage, PeerDeleted, StateUnusable
from agent.host.tunnel.wanted import desired
from agent.host.way_in import ends_session
from agent.identity.keys import wireguard_public_key
from agent.identity.trust import Trust
from agent.settings import PlanSettings, origin


def run(settings: PlanSettings) -> int:
    shown = planned(settings)
    say(shown, planning.text(shown), settings.is_json)
    return EXIT_DONE


def planned(settings: PlanSettings) -> planning.ShownPlan:
    """Reads the host and the files, or the control plane; writes nothing, and needs no lock."""
    platform().need_rights("plan")
    directory = StateDir(settings.state_dir).chosen(settings.network_id)
    enrollment = directory.enrolled()
    if directory.has_ended():
        raise Ended("this peer was deleted; run would take its tunnel down")
    trust = Trust(directory.keyring(enrollment), lambda _: None)
    saved = directory.bundle(enrollment, trust)
    bundle = saved
    if settings.is_fetched:
        origin(enrollment.server, settings.is_insecure)
        try:
            plane = assembly.control_plane(enrollment, trust, assembly.quiet_dialler(directory))
            bundle = _fetched_now(plane, saved)
        except PeerDeleted as deleted:
            raise Ended(f"{deleted}; run would take its tunnel down") from deleted
        except Outage as outage:
            raise Outage(f"{outage.reason}; without --fetch the plan is made from the disk") from outage
    if bundle is None:
        raise StateUnusable("there is no bundle yet: say --fetch, or run the agent first")
    wanted = desired(bundle.bundle, wireguard_public_key(enrollment.keys.private_key))
    prospect = assembly.tunnel(directory, enrollment, saved=saved, settings=settings).plan(wanted)
    local = IpRoute(Commands(), enrollment.interface).routes().host.subnets
    session = ssh.session()
    warnings = list(ends_session(session, wanted, prospect, local)) if session is not None else []
    source: Literal["disk", "control_plane"] = "control_plane" if settings.is_fetched else "disk"
    return planning.shown(enrollment.interface, bundle.bundle, prospect, source, warnings)


def _fetched_now(control_plane: RestControlPlane, saved: Fetched | None) -> Fetched | None:
    """What the control plane has now; an answer that nothing is newer means the saved one."""
    control_plane.open_session()
    try:
        return (control_plane.newer(saved) if saved is not None else control_plane.whole(None)) or saved
    except DeltaRefused:
        return control_plane.whole(None)
