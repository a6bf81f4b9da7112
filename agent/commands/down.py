"""`down`: take the tunnel down and keep it so, whatever runs or starts, until `up`."""

from time import monotonic, sleep

import msgspec

from agent.adapters.files.enrollment_dir import Down, EnrollmentDir
from agent.adapters.files.lock_holder import Takeover
from agent.adapters.files.state_dir import StateDir
from agent.adapters.platforms import platform
from agent.commands.answers import EXIT_DONE, say
from agent.commands.run import take_down
from agent.commands.status import last_bundle, seal_of
from agent.errors import NotUp
from agent.settings import DownSettings

WITHIN_S = 20.0
BEGINS_WITHIN_S = 5.0  # an agent that begins anew lets go of the lock for a moment
POLL_S = 0.05


class IsDown(msgspec.Struct, frozen=True):
    """`is_sealed`: nothing leaves this host but to the local network."""

    network_id: str
    interface: str
    is_sealed: bool


def run(settings: DownSettings) -> int:
    platform().need_rights("down")
    directory = StateDir(settings.state_dir).chosen(settings.network_id)
    enrollment = directory.enrolled()
    directory.save_down(Down(keeps_seal=settings.keeps_seal))
    if not Takeover(directory).tell() or not _is_done_by_agent(directory):
        directory.lock.claim()
        take_down(directory, enrollment)
    bundle = last_bundle(directory, enrollment)
    seal = seal_of(enrollment.interface, bundle) if bundle is not None else "none"
    shown = IsDown(enrollment.network_id, enrollment.interface, is_sealed=seal == "sealed")
    say(shown, _text(shown, is_full=seal != "none"), settings.is_json)
    return EXIT_DONE


def _is_done_by_agent(directory: EnrollmentDir) -> bool:
    """Wait for it; False: the agent has ended meanwhile, which may be for good."""
    deadline = monotonic() + WITHIN_S
    ended_at_s: float | None = None
    while (down := directory.down()) is not None and not down.is_done:
        now_s = monotonic()
        ended_at_s = None if directory.lock.is_held() else ended_at_s or now_s
        if ended_at_s is not None and now_s - ended_at_s > BEGINS_WITHIN_S:
            return False
        if now_s > deadline:
            raise NotUp(
                f"the agent has not taken the tunnel down in {WITHIN_S:.0f} s; it will when it starts again:"
                " systemctl restart wirety-agent"
            )
        sleep(POLL_S)
    return True


def _text(shown: IsDown, is_full: bool) -> str:
    text = f"{shown.interface} is down and stays so until wirety-agent up"
    if not is_full:
        return text
    if shown.is_sealed:
        return f"{text}; this host stays sealed: nothing leaves it but to the local network"
    return f"{text}; until then this host's traffic goes its own way, in the clear"
