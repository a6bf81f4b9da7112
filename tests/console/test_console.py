"""The console's own tests, each file an item: units in jsdom, size and style. Specs: test_specs.py."""

import json
from typing import Any

import pytest

from infra.stack.console import FRONTEND, built_console
from tests.console.conftest import npx

pytestmark = pytest.mark.node

CHECK_S = 600
UNITS = sorted(str(path.relative_to(FRONTEND)) for path in FRONTEND.glob("src/**/*.test.ts*"))
CHECKS = {
    "types fit": ("tsc", "--noEmit"),
    "style": ("biome", "ci", "."),
    "generated types are the contract's": (
        "openapi-typescript",
        *("../docs/openapi.json", "-o", "src/api/schema.ts", "--check"),
        *("--empty-objects-unknown", "--default-non-nullable", "false"),
    ),
    "generated rules are the contract's": ("node", "scripts/rules.mjs", "--check"),
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
    done = npx(*check, timeout_s=CHECK_S)

    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]


def test_what_the_browser_loads_is_within_the_budget() -> None:
    done = npx("node", "scripts/size.mjs", str(built_console()), "--json", timeout_s=CHECK_S)

    assert done.returncode == 0, done.stdout + done.stderr
    assert all(0 < part["kb"] <= part["budget_kb"] for part in json.loads(done.stdout).values())
