"""`wirety-agent`, command by command. Beside `cli`, the only file that names concrete adapters."""

import importlib
import os
import signal
import sys
import uuid
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from time import monotonic, time
from typing import Literal, assert_never

import msgspec

from agent import logs, status
from agent.adapters.changeover import Changeover
from agent.adapters.commands import Commands
from agent.adapters.control_plane import Http, RestControlPlane, RestEnroller
from agent.adapters.device import Device
from agent.adapters.dialling import Dialler
from agent.adapters.encapsulation import Encapsulation
from agent.adapters.firewall import NftFirewall
from agent.adapters.foreign import ForeignTables
from agent.adapters.frozen import own_command, settle
from agent.adapters.guard import GuardProcess
from agent.adapters.host import LinuxHost, missing_rights
from agent.adapters.host_watch import HostWatch
from agent.adapters.names import DnsNames
from agent.adapters.push import WebSocketPush
from agent.adapters.state_dir import EnrollmentDir, StateDir
from agent.adapters.status_file import StatusFile
from agent.adapters.takeover import Takeover
from agent.adapters.tunnel import HostTunnel
from agent.adapters.tunnel_watch import TunnelWatch
from agent.adapters.watch import WireGuardWatch, seen_now
from agent.adapters.whereabouts import Whereabouts
from agent.cli import doctor, identity, planning
from agent.cli.once import Outcome, once
from agent.core import EXIT_PEER_DELETED, initial
from agent.enrolling import Enrolling
from agent.enrollment import Enrollment
from agent.errors import (
    AgentError,
    DeltaRefused,
    EnrollmentMissing,
    LeaveRefused,
    Outage,
    PeerDeleted,
    SettingsInvalid,
    ToolFailed,
)
from agent.events import Event, Started, StopRequested
from agent.keys import wireguard_public_key
from agent.leaving import Leaving
from agent.pairs import Pairs
from agent.received import Fetched
from agent.runtime import Runtime
from agent.settings import (
    DoctorSettings,
    EnrollSettings,
    ExportSettings,
    ImportSettings,
    LeaveSettings,
    PlanSettings,
    RunSettings,
    SealSettings,
    Settings,
    StatusSettings,
    origin,
    parse,
    socket_url,
)
from agent.state import Rotation
from agent.trust import Trust
from agent.tunnel.desired import desired, endpoints_asked
from agent.tunnel.encapsulation import MARK
from agent.tunnel.reconcile import Memory
from agent.worker import Worker

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_AWAY = 4
GUARD_CONFIRM_S = 10.0
DAY_S = 86_400.0


def main(arguments: Sequence[str] | None = None) -> int:
    settle()
    try:
        return _done(parse(sys.argv[1:] if arguments is None else arguments))
    except SettingsInvalid as wrong:
        return _say(str(wrong), EXIT_USAGE)
    except AgentError as failed:
        return _say(str(failed), EXIT_FAILED)


def _done(settings: Settings) -> int:
    match settings:
        case EnrollSettings():
            return _enroll(settings)
        case RunSettings():
            return _run(settings)
        case SealSettings():
            return _seal(settings)
        case PlanSettings():
            return _plan(settings)
        case LeaveSettings():
            return _leave(settings)
        case DoctorSettings():
            return doctor.run(settings)
        case ExportSettings() | ImportSettings():
            return identity.run(settings)
        case StatusSettings():
            return _status(settings)
        case _:
            assert_never(settings)


def _enroll(settings: EnrollSettings) -> int:
    enrolling = Enrolling(
        enroller=RestEnroller(Http(settings.server)), store=StateDir(settings.state_dir), host=LinuxHost()
    )
    try:
        enrollment = enrolling.enroll(settings.server, settings.token)
    except Outage as outage:
        return _say(f"{outage.reason}; run the same command again, it uses the same keys", EXIT_FAILED)
    print(f"enrolled as {enrollment.peer_id} in {enrollment.network_id}; next: wirety-agent run")
    return 0


def _run(settings: RunSettings) -> int:
    """Hold the lock for the whole run; what an ended or earlier enrolment left is taken down."""
    if (missing := missing_rights()) is not None:
        return _say(missing, EXIT_FAILED)
    directory = StateDir(settings.state_dir).chosen(settings.network_id)
    enrollment = _enrollment(directory)
    origin(enrollment.server, settings.is_insecure)
    logs.set_up(settings.log_format)
    takeover = Takeover(directory)
    if not settings.is_guard:
        takeover.by_agent()
    elif not takeover.by_guard():
        return 0
    for interface in enrollment.former_interfaces:
        _tunnel(directory, enrollment, interface, None).remove()
    if directory.has_ended():
        _tunnel(directory, enrollment, enrollment.interface, None).remove()
        return _say("this peer was deleted; its tunnel is down. Enrol again to use this host", EXIT_PEER_DELETED)
    if settings.is_once:
        return _once(settings, directory, enrollment)
    return _agent(settings, directory, enrollment).run()


