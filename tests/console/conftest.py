"""Node's side of the tests: packages installed once, results split by file."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.stack.console import FRONTEND, install_packages
from infra.stack.local_stack import LocalStack
from infra.stack.sign_in import Issuer
from tests import rights
from tests.console.provider import provider
from tests.leaks import Leaks, logs_of

UNIT_S = 300


@pytest.fixture(scope="session")
def packages() -> None:
    install_packages()


@pytest.fixture(scope="session")
def unit_results(packages: None, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What vitest said of each file, by its path under frontend/; one run for all of them."""
    report = tmp_path_factory.mktemp("vitest") / "report.json"
    done = npx("vitest", "run", "--reporter=json", f"--outputFile={report}", timeout_s=UNIT_S)
    assert report.exists(), done.stdout + done.stderr
    results = json.loads(report.read_text())["testResults"]
    return {str(Path(result["name"]).relative_to(FRONTEND)): result for result in results}


@pytest.fixture(scope="session")
def other_issuer_stack(
    packages: None, tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config, leaks: Leaks
) -> Iterator[LocalStack]:
    """A system whose people sign in at another provider than its own pool, for an audience of its own. No log of it
    holds a secret."""
    stack = LocalStack(tmp_path_factory.mktemp("other-issuer"), hear=leaks.hear)
    with provider(stack.origin) as running:
        stack.issuer = Issuer(
            running.issuer, running.client_id, audience=running.audience, administrator=running.administrator
        )
        with stack:
            leaks.hear_stack(stack)
            yield stack
            rights.note(stack, pytestconfig)
            leaks.require_none(logs_of(stack.directory))


def npx(
    *arguments: str, timeout_s: float, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["npx", "--no-install", *arguments],
        cwd=FRONTEND,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=timeout_s,
    )
