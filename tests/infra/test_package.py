"""The zip holds what the functions import, by itself, and nothing of what only packages them."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from infra import package as packaging
from infra.package import ROOT, package

OF_THE_PACKAGER = {
    *("blessed", "click", "editor", "inquirer", "jinxed", "pip", "readchar", "runs", "setuptools", "wcwidth"),
    *("wheel", "xmod", "yaml", "_yaml", "pkg_resources", "packaging"),
}
EVERY_MODULE = """
import sys
sys.path.insert(0, sys.argv[1])
import importlib, pkgutil
import app, chalicelib
for found in pkgutil.walk_packages(chalicelib.__path__, "chalicelib."):
    importlib.import_module(found.name)
print(len(sys.modules), app.app.app_name)
"""
PINNED = re.compile(r"^([\w.-]+)==", re.MULTILINE)


def held() -> list[str]:
    with zipfile.ZipFile(package() / "deployment.zip") as opened:
        return opened.namelist()


def test_it_holds_nothing_that_only_packages() -> None:
    tops = {name.partition("/")[0].partition(".")[0] for name in held()}

    assert {"app", "boto3", "chalice", "chalicelib", "cryptography"} <= tops
    assert not tops & OF_THE_PACKAGER
    assert {name for name in held() if name.startswith("chalice/")} == {"chalice/__init__.py", "chalice/app.py"}


def test_it_holds_the_distributions_that_are_pinned_for_it() -> None:
    pinned = {_normal(name) for name in PINNED.findall((ROOT / "requirements.txt").read_text())}
    metadata = {name.partition("/")[0] for name in held() if ".dist-info/" in name}

    assert {_normal(name.partition("-")[0]) for name in metadata} == pinned


def test_every_module_is_imported_from_it_alone(tmp_path: Path) -> None:
    with zipfile.ZipFile(package() / "deployment.zip") as opened:
        opened.extractall(tmp_path)

    # -I -S: neither what is installed here nor this directory
    done = subprocess.run([sys.executable, "-I", "-S", "-c", EVERY_MODULE, tmp_path], capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("wirety\n")


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_what_a_killed_build_left_is_not_built_upon(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    zips, found = tmp_path / "deployments", list[bool]()

    def killed(command: list[str | Path], **_: object) -> None:
        found.append(zips.exists())
        zips.mkdir()
        (zips / "dependencies.zip").write_bytes(b"PK")
        raise subprocess.CalledProcessError(-9, "chalice")

    def built(command: list[str | Path], **_: object) -> None:
        found.append(zips.exists())

    monkeypatch.setattr(packaging, "CACHE", tmp_path / "lambda")
    monkeypatch.setattr(packaging, "ZIPS", zips)
    monkeypatch.setattr(subprocess, "run", killed)
    with pytest.raises(subprocess.CalledProcessError):
        package()

    monkeypatch.setattr(subprocess, "run", built)
    made = package()

    assert found == [False, False]
    assert made.is_dir()
    assert not list((tmp_path / "lambda").glob("*.unfinished"))


def test_the_dependencies_of_a_finished_build_are_taken_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    zips = tmp_path / "deployments"
    zips.mkdir()
    monkeypatch.setattr(packaging, "CACHE", tmp_path / "lambda")
    monkeypatch.setattr(packaging, "ZIPS", zips)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: None)

    package()

    assert zips.exists()
