"""What other services do to full encapsulation, as far as a host's files and systemd tell."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from agent.adapters.linux.services import seal_unit_state, what_networkd_takes
from agent.adapters.linux.tools import Commands
from agent.errors import ToolMissing

RULES, ROUTES = "ManageForeignRoutingPolicyRules", "ManageForeignRoutes"
PACKAGING = Path(__file__).parents[4] / "agent" / "packaging"


@dataclass(frozen=True, slots=True)
class Said(Commands):
    said: str = "active\n"

    def run(self, *argv: str, stdin: str = "") -> str:
        return self.said


@dataclass(frozen=True, slots=True)
class NoTool(Commands):
    def run(self, *argv: str, stdin: str = "") -> str:
        raise ToolMissing("sh is not installed")


def write(root: Path, place: str, text: str) -> None:
    file = root / place
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def test_networkd_takes_what_is_not_its_own_unless_told() -> None:
    assert what_networkd_takes(Said(), Path("/nowhere")) == (RULES, ROUTES)


@pytest.mark.parametrize("said", ["inactive\n", "unknown\n", ""])
def test_a_networkd_that_does_not_run_takes_nothing(said: str) -> None:
    assert what_networkd_takes(Said(said=said), Path("/nowhere")) == ()
    assert what_networkd_takes(NoTool(), Path("/nowhere")) == ()


def test_the_drop_in_that_is_shipped_tells_it_to_leave_both(tmp_path: Path) -> None:
    write(tmp_path, "etc/systemd/networkd.conf", f"[Network]\n#{RULES}=yes\n")
    write(tmp_path, "etc/systemd/networkd.conf.d/wirety.conf", (PACKAGING / "networkd.conf").read_text())

    assert what_networkd_takes(Said(), tmp_path) == ()


def test_a_later_file_wins_and_of_one_name_the_administrators(tmp_path: Path) -> None:
    write(tmp_path, "etc/systemd/networkd.conf.d/wirety.conf", f"[Network]\n{RULES}=no\n{ROUTES}=no\n")
    write(tmp_path, "usr/lib/systemd/networkd.conf.d/zz.conf", f"[Network]\n{RULES}=yes\n{ROUTES}=true\n")
    write(tmp_path, "etc/systemd/networkd.conf.d/zz.conf", f"[Network]\n{RULES}=on\n[DHCPv4]\n{ROUTES}=yes\n")

    assert what_networkd_takes(Said(), tmp_path) == (RULES,)


def test_a_file_that_is_none_says_nothing(tmp_path: Path) -> None:
    write(tmp_path, "etc/systemd/networkd.conf", "ManageForeignRoutes=no\n")

    assert what_networkd_takes(Said(), tmp_path) == (RULES, ROUTES)


def test_the_seals_unit_is_as_systemd_says() -> None:
    assert seal_unit_state(Said(said="disabled\n")) == "disabled"
    assert seal_unit_state(NoTool()) is None
