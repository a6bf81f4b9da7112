"""The unit that seals a host, under a real systemd as process 1 of namespaces of its own, beside nftables.service."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from agent.host.firewall.nftables import replacing
from agent.host.tunnel.full_tunnel import seal
from agent.host.tunnel.local_network import LocalNetwork
from tests.agent.site import until

pytestmark = pytest.mark.root

PACKAGING = Path(__file__).parents[2] / "agent" / "packaging"
SEAL = "wy00000001_seal"
READY = f"/var/lib/wirety/net_1/{SEAL}.nft"
SYSTEMD = "/usr/lib/systemd/systemd"
WITHIN_S = 30.0

# $1: the cgroup2 hierarchy's own mount is made anew, for its root is this machine's part of it.
START = """
set -e
mount -t tmpfs tmpfs /run
mkdir -p /run/lock /run/upper /run/work /run/lib/wirety/net_1
mount -t overlay overlay -o lowerdir=/etc,upperdir=/run/upper,workdir=/run/work /etc
mount --bind /run/lib /var/lib
umount -R /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
rm -rf /etc/systemd/system/*
: > /etc/machine-id
cp "$0"/* /etc/systemd/system/
mkdir /etc/systemd/system/nftables.service.wants
ln -s ../wirety-agent-seal.service /etc/systemd/system/nftables.service.wants/
exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin "$1" --unit=small.target --log-target=console \
  --show-status=no </dev/null >/run/systemd.log 2>&1
"""
UNITS = {
    "small.target": "[Unit]\nDefaultDependencies=no\nWants=nftables.service\n",
    # As Debian has it: every one of its commands flushes all tables.
    "nftables.service": (
        "[Unit]\nDefaultDependencies=no\nWants=network-pre.target\nBefore=network-pre.target\n"
        "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/usr/sbin/nft -f /etc/systemd/system/nftables.conf\n"
        "ExecReload=/usr/sbin/nft -f /etc/systemd/system/nftables.conf\nExecStop=/usr/sbin/nft flush ruleset\n"
    ),
    "nftables.conf": "flush ruleset\ntable inet host {\n}\n",
}


@dataclass
class Machine:
    """What systemd runs in; `pid` is its process 1."""

    pid: int

    def sh(self, command: str) -> str:
        enter = ["nsenter", "-t", str(self.pid), "-m", "-p", "-n", "-u", "-i", "sh", "-c", command]
        return subprocess.run(enter, capture_output=True, text=True, timeout=WITHIN_S).stdout.strip()

    def has_settled(self) -> bool:
        return self.sh("systemctl is-system-running") in {"running", "degraded"} and not self.sh(
            "systemctl list-jobs --no-legend"
        )

    def do(self, command: str) -> str:
        """The tables once all that follows from a command has happened."""
        self.sh(command)
        until(self.has_settled)
        return self.sh("nft list tables")


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    for name, text in UNITS.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "wirety-agent-seal.service").write_text((PACKAGING / "wirety-agent-seal.service").read_text())
    group = own_cgroup()
    apart = ["unshare", "--mount", "--pid", "--net", "--uts", "--ipc", "--cgroup", "--fork", "--kill-child"]
    within = f'echo $$ > {group}/cgroup.procs; exec "$@"'
    process = subprocess.Popen(
        ["sh", "-c", within, "sh", *apart, "--mount-proc", "sh", "-c", START, str(tmp_path), SYSTEMD]
    )
    try:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        until(lambda: b"systemd\0" in first_child_command(children))
        made = Machine(int(children.read_text()))
        until(made.has_settled)
        yield made
    finally:
        process.kill()
        process.wait()
        until(lambda: not (group / "cgroup.events").read_text().startswith("populated 1"))
        for directory, _, _ in os.walk(group, topdown=False):
            Path(directory).rmdir()


def own_cgroup() -> Path:
    mounts = (line.split() for line in Path("/proc/self/mounts").read_text().splitlines())
    root = next(Path(words[1]) for words in mounts if words[2] == "cgroup2")
    made = root / f"wirety-boot-{os.getpid()}"
    made.mkdir()
    return made


def first_child_command(children: Path) -> bytes:
    try:
        return Path(f"/proc/{int(children.read_text())}/cmdline").read_bytes()
    except (OSError, ValueError):
        return b""


def keep_seal(machine: Machine) -> None:
    text = replacing(seal(SEAL.removesuffix("_seal"), LocalNetwork(), ()))
    Path(f"/proc/{machine.pid}/root{READY}").write_text(text)


def test_a_host_without_a_seal_skips_the_unit_and_one_that_got_it_since_is_sealed_by_every_flush(
    machine: Machine,
) -> None:
    without = machine.do("true"), machine.sh("systemctl is-active wirety-agent-seal")
    keep_seal(machine)

    tables = [machine.do(f"systemctl {verb} nftables") for verb in ("restart", "reload", "restart")]
    stopped = machine.do("systemctl stop nftables")
    started = machine.do("systemctl start nftables")

    assert without == ("table inet host", "inactive")
    assert tables == [f"table inet host\ntable inet {SEAL}"] * 3
    assert (stopped, started) == ("", tables[0])


def test_the_units_sandbox_lets_the_seal_be_loaded_and_settings_may_name_another_directory(machine: Machine) -> None:
    keep_seal(machine)
    machine.sh(f"mkdir -p /etc/default /var/lib/else/net_1 && mv {READY} /var/lib/else/net_1/")
    machine.sh("echo STATE_DIR=/var/lib/else > /etc/default/wirety-agent")

    tables = machine.do("systemctl restart wirety-agent-seal")

    assert (tables, machine.sh("systemctl is-active wirety-agent-seal")) == (
        f"table inet host\ntable inet {SEAL}",
        "active",
    )