def _agent(settings: RunSettings, directory: EnrollmentDir, enrollment: Enrollment) -> Runtime:
    trust = Trust(directory.keyring(enrollment), directory.save_keyring)
    saved = directory.bundle(enrollment, trust)
    queue: SimpleQueue[Event] = SimpleQueue()
    dialler = _dialler(directory)
    control_plane = _control_plane(enrollment, trust, dialler)
    tunnel = _tunnel(directory, enrollment, enrollment.interface, saved, settings)
    worker = _worker(settings, directory, enrollment, control_plane, tunnel, queue.put)
    whereabouts = Whereabouts(tunnel)
    watch = WireGuardWatch(
        Commands(), enrollment.interface, LinuxHost(), queue.put, lost=whereabouts.lost, met=tunnel.meet
    )
    shown = StatusFile(directory, _blank(enrollment, is_insecure=settings.is_insecure, pid=os.getpid()))
    if settings.metrics_port is not None:
        _serve_metrics(settings.metrics_port, shown, enrollment.interface)
    tunnels = TunnelWatch(enrollment.interface, queue.put, met_at=tunnel.met_at, lost=whereabouts.lost_at)
    runtime = Runtime(
        state=initial(
            enrollment.network_id,
            enrollment.peer_id,
            uuid.uuid4().hex,
            confirm_within_s=settings.confirm_within_s,
            is_guard=settings.is_guard,
            keys=_keys(settings, enrollment),
        ),
        put_job=worker.put,
        push=WebSocketPush(socket_url(enrollment.server), control_plane.bearer, queue.put, dialler),
        watch=watch,
        tunnels=tunnels,
        queue=queue,
        show=shown.show,
    )
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: queue.put(StopRequested(at_s=monotonic())))
    worker.start()
    watch.start()
    tunnels.start()
    whereabouts.start()
    HostWatch(enrollment.interface, queue.put, tunnel.commands.has_run, settings.manages_forward).start()
    queue.put(Started(saved=saved, tried=directory.trial(enrollment, trust, saved), at_s=monotonic()))
    return runtime


def _serve_metrics(port: int, shown: StatusFile, interface: str) -> None:
    """Its library is imported by those who ask for it alone."""
    metrics = importlib.import_module("agent.adapters.metrics")
    metrics.serve(port, lambda: shown.shown, lambda: seen_now(Commands(), interface))


def _once(settings: RunSettings, directory: EnrollmentDir, enrollment: Enrollment) -> int:
    trust = Trust(directory.keyring(enrollment), directory.save_keyring)
    saved = directory.bundle(enrollment, trust)
    control_plane = _control_plane(enrollment, trust, _dialler(directory))
    tunnel = _tunnel(directory, enrollment, enrollment.interface, saved, settings)
    worker = _worker(settings, directory, enrollment, control_plane, tunnel, lambda _: None)
    outcome = once(worker, saved, directory.trial(enrollment, trust, saved))
    if outcome.tombstone is not None:
        return _say(outcome.error or "this peer was deleted; its tunnel is down", EXIT_PEER_DELETED)
    if outcome.error is not None:
        return _say(f"the host did not take the bundle: {outcome.error}", EXIT_FAILED)
    if outcome.away is not None:
        return _say(f"{outcome.away}; {_standing(outcome)}", EXIT_AWAY)
    print(_standing(outcome))
    return 0


def _standing(outcome: Outcome) -> str:
    if outcome.version is None:
        return "no bundle is in force"
    trial = "; it is on trial, and undone if the control plane stays out of reach" if outcome.is_on_trial else ""
    done = "changed" if outcome.is_changed else "nothing to do"
    return f"revision {outcome.version.revision} is in force, {done}{trial}"


def _seal(settings: SealSettings) -> int:
    """Reads files and asks nobody, for there is no network yet; one enrolment's trouble is not another's."""
    code = 0
    for directory in StateDir(settings.state_dir).enrollments():
        try:
            if not directory.has_ended() and _is_sealed(directory):
                print(f"{directory.path.name}: sealed until its agent brings the tunnel up")
        except AgentError as failed:
            code = _say(f"{directory.path.name}: {failed}", EXIT_FAILED)
    return code


