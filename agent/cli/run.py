"""`run` and its guard: the agent as a service, or once."""

import signal
from queue import SimpleQueue
from time import monotonic

import msgspec

from agent import logs
from agent.adapters.host import need_rights
from agent.adapters.state_dir import EnrollmentDir, StateDir
from agent.adapters.takeover import Takeover
from agent.cli import assembly
from agent.cli.answers import EXIT_DONE, say
from agent.cli.once import Outcome, once
from agent.enrollment import Enrollment
from agent.errors import Ended, Outage, ToolFailed
from agent.events import Event, StopRequested
from agent.settings import RunSettings, origin
from agent.trust import Trust


class Standing(msgspec.Struct, frozen=True):
    """What `run --once` came to. `revision` None: no bundle is in force."""

    network_id: str
    peer_id: str
    generation: int | None
    revision: int | None
    is_changed: bool
    is_on_trial: bool


def run(settings: RunSettings) -> int:
    """Hold the lock for the whole run; what an ended or earlier enrolment left is taken down."""
    need_rights("run")
    directory = StateDir(settings.state_dir).chosen(settings.network_id)
    enrollment = directory.enrolled()
    origin(enrollment.server, settings.is_insecure)
    logs.set_up("json" if settings.is_json else settings.log_format, settings.log_level)
    takeover = Takeover(directory)
    if not settings.is_guard:
        takeover.by_agent()
    elif not takeover.by_guard():
        return EXIT_DONE
    for interface in enrollment.former_interfaces:
        assembly.tunnel(directory, enrollment, interface).remove()
    if directory.has_ended():
        assembly.tunnel(directory, enrollment).remove()
        raise Ended("this peer was deleted; its tunnel is down. Enrol again to use this host")
    if settings.is_once:
        return run_once(settings, directory, enrollment)
    queue: SimpleQueue[Event] = SimpleQueue()
    runtime = assembly.agent(settings, directory, enrollment, queue)
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: queue.put(StopRequested(at_s=monotonic())))
    return runtime.run()


def run_once(settings: RunSettings, directory: EnrollmentDir, enrollment: Enrollment) -> int:
    """The caller holds the lock."""
    trust = Trust(directory.keyring(enrollment), directory.save_keyring)
    saved = directory.bundle(enrollment, trust)
    worker = assembly.worker_once(settings, directory, enrollment, trust, saved)
    outcome = once(worker, saved, directory.trial(enrollment, trust, saved))
    if outcome.tombstone is not None:
        raise Ended(outcome.error or "this peer was deleted; its tunnel is down")
    if settings.is_json or (outcome.error is None and outcome.away is None):
        say(_standing(enrollment, outcome), _text(outcome), settings.is_json)
    if outcome.error is not None:
        raise ToolFailed(f"the host did not take the bundle: {outcome.error}")
    if outcome.away is not None:
        raise Outage(f"{outcome.away}; {_text(outcome)}")
    return EXIT_DONE


def _standing(enrollment: Enrollment, outcome: Outcome) -> Standing:
    return Standing(
        network_id=enrollment.network_id,
        peer_id=enrollment.peer_id,
        generation=outcome.version.generation if outcome.version is not None else None,
        revision=outcome.version.revision if outcome.version is not None else None,
        is_changed=outcome.is_changed,
        is_on_trial=outcome.is_on_trial,
    )


def _text(outcome: Outcome) -> str:
    if outcome.version is None:
        return "no bundle is in force"
    trial = "; it is on trial, and undone if the control plane stays out of reach" if outcome.is_on_trial else ""
    done = "changed" if outcome.is_changed else "nothing to do"
    return f"revision {outcome.version.revision} is in force, {done}{trial}"
