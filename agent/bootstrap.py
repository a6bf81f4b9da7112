"""Puts the agent together from its adapters: the tunnel, the control plane, the worker, the whole."""

import importlib
import os
import uuid
from collections.abc import Callable
from queue import SimpleQueue
from time import monotonic, time

from agent.adapters.control_plane.dialling import Dialler
from agent.adapters.control_plane.rest import Http, RestControlPlane
from agent.adapters.control_plane.socket import WebSocketPush
from agent.adapters.control_plane.way_out import LinuxWayOut
from agent.adapters.dns.names import DnsNames
from agent.adapters.files.state_dir import EnrollmentDir
from agent.adapters.files.status_file import StatusFile
from agent.adapters.linux.echo_watch import TunnelWatch
from agent.adapters.linux.firewall import NftFirewall
from agent.adapters.linux.frozen import own_command
from agent.adapters.linux.full_tunnel import Encapsulation
from agent.adapters.linux.guard_process import GuardProcess
from agent.adapters.linux.host import LinuxHost
from agent.adapters.linux.host_watch import HostWatch
from agent.adapters.linux.interface import Device
from agent.adapters.linux.kernel_settings import KernelSettings
from agent.adapters.linux.key_watch import Changeover
from agent.adapters.linux.other_tables import ForeignTables
from agent.adapters.linux.seals import ReadySeal
from agent.adapters.linux.tools import Commands
from agent.adapters.linux.tunnel import HostTunnel
from agent.adapters.linux.whereabouts import Whereabouts
from agent.adapters.linux.wireguard_watch import WireGuardWatch, seen_now
from agent.bundle.received import Fetched
from agent.core import status
from agent.core.events import Event, Started
from agent.core.state import Rotation
from agent.core.step import initial
from agent.host.tunnel.difference import Memory
from agent.host.tunnel.full_tunnel import MARK
from agent.host.tunnel.local_network import origin_addresses
from agent.host.tunnel.wanted import endpoints_asked
from agent.identity.enrollment import Enrollment
from agent.identity.keys import wireguard_public_key
from agent.identity.trust import Trust
from agent.run.jobs.control_plane import ControlPlaneJobs
from agent.run.jobs.host import HostJobs
from agent.run.loop import Runtime
from agent.run.own_keys import Pairs
from agent.run.worker import Worker
from agent.settings import PlanSettings, RunSettings, socket_url

GUARD_CONFIRM_S = 10.0
DAY_S = 86_400.0


def agent(
    settings: RunSettings, directory: EnrollmentDir, enrollment: Enrollment, queue: SimpleQueue[Event]
) -> Runtime:
    """The whole, with its threads started; `queue` is where it hears of everything."""
    trust = Trust(directory.keyring(enrollment), directory.save_keyring)
    saved = directory.bundle(enrollment, trust)
    dialler = _dialler(directory)
    plane = control_plane(enrollment, trust, dialler)
    made = tunnel(directory, enrollment, saved=saved, settings=settings)
    hand = _worker(settings, directory, enrollment, plane, dialler, made, queue.put)
    whereabouts = Whereabouts(made)
    watch = WireGuardWatch(
        Commands(), enrollment.interface, LinuxHost(), queue.put, lost=whereabouts.lost, met=made.meet
    )
    shown = StatusFile(directory, status.blank(enrollment, is_insecure=settings.is_insecure, pid=os.getpid()))
    if settings.metrics_port is not None:
        _serve_metrics(settings.metrics_address, settings.metrics_port, shown, enrollment.interface)
    tunnels = TunnelWatch(enrollment.interface, queue.put, met_at=made.met_at, lost=whereabouts.lost_at)
    runtime = Runtime(
        state=initial(
            enrollment.network_id,
            enrollment.peer_id,
            uuid.uuid4().hex,
            confirm_within_s=settings.confirm_within_s,
            is_guard=settings.is_guard,
            keys=_keys(settings, enrollment),
        ),
        put_job=hand.put,
        push=WebSocketPush(socket_url(enrollment.server), plane.bearer, queue.put, dialler),
        watch=watch,
        tunnels=tunnels,
        queue=queue,
        show=shown.show,
    )
    hand.start()
    watch.start()
    tunnels.start()
    whereabouts.start()
    HostWatch(enrollment.interface, queue.put, made.commands.has_run, settings.manages_forward).start()
    queue.put(Started(saved=saved, tried=directory.trial(enrollment, trust, saved), at_s=monotonic()))
    return runtime


