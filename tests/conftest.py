"""The deployed system, once a session, for the tests that look at it from outside; and which rights its roles used."""

import functools
import json
from collections.abc import Iterator
from dataclasses import astuple
from typing import Any

import pytest
from botocore.loaders import JSONFileLoader
from hypothesis import settings

from infra.package import package
from infra.stack.local_stack import LocalStack
from tests import rights
from tests.leaks import KNOWN, Leaks, logs_of
from tests.rights import UNUSED, USED, Right

settings.register_profile("shared", deadline=None)  # no test depends on seconds
settings.load_profile("shared")

# a client is made for each store of each test, and reads a megabyte of models: they are parsed once
JSONFileLoader.load_file = staticmethod(functools.cache(JSONFileLoader().load_file))  # type: ignore[method-assign]

SLOWEST_FIRST = (
    *("console/test_specs.py", "dataplane/test_failover.py", "dataplane/test_cut_off.py", "stack/test_contract.py"),
    *(f"dataplane/test_{name}.py" for name in ("firewall", "survival", "agents", "rotation")),
    *("architecture/test_checks.py", "dataplane", "stack", "console", "agent/packaging", "agent/test_guard.py"),
    *(
        "agent/adapters/linux/test_host_watch.py",
        "agent/adapters/linux",
        "agent/test_",
        "agent/commands",
        "contracts",
        "application/test_costs.py",
    ),
    *("flows", "dialects"),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where processes take a file after the other, the long ones are not to be the last."""
    items.sort(key=lambda item: next((n for n, begin in enumerate(SLOWEST_FIRST) if _is_in(item, begin)), 99))


def _is_in(item: pytest.Item, place: str) -> bool:
    return item.nodeid.startswith(f"tests/{place}")


@pytest.fixture(scope="session")
def leaks() -> Leaks:
    """The secrets that the tests of a deployed system make."""
    return KNOWN


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config, leaks: Leaks) -> Iterator[LocalStack]:
    """The packaged template on a local cloud of the tests' own, on free ports. No log of it holds a secret."""
    with LocalStack(tmp_path_factory.mktemp("stack"), hear=leaks.hear) as started:
        leaks.hear_stack(started)
        yield started
        rights.note(started, pytestconfig)
        leaks.require_none(logs_of(started.directory))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rights", action="store_true", help="list rights that no test used though not all run")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[USED] = set()


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """A process beside others hands over what its systems did; the one that has it all fails a whole run if need be."""
    config, used = session.config, session.config.stash[USED]
    if hasattr(config, "workeroutput"):
        config.workeroutput["rights"] = [astuple(right) for right in used]
    elif config.option.rights or (exitstatus == pytest.ExitCode.OK and _is_whole(config)):
        template = json.loads((package() / "sam.json").read_text())
        config.stash[UNUSED] = rights.unused(template, used)
        if config.stash[UNUSED] and exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """What a process of pytest-xdist handed over, unless it crashed."""
    node.config.stash[USED].update(Right(*of_it) for of_it in getattr(node, "workeroutput", {}).get("rights", []))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for right in config.stash.get(UNUSED, []):
        terminalreporter.write_line(f"FAILED no test used a right that a role has, {right}", red=True)
    if config.stash.get(UNUSED, []):
        terminalreporter.write_line(
            "Take them out of .chalice/policy-*.json, or test them, or explain them in tests/rights.py"
        )


def _is_whole(config: pytest.Config) -> bool:
    """Whether all tests were asked for."""
    asked_for_less = config.option.keyword or config.option.markexpr or config.option.deselect
    return config.args_source is pytest.Config.ArgsSource.TESTPATHS and not asked_for_less
