"""`up`: bring back a tunnel that `down` took away."""

from time import monotonic, sleep

import msgspec

from agent.adapters.files.lock_holder import Takeover
from agent.adapters.files.state_dir import StateDir
from agent.adapters.platforms import platform
from agent.commands.answers import EXIT_DONE, Complaints, say
from agent.commands.run import run as run_agent
from agent.errors import NotUp
from agent.identity.enrollment import Enrollment
from agent.settings import UpSettings

WITHIN_S = 20.0
POLL_S = 0.05


class IsUp(msgspec.Struct, frozen=True):
    network_id: str
    interface: str


def run(settings: UpSettings) -> int:
    platform().need_rights("up")
    directory = StateDir(settings.run.state_dir).chosen(settings.run.network_id)
    enrollment = directory.enrolled()
    was_down = directory.down() is not None
    directory.forget_down()
    takeover = Takeover(directory)
    if not (takeover.tell() if was_down else directory.lock.is_held()):
        code = run_agent(settings.run)
        Complaints(settings.is_json).warn("no agent runs here, so the tunnel is not kept in step: wirety-agent run")
        return code
    _await(enrollment)
    say(IsUp(enrollment.network_id, enrollment.interface), f"{enrollment.interface} is up", settings.is_json)
    return EXIT_DONE


def _await(enrollment: Enrollment) -> None:
    deadline = monotonic() + WITHIN_S
    while not platform().has_interface(enrollment.interface):
        if monotonic() > deadline:
            raise NotUp(f"the agent has not brought {enrollment.interface} up in {WITHIN_S:.0f} s: wirety-agent status")
        sleep(POLL_S)
