"""Secrets that the tests made, looked for in every log of the systems they made them with.

The front hears all that passes between clients and the APIs: there is each token, key and configuration, but for what
an agent keeps to itself, which is on its host's disk.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from infra.stack import private_file
from infra.stack.local_stack import SECRETS as SECRETS_FILE
from infra.stack.local_stack import LocalStack

SECRETS = {
    "token": re.compile(r"wirety_[a-z]+\.[\w:-]+\.([\w-]{20,})"),
    "signed token": re.compile(r"eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.([\w-]{20,})"),
    "key": re.compile(r"(?:PrivateKey|PresharedKey) = ([A-Za-z0-9+/]{43}=)"),
    "preshared key": re.compile(r'"(?:next_|other_)?preshared_key": ?"([A-Za-z0-9+/]{43}=)"'),
}
ON_A_HOST = re.compile(r'"(?:private_key|device_key|next_private_key)": ?"([A-Za-z0-9+/]{43}=)"')
RUN = re.compile(rb"[^\s\"]{12,}")  # what a secret may be in, whatever stands around it
BEGIN = 12  # characters by which a secret is looked up


@dataclass
class Leaks:
    """`secrets`: each with what it is."""

    secrets: dict[bytes, str] = field(default_factory=dict)

    def hear(self, text: str) -> None:
        """Keep the secrets of something that passed."""
        for kind, pattern in SECRETS.items():
            for found in pattern.findall(text):
                self.keep(found, kind)

    def hear_stack(self, stack: LocalStack) -> None:
        """Keep the secrets that a system was started with."""
        self.hear(stack.info["api_token"])
        self.keep(stack.info["admin_password"], "password")
        self.keep(private_file.read(stack.directory / SECRETS_FILE)["origin_secret"], "origin secret")

    def hear_host(self, state: Path) -> None:
        """Keep the keys that an agent made, by the files of its state directory."""
        for file in state.rglob("*"):
            if file.is_file():
                for found in ON_A_HOST.findall(file.read_bytes().decode(errors="replace")):
                    self.keep(found, "private key")

    def keep(self, secret: str, kind: str) -> None:
        if len(secret) >= BEGIN:
            self.secrets[secret.rstrip("=").encode()] = kind

    def require_none(self, logs: Iterable[Path]) -> None:
        """Raises AssertionError: a log holds a secret; the message says where, without it."""
        index: dict[bytes, list[bytes]] = defaultdict(list)
        for secret in list(self.secrets):
            index[secret[:BEGIN]].append(secret)
        leaks = [f"{log.name}: {leak}" for log in logs if log.is_file() for leak in self._leaks(log, index)]
        assert not leaks, f"secrets in logs: {'; '.join(leaks[:20])}"

    def _leaks(self, log: Path, index: dict[bytes, list[bytes]]) -> Iterator[str]:
        with log.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                for run in RUN.findall(line):
                    for at in range(len(run) - BEGIN + 1):
                        for secret in index.get(run[at : at + BEGIN], ()):
                            if run.startswith(secret, at):
                                shown = line.replace(secret, b"***").decode(errors="replace").strip()
                                yield f"a {self.secrets[secret]} in line {number}, {shown[:200]!r}"


KNOWN = Leaks()
"""What this process's tests made."""


def logs_of(directory: Path) -> list[Path]:
    """Every log below a directory."""
    return sorted(directory.rglob("*.log"))
