"""The artefact: one zip and one template, the same for AWS, CI and the one-machine stack.

`python -m infra.package DIRECTORY` leaves `deployment.zip` and `sam.json` there.
"""

import fcntl
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / "build" / "lambda"
ZIPS = ROOT / ".chalice" / "deployments"  # Chalice's: it takes their dependencies again
UNFINISHED = ".unfinished"
STAGE = "api"
INPUTS = ("app.py", "chalicelib/**/*.py", "requirements.txt", ".chalice/*.json", "infra/resources.yaml")


def package() -> Path:
    """The directory of the current artefact; packaged anew only when an input has changed."""
    made = CACHE / _fingerprint()
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            _discard_unfinished()
            _chalice_package(made)
    return made


def _discard_unfinished() -> None:
    """Remove what a build left that was killed. Its zip may lack dependencies, and Chalice would take it as it is."""
    left = list(CACHE.glob(f"*{UNFINISHED}"))
    if left:
        shutil.rmtree(ZIPS, ignore_errors=True)
    for directory in left:
        shutil.rmtree(directory)


def _fingerprint() -> str:
    digest = hashlib.sha256(f"{platform.python_version()} {platform.machine()}".encode())
    for path in sorted(found for pattern in INPUTS for found in ROOT.glob(pattern)):
        digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _chalice_package(made: Path) -> None:
    unfinished = made.with_suffix(UNFINISHED)
    unfinished.mkdir()
    # JSON, because Chalice writes a YAML merge template's anchors as aliases, which CloudFormation refuses.
    merge = unfinished / "resources.json"
    merge.write_text(json.dumps(yaml.safe_load((ROOT / "infra" / "resources.yaml").read_text())))
    subprocess.run(
        [
            Path(sys.executable).with_name("chalice"),
            "package",
            *("--stage", STAGE),
            *("--template-format", "json"),
            *("--merge-template", merge),
            unfinished,
        ],
        cwd=ROOT,
        env={**os.environ, "AWS_DEFAULT_REGION": os.environ.get("AWS_DEFAULT_REGION", "us-east-1")},
        check=True,
        stdout=subprocess.DEVNULL,
    )
    unfinished.rename(made)


def main(directory: str) -> None:
    shutil.copytree(package(), directory, dirs_exist_ok=True)


if __name__ == "__main__":
    main(sys.argv[1])
