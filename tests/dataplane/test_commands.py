"""plan, run --once, doctor and leave of real agents against the deployed stack."""

import json
from pathlib import Path
from typing import Any

import pytest

from chalicelib.wire.peers import CreateDynamic
from infra.demo.agent import STATE_DIR, Agent
from infra.demo.deployment import Deployment
from infra.demo.fleet import Fleet
from infra.demo.waiting import until
from tests.dataplane.fleets import standing_fleet, standing_lab

__all__ = ["standing_fleet", "standing_lab"]  # fixtures; the last tests make the sites leave
pytestmark = [pytest.mark.dataplane, pytest.mark.root, pytest.mark.stack]

ARRIVES_S = 60.0
EXIT_PEER_DELETED = 3
MOST_RSS_MB = 45.0
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}


@pytest.fixture
def command(deployment: Deployment) -> str:
    return deployment.agent_command


def run(agent: Agent, command: str, *words: str) -> str:
    return agent.node.run(command, *words, "--state-dir", STATE_DIR, env=ENVIRONMENT, timeout_s=ARRIVES_S)


def planned(agent: Agent, command: str, *words: str) -> Any:
    return json.loads(run(agent, command, "plan", "--json", *words))


def lists(agent: Agent, public_key: str | None) -> bool:
    return any(public_key in wg.peers for wg in agent.node.wg().values())


def resident_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def asked(agent: Agent, command: str, *words: str) -> Any:
    """Of a command with --json, whatever its exit code is."""
    done = agent.node.attempt(command, *words, "--json", "--state-dir", STATE_DIR, env=ENVIRONMENT, timeout_s=ARRIVES_S)
    return json.loads(done.stdout or done.stderr)


def without(folder: Path, tool: str) -> Path:
    """A folder with links to every program of this host but one."""
    for directory in ENVIRONMENT["PATH"].split(":"):
        for program in Path(directory).iterdir():
            link = folder / program.name
            if program.name != tool and not link.is_symlink():
                link.symlink_to(program)
    return folder


def test_an_idle_regular_agent_is_small(fleet: Fleet) -> None:
    site = fleet.agents["site-a"]
    assert site.process is not None

    assert resident_mb(site.process.pid) <= MOST_RSS_MB


def test_doctor_finds_a_host_behind_nat_healthy(fleet: Fleet, command: str) -> None:
    report = json.loads(run(fleet.agents["site-a"], command, "doctor", "--json"))

    found = {finding["check"]: finding["level"] for finding in report["findings"]}
    assert report["is_healthy"]
    for check in ("wireguard", "rights", "control_plane", "socket", "clock", "dns", "mtu", "routes", "agent"):
        assert found[check] == "ok", report


def test_a_peer_knows_others_by_name_and_asks_them_through_the_tunnel(fleet: Fleet, command: str) -> None:
    site, other, jump = fleet.agents["site-a"], fleet.agents["site-b"], fleet.jump

    rows = {row["peer_id"]: row for row in asked(site, command, "peers")["peers"]}
    at_jump = {row["peer_id"]: row for row in asked(jump, command, "peers")["peers"]}
    pings = {name: asked(site, command, "ping", name, "--count", "2") for name in (jump.peer.name, other.peer.name)}
    status = asked(site, command, "status")
    checked = site.node.attempt(command, "status", "--check", "--state-dir", STATE_DIR, env=ENVIRONMENT)
    nobody = asked(site, command, "ping", "nobody-at-all")

    assert (rows[jump.peer.id]["role"], rows[jump.peer.id]["name"]) == ("home", jump.peer.name)
    assert (at_jump[site.peer.id]["role"], at_jump[site.peer.id]["name"]) == ("client", site.peer.name)
    assert at_jump[site.peer.id]["handshake_age_s"] is not None
    for pinged in pings.values():
        assert pinged["received"] > 0, pings
    assert pings[other.peer.name]["address"] == other.peer.address
    assert (status["home"], status["home_name"], status["name"]) == (jump.peer.id, jump.peer.name, site.peer.name)
    assert (status["problems"], checked.returncode) == ([], 0)
    assert nobody["error"]["code"] == "peer_unknown"


