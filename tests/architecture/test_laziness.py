"""A process pays only for what it uses: import time is cold-start time."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("use", "is_loaded"),
    [("app", False), ("container().api_tokens", False), ("container().people", True)],
    ids=["an import", "an API token", "a person"],
)
def test_only_a_person_loads_what_checks_their_tokens(use: str, is_loaded: bool) -> None:
    program = (
        f"import sys, app; from chalicelib.bootstrap.container import container; {use}; "
        "print('jwt' in sys.modules, 'chalicelib.adapters.identity.oidc' in sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)

    assert done.stdout.split() == [str(is_loaded)] * 2, done.stderr


def test_only_an_agent_with_a_zone_loads_the_server_of_names() -> None:
    program = (
        "import sys, agent.__main__; from agent.adapters.dns.names import DnsNames; "
        "names = DnsNames(); names.apply(None); "
        "print(*(name in sys.modules for name in ('asyncio', 'dns', 'agent.adapters.dns.server')))"
    )

    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)

    assert done.stdout.split() == ["False"] * 3, done.stderr


def test_the_command_line_of_the_agent_is_read_without_the_libraries_of_its_work() -> None:
    program = (
        "import sys, agent.__main__; from agent.settings import parse; parse(['status'], {}); "
        "print(*(name in sys.modules for name in ('cryptography', 'urllib3', 'websocket', 'agent.core.step')))"
    )

    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)

    assert done.stdout.split() == ["False"] * 4, done.stderr


def test_every_command_of_the_agent_has_a_module_of_its_own() -> None:
    program = (
        "import importlib, typing, agent.settings as s, agent.__main__ as m; "
        "assert set(m.MODULES) == set(typing.get_args(s.Settings)); "
        "print(all(callable(importlib.import_module(f'agent.commands.{name}').run) for name in m.MODULES.values()))"
    )

    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)

    assert done.stdout.strip() == "True", done.stderr
