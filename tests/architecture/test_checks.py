"""Style, types, layers and template are tests like any other."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from infra.package import package
from tests import rights

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


@pytest.mark.parametrize(
    "check",
    ["ruff check .", "ruff format --check .", "mypy", "lint-imports"],
)
def test_the_code_passes(check: str) -> None:
    tool, *arguments = check.split()

    done = subprocess.run([BIN / tool, *arguments], cwd=ROOT, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr


def test_the_packaged_template_passes_cfn_lint() -> None:
    template = package() / "sam.json"

    done = subprocess.run([BIN / "cfn-lint", "--region", "eu-west-1", "--", template], capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr


def test_every_function_has_a_role_of_its_own() -> None:
    resources = json.loads((package() / "sam.json").read_text())["Resources"]
    functions = {name: r["Properties"] for name, r in resources.items() if r["Type"] == "AWS::Serverless::Function"}
    roles = [json.dumps(properties["Role"]) for properties in functions.values()]

    assert "DefaultRole" not in resources
    assert len(functions) == 12
    assert len(set(roles)) == len(roles)


def test_no_role_may_do_everything() -> None:
    resources = json.loads((package() / "sam.json").read_text())["Resources"]
    policies = [p for r in resources.values() if r["Type"] == "AWS::IAM::Role" for p in r["Properties"]["Policies"]]
    statements = [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]

    assert statements
    for statement in statements:
        assert not any("*" in action for action in statement["Action"]), statement
        if statement["Action"] != ["dynamodb:ListStreams"]:  # AWS knows no resource for it
            assert statement["Resource"] != "*", statement


def test_no_role_may_change_the_audit_log() -> None:
    granted = rights.granted(json.loads((package() / "sam.json").read_text()))

    actions = {right.action for right in granted if right.resource in ("AuditTable", "*")} - {"dynamodb:ListStreams"}
    assert actions == {"dynamodb:PutItem", "dynamodb:Query"}


def test_nothing_committed_names_an_index_or_a_download_address() -> None:
    for pins in ("requirements.txt", "requirements-dev.txt"):
        text = (ROOT / pins).read_text()
        assert "://" not in text
        assert "--index-url" not in text
