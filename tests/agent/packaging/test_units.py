"""The units of systemd: their order, their rights, and what a boot does by them."""

import configparser
import os
import re
import shlex
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from ipaddress import ip_network
from pathlib import Path

import pytest

from agent.adapters.files.state_dir import StateDir
from agent.host.firewall.nftables import replacing
from agent.host.tunnel.full_tunnel import seal
from agent.host.tunnel.local_network import LocalNetwork
from tests.agent.builders import NETWORK_ID, a_public_key
from tests.agent.namespace import Namespace
from tests.agent.origin import Origin
from tests.agent.packaging.shipped import INTERFACE, ROOT, WITHIN_S, ran

UNITS = sorted((ROOT / "agent" / "packaging").glob("*.service"))
UNIT, SEAL = (ROOT / "agent" / "packaging" / f"{name}.service" for name in ("wirety-agent", "wirety-agent-seal"))
CAPABILITIES = {"CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_NET_BIND_SERVICE"}
MOST_EXPOSED = 4.0  # of 10, by systemd's own count; a unit without any of this has 9.6


def the_unit() -> configparser.SectionProxy:
    return parsed(UNIT)["Service"]


def parsed(unit: Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(unit)
    return parser


def command_of(unit: Path, setting: str) -> list[str]:
    """As systemd would run it, with this checkout's agent."""
    words = shlex.split(parsed(unit)["Service"][setting].removeprefix("-").replace("$$", "$"))
    return [word.replace("/usr/local/bin/wirety-agent", f"{sys.executable} -m agent") for word in words]


def test_the_unit_grants_three_capabilities_and_ends_the_agent_alone() -> None:
    unit = the_unit()

    assert set(unit["CapabilityBoundingSet"].split()) == CAPABILITIES
    assert (unit["KillMode"], unit["RestartPreventExitStatus"]) == ("process", "3")
    assert (unit["ProtectSystem"], unit["StateDirectory"], unit["StateDirectoryMode"]) == ("strict", "wirety", "0700")


def a_seal() -> str:
    return replacing(seal(INTERFACE, LocalNetwork(subnets=frozenset({ip_network("192.168.1.0/24")})), ()))


def boot(inside: Namespace, state_dir: Path, name: str = "WIRETY_STATE_DIR") -> "subprocess.CompletedProcess[str]":
    inside.sh("nft flush ruleset")
    env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", name: str(state_dir), "PYTHONPATH": str(ROOT)}
    return inside.do(
        lambda: subprocess.run(command_of(SEAL, "ExecStart"), capture_output=True, text=True, timeout=WITHIN_S, env=env)
    )


def test_the_units_order_holds_nothing_up_that_a_host_need_not_wait_for() -> None:
    unit, sealing = parsed(UNIT)["Unit"], parsed(SEAL)["Unit"]

    assert "network-online.target" not in unit["After"] + unit.get("Wants", "")
    assert "wirety-agent-seal.service" in unit["After"]
    assert "network-pre.target" in sealing["Before"]
    assert {"systemd-tmpfiles-setup.service", "nftables.service"} < set(sealing["After"].split())


def test_what_flushes_all_tables_brings_the_seal_back() -> None:
    """Also on a host that was sealed after its boot, whose unit is not active: nftables.service wants it."""
    seal_unit = parsed(SEAL)

    assert seal_unit["Unit"]["PartOf"] == seal_unit["Unit"]["ReloadPropagatedFrom"] == "nftables.service"
    assert "nftables.service" in seal_unit["Install"]["WantedBy"].split()
    assert seal_unit["Service"]["ExecReload"] == seal_unit["Service"]["ExecStart"]
    assert seal_unit["Service"]["EnvironmentFile"] == the_unit()["EnvironmentFile"] == "-/etc/default/wirety-agent"


def test_the_unit_runs_where_a_seal_is_or_where_settings_may_say_another_place() -> None:
    """The `|`: one of them is enough."""
    conditions = {name: text for name, text in parsed(SEAL)["Unit"].items() if name.startswith("Condition")}

    assert conditions == {
        "ConditionPathExistsGlob": "|/var/lib/wirety/*/wy*_seal.nft",
        "ConditionPathExists": "|/etc/default/wirety-agent",
    }
    assert fnmatch(
        str(StateDir(Path("/var/lib/wirety")).of_network(NETWORK_ID).seal_file(INTERFACE)),
        conditions["ConditionPathExistsGlob"].removeprefix("|"),
    )


@pytest.mark.root
@pytest.mark.parametrize("variable", ["WIRETY_STATE_DIR", "STATE_DIR"])
def test_the_boot_seals_by_nft_alone(inside: Namespace, tmp_path: Path, variable: str) -> None:
    nothing = boot(inside, tmp_path, variable)
    ready = tmp_path / NETWORK_ID / f"{INTERFACE}_seal.nft"
    ready.parent.mkdir()
    ready.write_text(a_seal())

    sealed = boot(inside, tmp_path, variable)

    assert (nothing.returncode, sealed.returncode, sealed.stdout + sealed.stderr) == (0, 0, "")
    assert "192.168.1.0/24" in inside.sh(f"nft list table inet {INTERFACE}_seal")


@pytest.mark.root
@pytest.mark.parametrize("damage", [0, 20, -40])
def test_a_boot_whose_seal_is_damaged_is_shut(inside: Namespace, tmp_path: Path, damage: int) -> None:
    os.chdir(ROOT)
    ready = tmp_path / NETWORK_ID / f"{INTERFACE}_seal.nft"
    ready.parent.mkdir()
    ready.write_text(a_seal()[:damage])

    done = boot(inside, tmp_path)

    shut = inside.sh(f"nft list table inet {INTERFACE}_seal")
    assert done.returncode == 1
    assert "is damaged" in done.stderr
    assert ("chain hold" in shut, "192.168.1.0" in shut) == (True, False)


@pytest.mark.root
def test_what_a_kill_left_unpacked_goes_at_the_next_start_but_not_under_a_guard_that_runs(tmp_path: Path) -> None:
    left, used = tmp_path / "_MEIleft", tmp_path / "_MEIused"
    for directory in (left, used):
        directory.mkdir()
    program = used / "sleep"
    shutil.copy("/bin/sleep", program)
    guard = subprocess.Popen([program, "60"])
    try:
        subprocess.run(
            command_of(UNIT, "ExecStartPre"), env={"PATH": "/usr/bin:/bin", "TMPDIR": str(tmp_path)}, check=True
        )
        there = (left.exists(), used.exists())
    finally:
        guard.kill()
        guard.wait()

    assert there == (False, True)
    assert the_unit()["Environment"] == "TMPDIR=/var/cache/wirety"
    assert the_unit()["CacheDirectory"] == "wirety"


@pytest.mark.root
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_takes_the_unit_and_counts_little_exposure(unit: Path, tmp_path: Path) -> None:
    copy = tmp_path / unit.name
    copy.write_text(unit.read_text().replace("/usr/local/bin/wirety-agent", sys.executable))

    verified = subprocess.run(["systemd-analyze", "verify", str(copy)], capture_output=True, text=True)
    counted = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", str(copy)], capture_output=True, text=True
    )

    assert (verified.returncode, verified.stderr) == (0, "")
    found = re.search(r"exposure level for \S+: (\d+\.\d)", counted.stdout)
    assert found is not None, counted.stderr
    assert float(found[1]) <= MOST_EXPOSED


@pytest.mark.root
def test_the_units_capabilities_are_enough_for_a_jump(inside: Namespace, origin: Origin, tmp_path: Path) -> None:
    """Root with these alone: it makes interface, routes, table and forwarding, and takes them down."""
    granted = ",".join(["-all", *(f"+{name.removeprefix('CAP_').lower()}" for name in sorted(CAPABILITIES))])
    limited = ("setpriv", "--bounding-set", granted, "--no-new-privs", sys.executable, "-m", "agent")
    place = ("--state-dir", str(tmp_path))
    # `python -m` finds the agent in the working directory
    os.chdir(ROOT)
    enrolled = ran(inside, *limited, "enroll", "--server", origin.url, "--token", "token", *place)

    done = ran(inside, *limited, "run", "--once", *place)
    peers = inside.sh(f"wg show {INTERFACE} peers").strip()
    table = inside.sh("nft list tables")
    left = ran(inside, *limited, "leave", *place)

    assert (enrolled.returncode, done.returncode, left.returncode) == (0, 0, 0), done.stderr + left.stderr
    assert peers == a_public_key("hub")
    assert INTERFACE in table
    assert INTERFACE not in inside.sh("ip link show; nft list tables")