def _is_sealed(directory: EnrollmentDir) -> bool:
    enrollment = _enrollment(directory)
    saved = directory.bundle(enrollment, Trust(directory.keyring(enrollment), lambda _: None))
    if saved is None:
        return False
    wanted = desired(saved.bundle, wireguard_public_key(enrollment.keys.private_key))
    return _tunnel(directory, enrollment, enrollment.interface, saved).close(wanted)


def _plan(settings: PlanSettings) -> int:
    """Reads the host and the files, or the control plane; writes nothing, and needs no lock."""
    if (missing := missing_rights()) is not None:
        return _say(missing.replace("run needs", "plan needs"), EXIT_FAILED)
    directory = StateDir(settings.state_dir).chosen(settings.network_id)
    enrollment = _enrollment(directory)
    if directory.has_ended():
        return _say("this peer was deleted; run would take its tunnel down", EXIT_PEER_DELETED)
    trust = Trust(directory.keyring(enrollment), lambda _: None)
    saved = directory.bundle(enrollment, trust)
    bundle = saved
    if settings.is_fetched:
        origin(enrollment.server, settings.is_insecure)
        try:
            dialler = Dialler(MARK, directory.addresses())
            bundle = _fetched_now(_control_plane(enrollment, trust, dialler), saved)
        except PeerDeleted as deleted:
            return _say(f"{deleted}; run would take its tunnel down", EXIT_PEER_DELETED)
        except Outage as outage:
            return _say(f"{outage.reason}; without --fetch the plan is made from the disk", EXIT_AWAY)
    if bundle is None:
        return _say("there is no bundle yet: say --fetch, or run the agent first", EXIT_FAILED)
    wanted = desired(bundle.bundle, wireguard_public_key(enrollment.keys.private_key))
    prospect = _tunnel(directory, enrollment, enrollment.interface, saved, settings).plan(wanted)
    source: Literal["disk", "control_plane"] = "control_plane" if settings.is_fetched else "disk"
    shown = planning.shown(enrollment.interface, bundle.bundle, prospect, source)
    print(msgspec.json.encode(shown).decode() if settings.is_json else planning.text(shown))
    return 0


def _fetched_now(control_plane: RestControlPlane, saved: Fetched | None) -> Fetched | None:
    """What the control plane has now; an answer that nothing is newer means the saved one."""
    control_plane.open_session()
    try:
        return (control_plane.newer(saved) if saved is not None else control_plane.whole(None)) or saved
    except DeltaRefused:
        return control_plane.whole(None)


def _leave(settings: LeaveSettings) -> int:
    """Needs the rights to take the tunnel down, and no agent that would put it up again."""
    state_dir = StateDir(settings.state_dir)
    if not state_dir.has_enrollment(settings.network_id):
        print(f"no enrolment in {settings.state_dir}: nothing to leave")
        return 0
    if (missing := missing_rights()) is not None:
        return _say(missing.replace("run needs", "leave needs"), EXIT_FAILED)
    directory = state_dir.chosen(settings.network_id)
    enrollment = _enrollment(directory)
    origin(enrollment.server, settings.is_insecure)
    directory.lock()
    trust = Trust(directory.keyring(enrollment), directory.save_keyring)
    interfaces = [*enrollment.former_interfaces, enrollment.interface]
    leaving = Leaving(
        control_plane=_control_plane(enrollment, trust, Dialler(MARK, directory.addresses())),
        tunnels=[_tunnel(directory, enrollment, interface, None) for interface in interfaces],
        files=directory,
    )
    try:
        untold = leaving.leave(settings.is_forced, settings.void_files, settings.is_local)
    except Outage as outage:
        said = f"{outage.reason}; nothing was changed. Try again, or --force to clean up this host alone"
        return _say(said, EXIT_AWAY)
    except LeaveRefused as refused:
        return _say(f"{refused}\nNothing was changed. On this host: wirety-agent leave --void-files", EXIT_FAILED)
    if settings.is_local:
        print(f"this host is clean; {enrollment.peer_id} was left as it is")
        return 0
    if untold is not None:
        print(
            f"this host is clean, but the control plane was not told ({untold}): there, {enrollment.peer_id} still has"
            " its key. Delete the peer or give it a new token in the console"
        )
        return 0
    print(f"left {enrollment.network_id}: {enrollment.peer_id} is pending again and keeps its address")
    return 0


def _control_plane(enrollment: Enrollment, trust: Trust, dialler: Dialler | None = None) -> RestControlPlane:
    return RestControlPlane(
        http=Http(enrollment.server, dialler),
        network_id=enrollment.network_id,
        peer_id=enrollment.peer_id,
        device_key=enrollment.keys.device_key,
        trust=trust,
    )


def _dialler(directory: EnrollmentDir) -> Dialler:
    return Dialler(MARK, directory.addresses(), directory.save_addresses)


