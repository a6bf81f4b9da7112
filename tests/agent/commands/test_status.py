"""`status`: what a script reads, and that it is in nobody's way."""

import json

import pytest

from tests.agent.builders import (
    NETWORK_ID,
    PEER_ID,
)
from tests.agent.laboratory import INTERFACE, Laboratory

pytestmark = pytest.mark.root


def test_scripts_get_one_json_object_from_each_step(laboratory: Laboratory) -> None:
    place = ("--server", laboratory.origin.url, "--token", laboratory.origin.token)
    enrolled = laboratory.command("enroll", *place, "--json")
    ran = laboratory.command("run", "--once", "--json")
    left = laboratory.command("leave", "--json")
    nothing = laboratory.command("leave", "--json")

    ids = {"network_id": NETWORK_ID, "peer_id": PEER_ID}
    assert json.loads(enrolled.stdout) == {**ids, "interface": INTERFACE, "server": laboratory.origin.url}
    assert json.loads(ran.stdout) == {
        **ids,
        "generation": 0,
        "revision": 1,
        "is_changed": True,
        "is_on_trial": False,
    }
    assert json.loads(left.stdout) == {**ids, "is_told": True, "reason": None, "settings": []}
    assert json.loads(nothing.stdout)["peer_id"] is None
    assert [done.stderr for done in (enrolled, left, nothing)] == ["", "", ""]
    assert all("event" in json.loads(line) for line in ran.stderr.splitlines())


def test_a_script_gets_what_stands_and_why_it_is_not_enough(laboratory: Laboratory) -> None:
    laboratory.enroll()
    laboratory.command("run", "--once")
    laboratory.origin.stop()

    done = laboratory.command("run", "--once", "--json")
    left = laboratory.command("leave", "--json")

    assert (done.returncode, left.returncode, left.stdout) == (4, 4, "")
    assert json.loads(done.stdout)["revision"] == 1
    for failed in (done, left):
        assert json.loads(failed.stderr.splitlines()[-1])["error"]["code"] == "control_plane_away"


def test_several_enrolments_are_shown_one_after_the_other(laboratory: Laboratory) -> None:
    laboratory.enroll()
    laboratory.command("run", "--once")
    other = laboratory.state / "net_2" / "enrollment.json"
    other.parent.mkdir()
    other.write_text((laboratory.state / NETWORK_ID / "enrollment.json").read_text().replace(NETWORK_ID, "net_2"))

    shown = json.loads(laboratory.command("status", "--json").stdout)
    text = laboratory.command("status").stdout
    other.write_text("{")
    with_damage = laboratory.command("status", "--json")

    assert [one["network_id"] for one in shown["enrollments"]] == [NETWORK_ID, "net_2"]
    assert text.count("agent         not running") == 2
    assert with_damage.returncode == 1
    assert [one["network_id"] for one in json.loads(with_damage.stdout)["enrollments"]] == [NETWORK_ID]
    assert "net_2" in json.loads(with_damage.stderr)["error"]["message"]


def test_status_writes_nothing_and_is_in_no_agents_way(laboratory: Laboratory) -> None:
    laboratory.enroll()
    laboratory.command("run", "--once")
    laboratory.inside.sh(
        f"mount --bind {laboratory.state} {laboratory.state} && mount -o remount,ro,bind {laboratory.state}"
    )

    shown = laboratory.command("status", "--json")
    checked = laboratory.command("status", "--check")
    laboratory.inside.sh(f"umount {laboratory.state}")

    assert (shown.returncode, json.loads(shown.stdout)["revision_applied"]) == (0, 1), shown.stderr
    assert (checked.returncode, "no agent runs" in checked.stdout) == (1, True)