def worker_once(
    settings: RunSettings, directory: EnrollmentDir, enrollment: Enrollment, trust: Trust, saved: Fetched | None
) -> Worker:
    """One whose jobs are performed one by one, by whoever asks."""
    dialler = _dialler(directory)
    plane = control_plane(enrollment, trust, dialler)
    made = tunnel(directory, enrollment, saved=saved, settings=settings)
    return _worker(settings, directory, enrollment, plane, dialler, made, lambda _: None)


def control_plane(enrollment: Enrollment, trust: Trust, dialler: Dialler | None = None) -> RestControlPlane:
    return RestControlPlane(
        http=Http(enrollment.server, dialler),
        network_id=enrollment.network_id,
        peer_id=enrollment.peer_id,
        device_key=enrollment.keys.device_key,
        trust=trust,
    )


def quiet_dialler(directory: EnrollmentDir) -> Dialler:
    """It remembers no new addresses: for commands that hold no lock."""
    return Dialler(MARK, directory.addresses())


def tunnel(
    directory: EnrollmentDir,
    enrollment: Enrollment,
    interface: str | None = None,
    saved: Fetched | None = None,
    settings: RunSettings | PlanSettings | None = None,
    keeps_seal: bool = False,
) -> HostTunnel:
    """`interface` None: the enrolment's own. `keeps_seal`: it leaves the seal alone."""
    commands, name = Commands(), interface or enrollment.interface
    kernel = KernelSettings(name, directory.settings_file)
    return HostTunnel(
        commands=commands,
        interface=name,
        device=Device(commands, name, directory.pid_file(name)),
        firewall=NftFirewall(commands, name, directory.table_file(name)),
        private_key=enrollment.keys.private_key,
        memory=Memory(asked=endpoints_asked(saved.bundle) if saved is not None else {}, learned=directory.learned()),
        nat_interfaces=settings.nat_interfaces if settings is not None else (),
        foreign=ForeignTables(commands, name, is_managed=settings is not None and settings.manages_forward),
        encapsulation=None
        if keeps_seal
        else Encapsulation(
            commands,
            name,
            settings=kernel,
            ready=ReadySeal(directory.seal_file(name)),
            allows_lan=settings is None or settings.allows_lan,
            control_plane=lambda: origin_addresses(enrollment.server, directory.addresses()),
        ),
        settings=kernel,
    )


def _dialler(directory: EnrollmentDir) -> Dialler:
    return Dialler(MARK, directory.addresses(), directory.save_addresses)


def _worker(
    settings: RunSettings,
    directory: EnrollmentDir,
    enrollment: Enrollment,
    plane: RestControlPlane,
    dialler: Dialler,
    made: HostTunnel,
    emit: Callable[[Event], None],
) -> Worker:
    changeover = Changeover(made)
    changeover.start()
    host = HostJobs(
        tunnel=made,
        names=DnsNames(),
        store=directory,
        way_out=LinuxWayOut(Commands(), enrollment.server, lambda: dialler.known),
        guard=_guard(settings, directory),
        pairs=Pairs(enrollment.keys, directory, made),
        made=changeover.wake,
    )
    return Worker(ControlPlaneJobs(plane, host.in_force), host, emit)


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


def _guard(settings: RunSettings, directory: EnrollmentDir) -> GuardProcess:
    """Its own window is short, for it starts when the agent's is over; while an agent runs it waits."""
    within_s = min(settings.confirm_within_s, GUARD_CONFIRM_S)
    options = ["--state-dir", str(settings.state_dir.absolute()), "--network", directory.path.name]
    flags = ["--insecure"] if settings.is_insecure else []
    flags += ["--manage-forward"] if settings.manages_forward else []
    flags += [] if settings.allows_lan else ["--no-lan"]
    flags += [word for name in settings.nat_interfaces for word in ("--nat-interface", name)]
    return GuardProcess(
        command=[
            *(*own_command(), "guard", *options, *flags),
            *(
                "--log-format",
                settings.log_format,
                "--log-level",
                settings.log_level,
                "--confirm-within",
                f"{within_s:g}",
            ),
        ],
        delay_s=settings.confirm_within_s,
        pid_file=directory.guard_pid_file,
        lock=directory.lock_file,
        is_mute=settings.is_once,
    )


def _serve_metrics(address: str, port: int, shown: StatusFile, interface: str) -> None:
    """Its library is imported by those who ask for it alone."""
    metrics = importlib.import_module("agent.adapters.metrics")
    metrics.serve(address, port, lambda: shown.shown, lambda: seen_now(Commands(), interface))
