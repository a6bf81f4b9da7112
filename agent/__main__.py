"""`wirety-agent`: enroll, run, status. The only file that names concrete adapters."""

import os
import signal
import sys
import uuid
from collections.abc import Sequence
from queue import SimpleQueue
from time import monotonic
from typing import assert_never

import msgspec

from agent import logs, status
from agent.adapters.commands import Commands
from agent.adapters.control_plane import Http, RestControlPlane, RestEnroller
from agent.adapters.device import Device
from agent.adapters.firewall import NftFirewall
from agent.adapters.foreign import ForeignTables
from agent.adapters.host import LinuxHost, missing_rights
from agent.adapters.push import WebSocketPush
from agent.adapters.state_dir import EnrollmentDir, StateDir
from agent.adapters.status_file import StatusFile
from agent.adapters.tunnel import HostTunnel
from agent.adapters.watch import WireGuardWatch
from agent.core import EXIT_PEER_DELETED, initial
from agent.desired import endpoints_asked
from agent.enrolling import Enrolling
from agent.enrollment import Enrollment
from agent.errors import AgentError, EnrollmentMissing, Outage, SettingsInvalid
from agent.events import Event, Started, StopRequested
from agent.received import Fetched
from agent.reconcile import Memory
from agent.runtime import Runtime
from agent.settings import EnrollSettings, RunSettings, StatusSettings, origin, parse, socket_url
from agent.trust import Trust
from agent.worker import Worker

EXIT_FAILED = 1
EXIT_USAGE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    try:
        settings = parse(sys.argv[1:] if arguments is None else arguments)
        match settings:
            case EnrollSettings():
                return _enroll(settings)
            case RunSettings():
                return _run(settings)
            case StatusSettings():
                return _status(settings)
            case _:
                assert_never(settings)
    except SettingsInvalid as wrong:
        return _say(str(wrong), EXIT_USAGE)
    except AgentError as failed:
        return _say(str(failed), EXIT_FAILED)


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
    directory.lock()
    logs.set_up(settings.log_format)
    for interface in enrollment.former_interfaces:
        _tunnel(directory, enrollment, interface, None).remove()
    if directory.has_ended():
        _tunnel(directory, enrollment, enrollment.interface, None).remove()
        return _say("this peer was deleted; its tunnel is down. Enrol again to use this host", EXIT_PEER_DELETED)
    return _agent(settings, directory, enrollment).run()


def _agent(settings: RunSettings, directory: EnrollmentDir, enrollment: Enrollment) -> Runtime:
    trust = Trust(directory.keyring(enrollment), directory.save_keyring)
    saved = directory.bundle(enrollment, trust)
    queue: SimpleQueue[Event] = SimpleQueue()
    control_plane = RestControlPlane(
        http=Http(enrollment.server),
        network_id=enrollment.network_id,
        peer_id=enrollment.peer_id,
        device_key=enrollment.keys.device_key,
        trust=trust,
    )
    worker = Worker(
        control_plane=control_plane,
        tunnel=_tunnel(directory, enrollment, enrollment.interface, saved, settings),
        store=directory,
        emit=queue.put,
    )
    watch = WireGuardWatch(Commands(), enrollment.interface, LinuxHost(), queue.put)
    blank = _blank(enrollment, is_insecure=settings.is_insecure, pid=os.getpid())
    runtime = Runtime(
        state=initial(enrollment.network_id, enrollment.peer_id, uuid.uuid4().hex),
        put_job=worker.put,
        push=WebSocketPush(socket_url(enrollment.server), control_plane.bearer, queue.put),
        watch=watch,
        queue=queue,
        show=StatusFile(directory, blank).show,
    )
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: queue.put(StopRequested(at_s=monotonic())))
    worker.start()
    watch.start()
    queue.put(Started(saved=saved, at_s=monotonic()))
    return runtime


def _tunnel(
    directory: EnrollmentDir,
    enrollment: Enrollment,
    interface: str,
    saved: Fetched | None,
    settings: RunSettings | None = None,
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
    print(msgspec.json.encode(shown).decode() if settings.is_json else status.text(shown))
    return 0


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
