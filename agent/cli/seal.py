"""`seal`: at boot, before there is a network, for hosts that send everything through their tunnel."""

from agent.adapters.commands import Commands
from agent.adapters.seals import load_seal, load_seals
from agent.adapters.state_dir import EnrollmentDir
from agent.cli import assembly
from agent.cli.answers import EXIT_DONE, Complaints
from agent.enrollment import Enrollment
from agent.errors import StateUnusable
from agent.keys import wireguard_public_key
from agent.settings import SealSettings
from agent.trust import Trust
from agent.tunnel.desired import desired


def run(settings: SealSettings) -> int:
    """Reads files and asks nobody, for there is no network yet; one enrolment's trouble is not another's."""
    code = EXIT_DONE
    for loaded in load_seals(settings.state_dir, Commands()):
        if loaded.is_whole:
            print(f"{loaded.table}: sealed until the agent brings the tunnel up")
        else:
            code = Complaints(is_json=False).fail(
                StateUnusable(
                    f"{settings.state_dir}: the file of {loaded.table} is damaged; nothing leaves this host, not even"
                    " to its local network, until its agent has run"
                )
            )
    return code


def shut(directory: EnrollmentDir, enrollment: Enrollment) -> bool:
    """Seal a host that had full encapsulation, or whose last good bundle has it; whether it is one."""
    ready = directory.seal_file(enrollment.interface)
    if ready.exists():
        load_seal(ready, Commands())
        return True
    saved = directory.bundle(enrollment, Trust(directory.keyring(enrollment), lambda _: None))
    if saved is None:
        return False
    wanted = desired(saved.bundle, wireguard_public_key(enrollment.keys.private_key))
    return assembly.tunnel(directory, enrollment, saved=saved).close(wanted)
