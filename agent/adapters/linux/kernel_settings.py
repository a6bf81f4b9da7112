"""The kernel's settings under /proc/sys/net that agents change on a host, remembered so that they can be given back.

One file for all enrolments of the host: two may need the same setting, and the last one to go gives it back. What
it holds is true of one boot and one network namespace; a new one begins with the operator's own settings.
"""

import fcntl
import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from agent.adapters.files.whole_files import make_directory, read, remove, write_whole
from agent.errors import StateUnusable, ToolFailed
from chalicelib.wire.codec import decode, encode

NET = Path("/proc/sys/net")
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
NAMESPACE = Path("/proc/thread-self/ns/net")

logger = logging.getLogger(__name__)


class Changed(msgspec.Struct, frozen=True):
    """What a setting was and what it was made, for these interfaces of agents."""

    before: str
    made: str
    by: frozenset[str]


class Remembered(msgspec.Struct, frozen=True):
    """`host`: the boot and the network namespace. `changed`: by the setting's path below /proc/sys/net."""

    host: str
    changed: dict[str, Changed] = {}


@dataclass(frozen=True, slots=True)
class KernelSettings:
    """For the agent's `interface`. `file` None: nothing is remembered, so nothing given back."""

    interface: str
    file: Path | None = None
    net: Path = field(default=NET)

    def value(self, name: str) -> str | None:
        """The setting's value; None: this kernel has no such setting, or its interface is gone."""
        try:
            return (self.net / name).read_text().strip()
        except OSError:
            return None

    def names(self, pattern: str) -> Sequence[str]:
        return [str(path.relative_to(self.net)) for path in sorted(self.net.glob(pattern))]

    def is_made(self, name: str, value: str) -> bool:
        """Whether the setting has this value, and this agent is among those for whom it keeps it."""
        changed = self.changed.get(name)
        return self.value(name) == value and (changed is None or self.interface in changed.by)

    def make(self, name: str, value: str) -> None:
        """Raises ToolFailed: it cannot be written."""
        with self._remembering() as changed:
            found, before = changed.get(name), self.value(name)
            if found is not None:
                changed[name] = msgspec.structs.replace(found, made=value, by=found.by | {self.interface})
            elif before is not None and before != value:
                changed[name] = Changed(before, value, frozenset({self.interface}))
        self.write(name, value)

    def write(self, name: str, value: str) -> None:
        """Write a setting without remembering it; nothing is written where it has the value. Raises ToolFailed."""
        try:
            if self.value(name) != value:
                (self.net / name).write_text(value)
        except OSError as refused:
            raise ToolFailed(f"/proc/sys/net/{name} cannot be set to {value}: is /proc/sys writable here?") from refused

    @property
    def changed(self) -> Mapping[str, Changed]:
        """The settings that agents of this host changed and have not given back, by name."""
        if self.file is None:
            return {}
        try:
            kept = decode(content, Remembered) if (content := read(self.file)) is not None else None
        except (StateUnusable, msgspec.DecodeError):
            return {}
        return kept.changed if kept is not None and kept.host == _host() else {}

    def give_back(
        self,
        is_meant: Callable[[str], bool] = lambda _: True,
        is_claimed: Callable[[str], bool] = lambda _: False,
    ) -> tuple[str, ...]:
        """Put back what this agent changed, unless somebody changed it since or wants it by now; says what it did,
        a sentence a setting.

        Args:
            is_meant: which ones, by name.
            is_claimed: whether somebody else wants it though its value says nothing.

        Raises:
            ToolFailed: one cannot be written; those before it were given back.
        """
        if not any(self.interface in found.by and is_meant(name) for name, found in self.changed.items()):
            return ()
        said: list[str] = []
        with self._remembering() as changed:
            for name, found in sorted(changed.items()):
                if self.interface not in found.by or not is_meant(name):
                    continue
                others = found.by - {self.interface}
                now = self.value(name)
                if others:
                    changed[name] = msgspec.structs.replace(found, by=others)
                    said.append(f"{_shown(name)} stays {now}: {', '.join(sorted(others))} needs it")
                    continue
                if now in (found.made, found.before) and not is_claimed(name):
                    self.write(name, found.before)
                    said.append(f"{_shown(name)} is {found.before} again")
                elif now is not None:
                    said.append(f"{_shown(name)} stays {now}: somebody else set it since")
                del changed[name]
        return tuple(said)

    @contextmanager
    def _remembering(self) -> Iterator[dict[str, Changed]]:
        """What is remembered, to be changed; a disk that refuses costs the memory and not the setting."""
        if self.file is None:
            yield {}
            return
        try:
            lock = _lock(self.file)
        except OSError as refused:
            logger.warning("settings_not_remembered", extra={"error": str(refused)})
            yield {}
            return
        try:
            before = self.changed
            after = dict(before)
            try:
                yield after
            finally:
                if after != before:
                    self._keep(after)
        finally:
            os.close(lock)

    def _keep(self, changed: dict[str, Changed]) -> None:
        assert self.file is not None
        try:
            if changed:
                write_whole(self.file, encode(Remembered(_host(), changed)))
            else:
                remove(self.file)
        except StateUnusable as refused:
            logger.warning("settings_not_remembered", extra={"error": str(refused)})


def _lock(file: Path) -> int:
    """Lock the file until the answer is closed: agents of other enrolments change it too. Raises OSError."""
    make_directory(file.parent)
    descriptor = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


def _host() -> str:
    return f"{BOOT_ID.read_text().strip()} {NAMESPACE.stat().st_ino}"


def _shown(name: str) -> str:
    return "net." + name.replace("/", ".")
