"""`seal`: at boot, before there is a network, for hosts that send everything through their tunnel."""

from agent.adapters.linux.seals import load_seals
from agent.adapters.linux.tools import Commands
from agent.commands.answers import EXIT_DONE, Complaints
from agent.errors import StateUnusable
from agent.settings import SealSettings


def run(settings: SealSettings) -> int:
    """Reads files and asks nobody, for there is no network yet; one enrolment's trouble is not another's."""
    code = EXIT_DONE
    for loaded in load_seals(settings.state_dir, Commands()):
        if loaded.is_whole:
            print(f"{loaded.table}: sealed until the agent brings the tunnel up")
        else:
            said = (
                f"{settings.state_dir}: the file of {loaded.table} is damaged; nothing leaves this host, not even to"
                " its local network, until its agent has run"
            )
            code = Complaints(is_json=False).fail(StateUnusable(said))
    return code
