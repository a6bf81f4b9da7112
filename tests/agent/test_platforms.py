"""The command line is read on every operating system, also without the modules of Unix and Linux."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agent import platforms
from agent.adapters.platforms import platform
from agent.errors import PlatformUnsupported
from agent.settings import COMMANDS

ROOT = Path(__file__).parents[2]
ELSEWHERE = """
import contextlib, io, json, socket, sys
from importlib.abc import MetaPathFinder

LINUX_ALONE = ("SO_MARK", "SO_BINDTODEVICE", "AF_NETLINK", "AF_PACKET", "IP_MTU_DISCOVER")
UNIX_ALONE = ("fcntl", "pwd", "grp", "termios", "tty", "pty", "resource", "syslog")

class Missing(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name in UNIX_ALONE:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

for name in UNIX_ALONE:
    sys.modules.pop(name, None)
for name in LINUX_ALONE:
    vars(socket).pop(name, None)
sys.meta_path.insert(0, Missing())
sys.platform = sys.argv[1]

from agent.__main__ import main

def outcome(line):
    said, complained = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(complained):
        try:
            code = main(line.split())
        except SystemExit as ended:
            code = ended.code
    return code, said.getvalue(), complained.getvalue()

outcomes = {line: outcome(line) for line in sys.argv[2:]}
outcomes["modules"] = [name for name in sys.modules if name.startswith("agent.adapters.linux")]
print(json.dumps(outcomes))
"""
HELP = [f"{command.name} --help" for command in COMMANDS]
LINES = ["--version", "--help", *HELP, "status", "status --json", "sing"]

Outcomes = dict[str, list[Any]]  # by the command line: exit code, stdout, stderr


@pytest.fixture(scope="module", params=["darwin", "win32"])
def elsewhere(request: pytest.FixtureRequest) -> tuple[str, Outcomes]:
    """What the command lines come to on another operating system, as `sys.platform` names it."""
    done = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, request.param, *LINES], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return platforms.NAMES[request.param], json.loads(done.stdout)


@pytest.mark.parametrize("line", ["--version", "--help", *HELP])
def test_help_and_version_are_shown_on_every_operating_system(elsewhere: tuple[str, Outcomes], line: str) -> None:
    _, outcomes = elsewhere

    code, said, complained = outcomes[line]

    assert (code, complained) == (0, "")
    assert f"wirety-agent {line.removesuffix('--help').removesuffix('--version')}" in said


def test_a_command_says_which_operating_systems_it_can_work_on(elsewhere: tuple[str, Outcomes]) -> None:
    system, outcomes = elsewhere

    assert outcomes["status"] == [5, "", f"wirety-agent: this agent does not run on {system}: it runs on Linux\n"]


def test_a_script_is_told_by_a_code_that_the_operating_system_is_not_supported(elsewhere: tuple[str, Outcomes]) -> None:
    code, _, complained = elsewhere[1]["status --json"]

    assert (code, json.loads(complained)["error"]["code"]) == (5, "platform_unsupported")


def test_wrong_usage_is_said_before_the_operating_system(elsewhere: tuple[str, Outcomes]) -> None:
    assert elsewhere[1]["sing"][0] == 2


def test_nothing_of_linux_is_imported_on_another_operating_system(elsewhere: tuple[str, Outcomes]) -> None:
    assert elsewhere[1]["modules"] == []


def test_every_operating_system_named_as_supported_has_its_adapters() -> None:
    assert [platform(system).name for system in platforms.MODULES] == ["linux"]


def test_one_that_is_not_named_has_none() -> None:
    with pytest.raises(PlatformUnsupported, match="sunos5"):
        platform("sunos5")


def test_what_decides_knows_no_operating_system() -> None:
    program = (
        "import importlib, pkgutil, sys\n"
        "for name in ('agent.core', 'agent.host', 'agent.identity', 'agent.bundle', 'agent.settings', 'agent.ports'):\n"
        "    package = importlib.import_module(name)\n"
        "    for module in pkgutil.walk_packages(getattr(package, '__path__', ()), f'{name}.'):\n"
        "        importlib.import_module(module.name)\n"
        "print([name for name in sys.modules if name.startswith('agent.adapters.linux')])"
    )

    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60)

    assert (done.stdout.strip(), done.stderr) == ("[]", "")
