"""`debug`: what helps to find a fault, in one archive, without secrets."""

import contextlib
import io
import os
import re
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from time import time

import msgspec

from agent.adapters.files.enrollment_dir import EnrollmentDir
from agent.adapters.files.state_dir import StateDir
from agent.adapters.files.whole_files import write_whole
from agent.adapters.linux.tools import Commands
from agent.commands import doctor, plan, planning, version
from agent.commands.answers import EXIT_DONE, say
from agent.commands.redaction import Redaction, of_fields, of_settings
from agent.commands.status import last_bundle, shown_of
from agent.core.status import text as status_text
from agent.errors import AgentError, StateUnusable
from agent.identity.keys import wireguard_public_key
from agent.settings import DebugSettings, DoctorSettings, PlanSettings

TIMEOUT_S = 15
MOST_BYTES = 8 << 20  # of one file
DEFAULTS = Path("/etc/default/wirety-agent")
FILES = (DEFAULTS, Path("/etc/resolv.conf"), Path("/etc/os-release"), Path("/proc/locks"), Path("/proc/net/dev"))
# Of the environment, what may matter here.
SHOWN = re.compile(
    r"(WIRETY_\w+|\w*_(proxy|PROXY)|SSL_CERT_\w+|REQUESTS_CA_BUNDLE|PATH|LANG|TMPDIR|INVOCATION_ID|container)="
)
COMMANDS: Mapping[str, tuple[str, ...]] = {
    "ip-address": ("ip", "address", "show"),
    "ip-route": ("ip", "route", "show", "table", "all"),
    "ip-route-6": ("ip", "-6", "route", "show", "table", "all"),
    "ip-rule": ("ip", "rule", "show"),
    "ip-rule-6": ("ip", "-6", "rule", "show"),
    "nft-ruleset": ("nft", "list", "ruleset"),
    "iptables-legacy": ("iptables-legacy-save",),
    "wg": ("wg", "show", "all"),
    "sysctl": (
        "sysctl",
        "-a",
        "--pattern",
        r"^net\.ipv[46]\.(ip_forward|conf\.[^.]*\.(forwarding|rp_filter|src_valid))",
    ),
    "sockets": ("ss", "-lntup"),
    "unit": ("systemctl", "cat", "--no-pager", "wirety-agent", "wirety-agent-seal"),
    "unit-status": ("systemctl", "status", "--no-pager", "--full", "wirety-agent", "wirety-agent-seal"),
    "journal": (
        *("journalctl", "--no-pager", "-n", "5000", "-o", "short-iso-precise"),
        *("-u", "wirety-agent", "-u", "wirety-agent-seal"),
    ),
}


class Collected(msgspec.Struct, frozen=True):
    file: str
    entries: list[str]


def run(settings: DebugSettings) -> int:
    stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    file = settings.file or Path(f"wirety-debug-{stamp}.tar.gz")
    if file.exists():
        raise StateUnusable(f"{file} is there already: name another file")
    directories = _directories(settings)
    texts = dict(_texts(settings, directories))
    redaction = _redaction(directories, texts)
    clean = {name: redaction.redacted(text) for name, text in texts.items()}
    if leaking := [name for name, text in clean.items() if redaction.holds(text)]:
        raise StateUnusable(f"a secret would be left in {', '.join(leaking)}: nothing was written")
    write_whole(file, _archive(clean, f"wirety-debug-{stamp}"))
    said = f"{file} holds {len(clean)} files without keys, tokens and sessions; addresses, names and public keys stay"
    say(Collected(str(file), sorted(clean)), said, settings.is_json)
    return EXIT_DONE


def _directories(settings: DebugSettings) -> list[EnrollmentDir]:
    found = StateDir(settings.state_dir).enrollments()
    return [one for one in found if settings.network_id in (None, one.path.name)]


def _texts(settings: DebugSettings, directories: Iterable[EnrollmentDir]) -> Iterator[tuple[str, str]]:
    yield "version.txt", version.text(version.versions())
    yield "environment.txt", "\n".join(line for line in _environment() if SHOWN.match(line))
    yield "doctor.txt", _doctor(settings)
    for name, words in COMMANDS.items():
        yield f"host/{name}.txt", _said(*words)
    for path in FILES:
        yield f"host/{path.name}", _read(path)
    for directory in directories:
        place = f"enrollments/{directory.path.name}"
        yield f"{place}/status.txt", _tried(lambda one=directory: status_text(shown_of(one)))  # type: ignore[misc]
        yield f"{place}/plan.txt", _tried(lambda one=directory: _plan(settings, one))  # type: ignore[misc]
        for path in sorted(one for one in directory.path.iterdir() if one.is_file()):
            yield f"{place}/{path.name}", _read(path)


def _plan(settings: DebugSettings, directory: EnrollmentDir) -> str:
    asked = PlanSettings(settings.state_dir, directory.path.name, is_json=False, is_fetched=False, is_insecure=False)
    return planning.text(plan.planned(asked))


def _doctor(settings: DebugSettings) -> str:
    said = io.StringIO()
    asked = DoctorSettings(settings.state_dir, settings.network_id, server=None, is_json=False)
    with contextlib.redirect_stdout(said):
        error = _tried(lambda: f"exit code {doctor.run(asked)}")
    return f"{said.getvalue()}{error}"


def _redaction(directories: Iterable[EnrollmentDir], texts: Mapping[str, str]) -> Redaction:
    """Knows the secrets of files, of settings, of this process's environment and of the interfaces."""
    secrets, public = set[str](), set[str]()
    for name, text in texts.items():
        if name.startswith("enrollments/"):
            secrets |= of_fields(text)
    for lines in ("\n".join(_environment()), _read(DEFAULTS)):
        secrets |= of_settings(lines)
    for directory in directories:
        with contextlib.suppress(AgentError):
            enrollment = directory.enrolled()
            keys, ring = enrollment.keys, directory.keyring(enrollment)
            secrets |= {one for one in (keys.private_key, keys.device_key, keys.next_private_key) if one}
            public |= {one for one in (ring.pinned, ring.current, ring.successor, ring.former) if one}
            public.add(wireguard_public_key(keys.private_key))
            bundle = last_bundle(directory, enrollment)
            public |= {peer.public_key for peer in bundle.peers} if bundle is not None else set()
            secrets |= {word for word in _said("wg", "show", enrollment.interface, "private-key").split() if word}
            shared = _said("wg", "show", enrollment.interface, "preshared-keys").splitlines()
            secrets |= {words[1] for line in shared if len(words := line.split()) == 2 and words[1] != "(none)"}
    return Redaction(secrets, public)


def _environment() -> list[str]:
    return [f"{name}={value}" for name, value in sorted(os.environ.items())]


def _archive(texts: Mapping[str, str], root: str) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        for name, text in texts.items():
            content = text.encode(errors="replace")
            entry = tarfile.TarInfo(f"{root}/{name}")
            entry.size, entry.mode, entry.mtime = len(content), 0o600, int(time())
            archive.addfile(entry, io.BytesIO(content))
    return made.getvalue()


def _said(*words: str) -> str:
    return _tried(lambda: Commands(TIMEOUT_S).run(*words))


def _tried(look: Callable[[], str]) -> str:
    """What cannot be had is said in its place."""
    try:
        return look()
    except AgentError as failed:
        return f"({failed})"


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(MOST_BYTES).decode(errors="replace")
    except OSError as refused:
        return f"({refused.strerror})"
