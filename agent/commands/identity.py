"""`identity export|import`: a jump moves to another machine with its keys, so that no static file is void."""

import getpass
import os
import sys
from pathlib import Path
from typing import assert_never

import msgspec

from agent.adapters.files.state_dir import StateDir
from agent.adapters.files.whole_files import read, write_whole
from agent.commands.answers import EXIT_DONE, say
from agent.errors import IdentityUnusable
from agent.identity.enrollment import Enrollment
from agent.identity.sealed_file import Identity, seal, unseal
from agent.settings import ExportSettings, ImportSettings

STDIN = "-"


class Moved(msgspec.Struct, frozen=True):
    network_id: str
    peer_id: str
    file: str


def run(settings: ExportSettings | ImportSettings) -> int:
    match settings:
        case ExportSettings():
            return _export(settings)
        case ImportSettings():
            return _import(settings)
        case _:
            assert_never(settings)


def _export(settings: ExportSettings) -> int:
    directory = StateDir(settings.state_dir).chosen(settings.network_id)
    enrollment = directory.enrolled()
    if directory.has_ended():
        raise IdentityUnusable("this peer was deleted: its identity is worth nothing any more")
    if settings.file.exists():
        raise IdentityUnusable(f"{settings.file} is there already: name another file")
    passphrase = _passphrase(settings.passphrase_file, is_new=True)
    moved = msgspec.structs.replace(enrollment, former_interfaces=[])
    write_whole(settings.file, seal(Identity(enrollment=moved, keyring=directory.keyring(enrollment)), passphrase))
    text = (
        f"{settings.file} holds {enrollment.peer_id}, sealed. Keep it and the passphrase apart, off this machine.\n"
        "Who has both is this peer. It grows old when this host enrols anew or changes its key: export again then."
    )
    say(_moved(enrollment, settings), text, settings.is_json)
    return EXIT_DONE


def _import(settings: ImportSettings) -> int:
    content = read(settings.file)
    if content is None:
        raise IdentityUnusable(f"{settings.file} is not there")
    identity = unseal(content, _passphrase(settings.passphrase_file, is_new=False))
    enrollment = StateDir(settings.state_dir).take_over(identity.enrollment, identity.keyring)
    text = (
        f"this host is {enrollment.peer_id} of {enrollment.network_id} now; next: wirety-agent run\n"
        "The old host must never run its agent again: two hosts with one key take each other's traffic, which is an\n"
        "incident. If it lives, stop its service and say there: wirety-agent leave --local. (Without --local it would\n"
        "revoke this host's key.) Then point the peer's endpoint to this host."
    )
    say(_moved(enrollment, settings), text, settings.is_json)
    return EXIT_DONE


def _moved(enrollment: Enrollment, settings: ExportSettings | ImportSettings) -> Moved:
    return Moved(enrollment.network_id, enrollment.peer_id, str(settings.file))


def _passphrase(file: str | None, is_new: bool) -> str:
    """From a file or stdin, else from the terminal, twice when it is a new one; never from an argument."""
    if file == STDIN:
        return sys.stdin.readline().rstrip("\r\n")
    if file is not None:
        content = read(Path(file))
        if content is None:
            raise IdentityUnusable(f"{file} is not there")
        return os.fsdecode(content).splitlines()[0] if content.strip() else ""
    if not sys.stdin.isatty():
        raise IdentityUnusable(
            "there is no terminal to ask for the passphrase: say --passphrase-file FILE, or - for stdin"
        )
    first = getpass.getpass("Passphrase: ")
    if is_new and getpass.getpass("The same again: ") != first:
        raise IdentityUnusable("the two passphrases differ: nothing was written")
    return first
