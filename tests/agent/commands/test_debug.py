"""The archive of `debug` holds what helps and no secret, wherever one was put."""

import base64
import io
import json
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from agent.adapters.files.bundle_files import Trial
from agent.adapters.files.state_dir import StateDir
from chalicelib.wire.bundle import Pair
from chalicelib.wire.codec import encode
from tests.agent.builders import NETWORK_ID, a_bundle, a_peer, a_private_key, a_public_key, received
from tests.agent.laboratory import INTERFACE, ROOT, Laboratory

pytestmark = pytest.mark.root

PSKS = [a_private_key(f"psk{number}") for number in range(5)]
TOKEN = "wirety_enroll.net_1:dyn_1.one-time-token-of-a-peer"
SESSION = "wirety_agent.net_1:dyn_1.bearer-of-an-open-session"
OLD_KEY = a_private_key("a key that was replaced long ago")


def forms(secret: str) -> Iterator[bytes]:
    raws = [secret.encode()]
    if len(secret) == 44:
        raws.append(base64.b64decode(secret))
    yield secret.encode()
    for raw in raws:
        yield base64.b64encode(raw).rstrip(b"=")
        yield base64.urlsafe_b64encode(raw).rstrip(b"=")
        yield raw.hex().encode()
        yield raw.hex().upper().encode()


def an_archive(laboratory: Laboratory, file: Path) -> "tuple[subprocess.CompletedProcess[str], dict[str, bytes]]":
    command = [sys.executable, "-m", "agent", "debug", str(file), "--state-dir", str(laboratory.state), "--json"]
    env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "WIRETY_TOKEN": TOKEN, "HTTPS_PROXY": f"http://u:{SESSION}@p:1"}
    done = laboratory.inside.do(
        lambda: subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60)
    )
    with tarfile.open(fileobj=io.BytesIO(file.read_bytes())) as archive:
        entries = {entry.name.partition("/")[2]: archive.extractfile(entry) for entry in archive.getmembers()}
        return done, {name: content.read() for name, content in entries.items() if content is not None}


def test_no_secret_of_the_host_is_in_the_archive_in_any_form(laboratory: Laboratory, tmp_path: Path) -> None:
    hub = msgspec.structs.replace(
        a_peer("hub", preshared_key=PSKS[0]),
        next_preshared_key=PSKS[1],
        other_preshared_key=PSKS[2],
        staged=Pair(public_key=a_public_key("staged"), preshared_key=PSKS[3]),
    )
    laboratory.origin.bundle = a_bundle(1, [hub])
    laboratory.enroll()
    assert laboratory.command("run", "--once").returncode == 0
    directory = StateDir(laboratory.state).of_network(NETWORK_ID)
    enrollment = directory.enrolled()
    keys = msgspec.structs.replace(enrollment.keys, next_private_key=a_private_key("next"))
    directory.save_keys(keys)
    trial = a_bundle(2, [a_peer("hub", preshared_key=PSKS[4])])
    (directory.path / "trial.json").write_bytes(encode(Trial(chain=[received(trial)], refused="cut off")))
    raw = base64.b64decode(keys.private_key)
    (directory.path / "notes.log").write_text(
        f"sent Authorization: Bearer {SESSION}\nuapi private_key={raw.hex()} {OLD_KEY} {TOKEN}\n"
    )

    done, entries = an_archive(laboratory, tmp_path / "debug.tar.gz")

    secrets = [keys.private_key, keys.device_key, str(keys.next_private_key), *PSKS, TOKEN, SESSION, OLD_KEY]
    found = [
        (name, form) for name, text in entries.items() for secret in secrets for form in forms(secret) if form in text
    ]
    assert found == []
    assert done.returncode == 0, done.stderr
    assert {secret for secret in secrets if secret in done.stdout + done.stderr} == set()


def test_the_archive_holds_what_helps(laboratory: Laboratory, tmp_path: Path) -> None:
    laboratory.origin.bundle = a_bundle(1, [a_peer("hub")], forward=True)
    laboratory.enroll()
    laboratory.command("run", "--once")

    done, entries = an_archive(laboratory, tmp_path / "debug.tar.gz")

    place = f"enrollments/{NETWORK_ID}"
    assert sorted(json.loads(done.stdout)["entries"]) == sorted(entries)
    assert b"not running" in entries[f"{place}/status.txt"]
    assert b"nothing to do" in entries[f"{place}/plan.txt"]
    assert b"wireguard" in entries["doctor.txt"]
    assert INTERFACE.encode() in entries["host/nft-ruleset.txt"]
    assert b"10.9.0.2" in entries["host/ip-address.txt"]
    assert a_public_key("hub").encode() in entries["host/wg.txt"]
    assert a_public_key("hub").encode() in entries[f"{place}/bundle.jsonl"]
    assert b"WIRETY_TOKEN=(removed)" in entries["environment.txt"]
    assert (tmp_path / "debug.tar.gz").stat().st_mode & 0o777 == 0o600


def test_an_archive_is_written_over_no_file(laboratory: Laboratory, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("mine")

    done = laboratory.command("debug", str(tmp_path / "taken"))

    assert done.returncode == 1
    assert "name another file" in done.stderr
    assert (tmp_path / "taken").read_text() == "mine"