def test_a_tunnel_that_was_taken_down_stays_so_whatever_changes_until_it_is_up_again(
    fleet: Fleet, command: str
) -> None:
    site, jump = fleet.agents["site-a"], fleet.jump
    assert site.process is not None
    asked(site, command, "down")
    down = asked(site, command, "status")
    fleet.create_static("router", [fleet.prefix(0)])
    until(lambda: jump.status().revision_applied > down["revision_applied"], "the jump has the change", ARRIVES_S)

    still = site.node.wg()
    silent = asked(site, command, "ping", jump.peer.name, "--count", "1")
    run(site, command, "up")
    until(lambda: site.status().is_connected, "the agent is connected again", ARRIVES_S)

    assert (down["is_down"], down["is_running"]) == (True, True)
    assert still == {}
    assert silent["error"]["code"] == "tool_failed"
    assert site.process.is_running
    assert asked(site, command, "ping", jump.peer.name)["received"] > 0


def test_a_plan_of_what_the_control_plane_has_is_what_run_once_then_makes(fleet: Fleet, command: str) -> None:
    site = fleet.agents["site-a"]
    place = ("--state-dir", STATE_DIR)
    until(lambda: site.node.attempt(command, "plan", *place).returncode == 0, "its bundle is on the disk", ARRIVES_S)
    site.stop()
    settled = planned(site, command)
    prefix = fleet.prefix(1)
    fleet.create_static("router-2", [prefix])

    fetched = planned(site, command, "--fetch", "--insecure")
    untouched = planned(site, command)
    run(site, command, "run", "--once", "--insecure")
    done = planned(site, command, "--fetch", "--insecure")
    site.start()
    until(lambda: site.status().is_connected, "the agent is connected again", ARRIVES_S)

    assert settled["steps"] == untouched["steps"] == done["steps"] == []
    assert [step["step"] for step in fetched["steps"]] == ["configure", "network"]
    assert f"route add {prefix}" in fetched["steps"][1]["commands"]
    assert prefix in site.node.run("ip", "route", "show")


def test_who_leaves_is_pending_keeps_its_address_and_comes_back_by_a_new_token(fleet: Fleet, command: str) -> None:
    site, jump = fleet.agents["site-a"], fleet.jump
    known = fleet.api.peer(fleet.network.id, site.peer.id)
    site.stop()

    run(site, command, "leave", "--insecure")
    left = fleet.api.peer(fleet.network.id, site.peer.id)
    until(lambda: not lists(jump, known.public_key), "the jump has forgotten the key", ARRIVES_S)
    again = run(site, command, "leave", "--insecure")

    assert (left.status, left.public_key, left.address) == ("pending", None, known.address)
    assert site.node.wg() == {}
    assert "nothing to leave" in again


def test_a_regular_agent_comes_and_goes_on_a_host_without_nft(fleet: Fleet, command: str, tmp_path: Path) -> None:
    site, place = fleet.agents["site-b"], ("--state-dir", "/run/without-nft")
    node = site.node
    environment = {**ENVIRONMENT, "PATH": str(without(tmp_path, "nft"))}
    created = fleet.api.create_agent_peer(fleet.network.id, CreateDynamic(name="without-nft"))
    assert created.enrollment_token is not None
    site.stop()
    run(site, command, "leave", "--insecure")

    node.run(
        *(command, "enroll", "--server", fleet.origin, "--insecure", "--token", "-", *place),
        stdin=created.enrollment_token,
        env=environment,
    )
    agent = node.spawn(command, "run", "--insecure", *place, env=environment)
    until(lambda: fleet.api.peer(fleet.network.id, created.peer.id).status == "online", "it is online", ARRIVES_S)
    has_tunnel = node.wg() != {}
    fleet.delete(created.peer)
    ended = agent.wait(ARRIVES_S)
    again = node.attempt(command, "run", "--insecure", *place, env=environment, timeout_s=ARRIVES_S)
    left = node.attempt(command, "leave", "--insecure", *place, env=environment, timeout_s=ARRIVES_S)

    assert has_tunnel
    assert (ended, again.returncode, left.returncode) == (EXIT_PEER_DELETED, EXIT_PEER_DELETED, 0), left.stderr
    assert node.wg() == {}
    assert not (node.root / "run/without-nft" / fleet.network.id).exists()