def _worker(
    settings: RunSettings,
    directory: EnrollmentDir,
    enrollment: Enrollment,
    control_plane: RestControlPlane,
    tunnel: HostTunnel,
    emit: Callable[[Event], None],
) -> Worker:
    changeover = Changeover(tunnel)
    changeover.start()
    return Worker(
        control_plane=control_plane,
        tunnel=tunnel,
        names=DnsNames(),
        store=directory,
        way_out=LinuxHost(),
        guard=_guard(settings, directory),
        emit=emit,
        pairs=Pairs(enrollment.keys, directory, tunnel),
        made=changeover.wake,
    )


def _keys(settings: RunSettings, enrollment: Enrollment) -> Rotation | None:
    """The key pairs on the disk; those of a jump are replaced on demand alone, and a guard leaves them as they are."""
    if settings.is_guard:
        return None
    keys = enrollment.keys
    lifetime_s = settings.key_days * DAY_S if settings.key_days and not enrollment.is_jump else None
    return Rotation(
        in_use=wireguard_public_key(keys.private_key),
        next_key=None if keys.next_private_key is None else wireguard_public_key(keys.next_private_key),
        due_in_s=None if lifetime_s is None else lifetime_s - (time() - keys.made_at),
        lifetime_s=lifetime_s,
    )


def _tunnel(
    directory: EnrollmentDir,
    enrollment: Enrollment,
    interface: str,
    saved: Fetched | None,
    settings: RunSettings | PlanSettings | None = None,
) -> HostTunnel:
    commands = Commands()
    return HostTunnel(
        commands=commands,
        interface=interface,
        device=Device(commands, interface, directory.pid_file(interface)),
        firewall=NftFirewall(commands, interface),
        private_key=enrollment.keys.private_key,
        memory=Memory(asked=endpoints_asked(saved.bundle) if saved is not None else {}, learned=directory.learned()),
        nat_interfaces=settings.nat_interfaces if settings is not None else (),
        foreign=ForeignTables(commands, interface, is_managed=settings is not None and settings.manages_forward),
        encapsulation=Encapsulation(commands, interface),
    )


def _guard(settings: RunSettings, directory: EnrollmentDir) -> GuardProcess:
    """Its own window is short, for it starts when the agent's is over; while an agent runs it waits."""
    within_s = min(settings.confirm_within_s, GUARD_CONFIRM_S)
    options = ["--state-dir", str(settings.state_dir.absolute()), "--network", directory.path.name]
    flags = ["--insecure"] if settings.is_insecure else []
    flags += ["--manage-forward"] if settings.manages_forward else []
    flags += [word for name in settings.nat_interfaces for word in ("--nat-interface", name)]
    return GuardProcess(
        command=[
            *(*own_command(), "guard", *options, *flags),
            *("--log-format", settings.log_format, "--confirm-within", f"{within_s:g}"),
        ],
        delay_s=settings.confirm_within_s,
        pid_file=directory.guard_pid_file,
        lock=directory.lock_file,
        is_mute=settings.is_once,
    )


def _status(settings: StatusSettings) -> int:
    directory = StateDir(settings.state_dir).chosen(settings.network_id)
    enrollment = _enrollment(directory)
    is_running = directory.is_running()
    shown = msgspec.structs.replace(_last_status(directory, enrollment), is_running=is_running)
    if not is_running:
        shown = msgspec.structs.replace(shown, is_connected=False, pid=None)
    tombstone = directory.tombstone()
    if tombstone is not None and directory.has_ended():
        shown = msgspec.structs.replace(shown, deleted_at=tombstone.deleted_at)
    shown = msgspec.structs.replace(shown, peers=_peers(directory, enrollment))
    print(msgspec.json.encode(shown).decode() if settings.is_json else status.text(shown))
    return 0


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
        return _blank(enrollment, is_insecure=False, pid=None)
    return last if last.peer_id == enrollment.peer_id else _blank(enrollment, is_insecure=False, pid=None)


def _blank(enrollment: Enrollment, is_insecure: bool, pid: int | None) -> status.Status:
    return status.Status(
        network_id=enrollment.network_id,
        peer_id=enrollment.peer_id,
        interface=enrollment.interface,
        server=enrollment.server,
        insecure=is_insecure,
        pid=pid,
    )


def _enrollment(directory: EnrollmentDir) -> Enrollment:
    enrollment = directory.enrollment()
    if enrollment is None:
        raise EnrollmentMissing(f"no enrolment in {directory.path}")
    return enrollment


def _say(message: str, code: int) -> int:
    print(f"wirety-agent: {message}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
