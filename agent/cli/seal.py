"""`seal`: at boot, before there is a network, for hosts that send everything through their tunnel."""

from agent.adapters.state_dir import EnrollmentDir, StateDir
from agent.cli import assembly
from agent.cli.answers import EXIT_DONE, Complaints
from agent.errors import AgentError, StateUnusable
from agent.keys import wireguard_public_key
from agent.settings import SealSettings
from agent.trust import Trust
from agent.tunnel.desired import desired


def run(settings: SealSettings) -> int:
    """Reads files and asks nobody, for there is no network yet; one enrolment's trouble is not another's."""
    code = EXIT_DONE
    for directory in StateDir(settings.state_dir).enrollments():
        try:
            if _is_due(directory) and _is_sealed(directory):
                print(f"{directory.path.name}: sealed until its agent brings the tunnel up")
        except AgentError as failed:
            code = Complaints(is_json=False).fail(StateUnusable(f"{directory.path.name}: {failed}"))
    return code


def _is_due(directory: EnrollmentDir) -> bool:
    """Not of a peer that was deleted, nor of a tunnel that was taken down with its seal."""
    down = directory.down()
    return not directory.has_ended() and (down is None or down.keeps_seal)


def _is_sealed(directory: EnrollmentDir) -> bool:
    enrollment = directory.enrolled()
    saved = directory.bundle(enrollment, Trust(directory.keyring(enrollment), lambda _: None))
    if saved is None:
        return False
    wanted = desired(saved.bundle, wireguard_public_key(enrollment.keys.private_key))
    return assembly.tunnel(directory, enrollment, saved=saved).close(wanted)
