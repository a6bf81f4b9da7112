"""`down` and `up`, by the agent that runs or without one."""

import json
import signal

import pytest

from tests.agent.builders import (
    NETWORK_ID,
    a_bundle,
    a_peer,
    a_public_key,
)
from tests.agent.laboratory import INTERFACE, WITHIN_S, Laboratory, until

pytestmark = pytest.mark.root


def is_up(laboratory: Laboratory) -> bool:
    return INTERFACE in laboratory.inside.sh("ip link show")


def test_a_running_agent_takes_its_tunnel_down_and_up_again_as_it_is_told(laboratory: Laboratory) -> None:
    laboratory.enroll()
    agent = laboratory.start()
    laboratory.origin.wait_for(lambda: laboratory.origin.has_applied(1))
    until(lambda: laboratory.wg("peers") == a_public_key("hub"))

    down = laboratory.command("down")
    downed = (down.returncode, is_up(laboratory), agent.poll())
    status = laboratory.status()
    checked = laboratory.command("status", "--check")
    up = laboratory.command("up")
    until(lambda: laboratory.status()["is_connected"] is True)

    assert downed == (0, False, None), down.stderr
    assert (status["is_down"], status["is_running"], status["pid"]) == (True, True, agent.pid)
    assert (checked.returncode, "wirety-agent up" in checked.stdout) == (1, True)
    assert (up.returncode, up.stdout) == (0, f"{INTERFACE} is up\n")
    assert laboratory.wg("peers") == a_public_key("hub")
    assert agent.poll() is None
    assert laboratory.command("status", "--check").returncode == 0


def test_what_is_down_stays_down_when_the_service_starts_again(laboratory: Laboratory) -> None:
    laboratory.enroll()
    first = laboratory.start()
    laboratory.origin.wait_for(lambda: laboratory.origin.has_applied(1))
    laboratory.command("down")
    first.send_signal(signal.SIGTERM)
    stopped = first.wait(WITHIN_S)

    second = laboratory.start()
    until(lambda: laboratory.log().count("tunnel_left_down") == 2)
    once = laboratory.command("run", "--once")
    second.kill()
    second.wait(WITHIN_S)
    alone = laboratory.command("run", "--once", "--json")

    assert stopped == 0
    assert not is_up(laboratory)
    assert "already runs" in once.stderr
    assert (alone.returncode, json.loads(alone.stderr.splitlines()[-1])["error"]["code"]) == (1, "taken_down")


def test_down_and_up_do_the_work_themselves_where_no_agent_runs(laboratory: Laboratory) -> None:
    laboratory.enroll()
    laboratory.command("run", "--once")

    down = laboratory.command("down", "--json")
    downed = is_up(laboratory)
    up = laboratory.command("up")

    assert json.loads(down.stdout) == {"network_id": NETWORK_ID, "interface": INTERFACE, "is_sealed": False}
    assert not downed
    assert (up.returncode, laboratory.wg("peers")) == (0, a_public_key("hub"))
    assert "revision 1 is in force, changed" in up.stdout
    assert "no agent runs here" in up.stderr


@pytest.mark.parametrize("keeps_seal", [True, False])
def test_a_sealed_host_is_opened_by_down_unless_it_is_to_stay_sealed(laboratory: Laboratory, keeps_seal: bool) -> None:
    hub = a_peer("hub", ["0.0.0.0/0"], endpoint="198.51.100.9:51820")
    laboratory.origin.bundle = a_bundle(1, [hub], full_encapsulation=True)
    laboratory.enroll()
    laboratory.command("run", "--once")

    down = laboratory.command("down", *(["--keep-seal"] if keeps_seal else []))
    is_sealed = f"{INTERFACE}_seal" in laboratory.inside.sh("nft list tables")
    laboratory.inside.sh("nft flush ruleset")
    laboratory.command("seal")  # as at the next boot
    is_sealed_at_boot = f"{INTERFACE}_seal" in laboratory.inside.sh("nft list tables")
    laboratory.command("up")

    assert (down.returncode, is_sealed, is_sealed_at_boot) == (0, keeps_seal, keeps_seal), down.stderr
    assert ("stays sealed" if keeps_seal else "in the clear") in down.stdout
    assert f"{INTERFACE}_seal" in laboratory.inside.sh("nft list tables")
    assert "nothing to do" in laboratory.command("plan").stdout
    laboratory.command("leave", "--local")
