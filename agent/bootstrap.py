"""Puts the agent together from its adapters: the tunnel, the control plane, the worker, the whole."""

import importlib
import os
import uuid
from collections.abc import Callable
from dataclasses import replace
from queue import SimpleQueue
from time import monotonic, time

from agent.adapters.control_plane.dialling import Dialler
from agent.adapters.control_plane.rest import Http, RestControlPlane
from agent.adapters.control_plane.socket import WebSocketPush
from agent.adapters.dns.names import DnsNames
from agent.adapters.files.enrollment_dir import EnrollmentDir
from agent.adapters.files.status_file import StatusFile
from agent.adapters.frozen import own_command
from agent.adapters.platforms import platform
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
from agent.platform_port import PlatformTunnel, TunnelOptions
from agent.ports import Guard, Tunnel
from agent.run.jobs.control_plane import ControlPlaneJobs
from agent.run.jobs.host import host_jobs
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
    made = _tunnel(directory, enrollment, saved=saved, settings=settings)
    hand = _worker(settings, directory, enrollment, plane, dialler, made, queue.put)
    watches = made.watches(queue.put)
    shown = StatusFile(directory, status.blank(enrollment, is_insecure=settings.is_insecure, pid=os.getpid()))
    if settings.metrics_port is not None:
        _serve_metrics(settings.metrics_address, settings.metrics_port, shown, enrollment.interface)
    runtime = Runtime(
        state=initial(
            enrollment.network_id,
            enrollment.peer_id,
            uuid.uuid4().hex,
            confirm_within_s=settings.confirm_within_s,
            is_guard=settings.is_guard,
            keys=_keys(settings, enrollment) if made.abilities.key_change is not None else None,
        ),
        put_job=hand.put,
        push=WebSocketPush(socket_url(enrollment.server), plane.bearer, queue.put, dialler),
        watch=watches.watch,
        tunnels=watches.tunnels,
        queue=queue,
        show=shown.show,
    )
    hand.start()
    watches.start()
    queue.put(Started(saved=saved, tried=directory.trial(enrollment, trust, saved), at_s=monotonic()))
    return runtime


def worker_once(
    settings: RunSettings, directory: EnrollmentDir, enrollment: Enrollment, trust: Trust, saved: Fetched | None
) -> Worker:
    """One whose jobs are performed one by one, by whoever asks."""
    dialler = _dialler(directory)
    plane = control_plane(enrollment, trust, dialler)
    made = _tunnel(directory, enrollment, saved=saved, settings=settings)
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
) -> Tunnel:
    """`interface` None: the enrolment's own. `keeps_seal`: it leaves the seal alone."""
    return _tunnel(directory, enrollment, interface, saved, settings, keeps_seal).tunnel


def _tunnel(
    directory: EnrollmentDir,
    enrollment: Enrollment,
    interface: str | None = None,
    saved: Fetched | None = None,
    settings: RunSettings | PlanSettings | None = None,
    keeps_seal: bool = False,
) -> PlatformTunnel:
    options = TunnelOptions(keeps_seal=keeps_seal)
    if settings is not None:
        options = replace(
            options,
            nat_interfaces=settings.nat_interfaces,
            manages_forward=settings.manages_forward,
            allows_lan=settings.allows_lan,
        )
    return platform().tunnel(
        interface or enrollment.interface,
        enrollment.keys.private_key,
        directory,
        Memory(asked=endpoints_asked(saved.bundle) if saved is not None else {}, learned=directory.learned()),
        options,
        control_plane=lambda: origin_addresses(enrollment.server, directory.addresses()),
    )


def _dialler(directory: EnrollmentDir) -> Dialler:
    return Dialler(MARK, directory.addresses(), directory.save_addresses)


def _worker(
    settings: RunSettings,
    directory: EnrollmentDir,
    enrollment: Enrollment,
    plane: RestControlPlane,
    dialler: Dialler,
    made: PlatformTunnel,
    emit: Callable[[Event], None],
) -> Worker:
    key_change = made.abilities.key_change
    host = host_jobs(
        tunnel=made.tunnel,
        names=DnsNames(),
        store=directory,
        way_out=platform().way_out(enrollment.server, lambda: dialler.known),
        guard=_guard(settings, directory),
        pairs=Pairs(enrollment.keys, directory, key_change) if key_change is not None else None,
        made=made.follow_keys(),
        abilities=made.abilities,
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


def _guard(settings: RunSettings, directory: EnrollmentDir) -> Guard:
    """Its own window is short, for it starts when the agent's is over; while an agent runs it waits."""
    within_s = min(settings.confirm_within_s, GUARD_CONFIRM_S)
    options = ["--state-dir", str(settings.state_dir.absolute()), "--network", directory.path.name]
    flags = ["--insecure"] if settings.is_insecure else []
    flags += ["--manage-forward"] if settings.manages_forward else []
    flags += [] if settings.allows_lan else ["--no-lan"]
    flags += [word for name in settings.nat_interfaces for word in ("--nat-interface", name)]
    return platform().guard(
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
        lock=directory.lock.file,
        is_mute=settings.is_once,
    )


def _serve_metrics(address: str, port: int, shown: StatusFile, interface: str) -> None:
    """Its library is imported by those who ask for it alone."""
    metrics = importlib.import_module("agent.adapters.metrics")
    metrics.serve(address, port, lambda: shown.shown, lambda: platform().traffic(interface))
