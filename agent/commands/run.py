"""`run` and its guard: the agent as a service, or once."""

import contextlib
import logging
import os
import signal
import sys
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from time import monotonic
from types import FrameType
from typing import NoReturn

import msgspec

from agent import bootstrap as assembly
from agent import logs
from agent.adapters.files.enrollment_dir import Down, EnrollmentDir
from agent.adapters.files.lock_holder import LOOK_AGAIN, Takeover
from agent.adapters.files.state_dir import StateDir
from agent.adapters.frozen import own_command
from agent.adapters.platforms import platform
from agent.commands.answers import EXIT_DONE, say
from agent.commands.once import Outcome, once
from agent.core.events import Event, StopRequested
from agent.errors import Ended, Outage, TakenDown, ToolFailed
from agent.identity.enrollment import Enrollment
from agent.identity.trust import Trust
from agent.settings import RunSettings, origin

LOOK_S = 5.0  # at the disk, should a signal be lost

logger = logging.getLogger(__name__)


class Standing(msgspec.Struct, frozen=True):
    """What `run --once` came to. `revision` None: no bundle is in force."""

    network_id: str
    peer_id: str
    generation: int | None
    revision: int | None
    is_changed: bool
    is_on_trial: bool


@dataclass(slots=True)
class Signals:
    """`queue`: where an agent hears of them. `is_stopped`: by SIGTERM or SIGINT; `is_told`: that somebody said up
    or down."""

    queue: SimpleQueue[Event]
    is_stopped: bool = False
    is_told: bool = False

    def catch(self) -> None:
        for sign in (signal.SIGTERM, signal.SIGINT, LOOK_AGAIN):
            signal.signal(sign, self._caught)

    def _caught(self, sign: int, _: FrameType | None) -> None:
        if sign == LOOK_AGAIN:
            self.is_told = True
        else:
            self.is_stopped = True
        self.queue.put(StopRequested(at_s=monotonic()))


def run(settings: RunSettings) -> int:
    """Hold the lock for the whole run; what an ended or earlier enrolment left is taken down."""
    platform().need_rights("run")
    directory = StateDir(settings.state_dir).chosen(settings.network_id)
    enrollment = directory.enrolled()
    origin(enrollment.server, settings.is_insecure)
    logs.set_up("json" if settings.is_json else settings.log_format, settings.log_level)
    signals = Signals(SimpleQueue())
    if settings.is_once:
        signal.signal(LOOK_AGAIN, signal.SIG_IGN)  # it ends soon
    else:
        signals.catch()  # before anybody can find out who holds the lock
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
    if directory.down() is not None:
        return _left_down(settings, directory, enrollment, signals)
    if settings.is_once:
        return run_once(settings, directory, enrollment)
    code = assembly.agent(settings, directory, enrollment, signals.queue).run()
    return _begun_anew() if signals.is_told and not signals.is_stopped else code


def _left_down(settings: RunSettings, directory: EnrollmentDir, enrollment: Enrollment, signals: Signals) -> int:
    """The service stays, without a tunnel, until `up`; a guard has nothing to guard."""
    take_down(directory, enrollment)
    if settings.is_once:
        raise TakenDown("the tunnel was taken down by wirety-agent down, and is left so: wirety-agent up first")
    if settings.is_guard:
        return EXIT_DONE
    logger.info("tunnel_left_down", extra={"until": "wirety-agent up"})
    while directory.down() is not None and not signals.is_stopped and not signals.is_told:
        directory.lock.feed()
        _reap()
        with contextlib.suppress(Empty):
            signals.queue.get(timeout=LOOK_S)
    return EXIT_DONE if signals.is_stopped else _begun_anew()


def take_down(directory: EnrollmentDir, enrollment: Enrollment) -> None:
    """Interface, routes and firewall go; the seal too, unless it is to stay. The caller holds the lock."""
    down = directory.down() or Down(keeps_seal=False)
    assembly.tunnel(directory, enrollment, keeps_seal=down.keeps_seal).remove()
    directory.save_down(msgspec.structs.replace(down, is_done=True))


def _begun_anew() -> NoReturn:
    """In this process's place, so that no thread of it does anything to the host any more."""
    command = own_command()
    os.execv(command[0], [*command, *sys.argv[1:]])  # noqa: S606


def _reap() -> None:
    """What the program in whose place this one began had started."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            continue


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
