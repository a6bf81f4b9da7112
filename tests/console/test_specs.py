"""What a person does in a real browser against the deployed system, each file of it an item."""

import json
import re
from pathlib import Path

import pytest

from infra.stack.console import FRONTEND
from infra.stack.local_stack import INFO, LocalStack
from tests.console.conftest import npx

pytestmark = [pytest.mark.node, pytest.mark.stack, pytest.mark.root]

SPEC_S = 600
OTHER_ISSUER = "other-issuer.spec.ts"
SPECS = sorted(path.name for path in FRONTEND.glob("e2e/*.spec.ts"))


@pytest.mark.parametrize("file", [name for name in SPECS if name != OTHER_ISSUER])
def test_spec(stack: LocalStack, packages: None, tmp_path: Path, file: str) -> None:
    _passes(stack, tmp_path, file)


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
