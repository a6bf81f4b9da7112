"""Seals ready on the disk: what a boot loads before there is a network, and without the agent.

A file `<interface>_seal.nft` in an enrolment's directory is the transaction that seals the host, and its being
there says that the host shall be sealed, whatever has become of the enrolment's other files. The unit
wirety-agent-seal loads it with `nft`; what `nft` does not take is made up for by a seal that lets nothing local out.
"""

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from agent.adapters.files.whole_files import read, remove, write_whole
from agent.adapters.linux.tools import Commands
from agent.errors import StateUnusable, ToolFailed
from agent.host.firewall.nftables import Table, replacing
from agent.host.tunnel.full_tunnel import LAST_CHAIN, SEAL_SUFFIX, seal
from agent.host.tunnel.local_network import NO_LOCAL_NETWORK

SEAL = re.compile(rf"wy[0-9a-f]{{8}}{SEAL_SUFFIX}")
FILES = f"*/wy*{SEAL_SUFFIX}.nft"

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class ReadySeal:
    """`path` is named after the table. A disk that refuses keeps nobody from sealing the host now."""

    path: Path
    _kept: bytes | None = None

    def keep(self, table: Table) -> None:
        """Have this table loaded by the next boot; durable when it returns."""
        text = replacing(table).encode()
        if text == self._kept:
            return
        try:
            if read(self.path) != text:
                write_whole(self.path, text)
        except StateUnusable as refused:
            logger.warning("seal_not_kept", extra={"error": str(refused)})
            return
        self._kept = text

    def verify(self) -> None:
        """Look at the disk again with the next `keep`."""
        self._kept = None

    def is_kept(self) -> bool:
        return self.path.exists()

    def forget(self) -> None:
        """Delete the file, so that the next boot is not sealed. A file that stays seals it until the agent runs."""
        self._kept = None
        try:
            remove(self.path)
        except StateUnusable as refused:
            logger.warning("seal_not_forgotten", extra={"error": str(refused)})

    def others(self) -> list[str]:
        """The tables of the host's other enrolments that have one."""
        return [path.stem for path in _files(self.path.parent.parent) if path != self.path]


@dataclass(frozen=True, slots=True)
class LoadedSeal:
    """`is_whole` False: the file is damaged, and nothing leaves the host but what is marked, DHCP, and neighbour
    discovery."""

    table: str
    is_whole: bool


def load_seals(root: Path, commands: Commands) -> Iterator[LoadedSeal]:
    """Load every seal of a state directory.

    Raises:
        ToolFailed: `nft` loads nothing at all.
    """
    for path in _files(root):
        is_whole = _load(path, commands)
        if not is_whole:
            shut = seal(path.stem.removesuffix(SEAL_SUFFIX), NO_LOCAL_NETWORK, ())
            commands.run("nft", "-f", "-", stdin=replacing(shut))
        yield LoadedSeal(path.stem, is_whole)


def _load(path: Path, commands: Commands) -> bool:
    """Load one file; whether the whole table is there afterwards: an empty file is no error to `nft`."""
    try:
        commands.run("nft", "-f", str(path))
        commands.run("nft", "list", "chain", "inet", path.stem, LAST_CHAIN)
    except ToolFailed:
        return False
    return True


def _files(root: Path) -> list[Path]:
    return [path for path in sorted(root.glob(FILES)) if SEAL.fullmatch(path.stem)]
