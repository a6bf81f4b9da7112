"""The console's own tests, each file an item: units in jsdom, specs in a real browser, size and style."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from infra.stack.console import FRONTEND, built_console
from infra.stack.local_stack import INFO, LocalStack
from tests.console.conftest import npx

pytestmark = pytest.mark.node

SPEC_S = 600
UNITS = sorted(str(path.relative_to(FRONTEND)) for path in FRONTEND.glob("src/**/*.test.ts*"))
OTHER_ISSUER = "other-issuer.spec.ts"
SPECS = sorted(path.name for path in FRONTEND.glob("e2e/*.spec.ts"))
CHECKS = {
    "types fit": ("tsc", "--noEmit"),
    "style": ("biome", "ci", "."),
    "generated types are the contract's": (
        "openapi-typescript",
        *("../docs/openapi.json", "-o", "src/api/schema.ts", "--check"),
        *("--empty-objects-unknown", "--default-non-nullable", "false"),
    ),
}


@pytest.mark.parametrize("file", UNITS)
def test_unit(unit_results: dict[str, Any], file: str) -> None:
    result = unit_results[file]

    failures = [
        f"{test['fullName']}: {message}" for test in result["assertionResults"] for message in test["failureMessages"]
    ]
    assert (result["status"], failures) == ("passed", []), result.get("message")
    assert result["assertionResults"], "no test in it"


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS.keys())
def test_check(packages: None, check: tuple[str, ...]) -> None:
    done = npx(*check, timeout_s=SPEC_S)

    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]


def test_what_the_browser_loads_is_within_the_budget() -> None:
    done = npx("node", "scripts/size.mjs", str(built_console()), "--json", timeout_s=SPEC_S)

    assert done.returncode == 0, done.stdout + done.stderr
    assert all(0 < part["kb"] <= part["budget_kb"] for part in json.loads(done.stdout).values())


@pytest.mark.stack
@pytest.mark.root
@pytest.mark.parametrize("file", [name for name in SPECS if name != OTHER_ISSUER])
def test_spec(stack: LocalStack, packages: None, tmp_path: Path, file: str) -> None:
    _passes(stack, tmp_path, file)


@pytest.mark.stack
@pytest.mark.root
def test_spec_of_another_issuer(other_issuer_stack: LocalStack, tmp_path: Path) -> None:
    _passes(other_issuer_stack, tmp_path, OTHER_ISSUER)


def _passes(stack: LocalStack, tmp_path: Path, file: str) -> None:
    environment = {
        "WIRETY_INFO": str(stack.directory / INFO),
        "WIRETY_E2E_OUTPUT": str(tmp_path),
        "PLAYWRIGHT_JSON_OUTPUT_NAME": str(tmp_path / "report.json"),
    }
    done = npx(
        *("playwright", "test", "--reporter=line,json", f"e2e/{re.escape(file)}"),
        timeout_s=SPEC_S,
        environment=environment,
    )

    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
    stats = json.loads((tmp_path / "report.json").read_text())["stats"]
    assert stats["expected"] > 0
    assert (stats["unexpected"], stats["flaky"], stats["skipped"]) == (0, 0, 0)
