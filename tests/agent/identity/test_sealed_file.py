"""A jump's identity on another machine: sealed, whole, and never twice in one place."""

import io
import json
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.__main__ import main
from agent.adapters.files.state_dir import StateDir
from agent.errors import IdentityUnusable
from agent.identity import sealed_file as identity
from agent.identity.enrollment import Enrollment, Keys
from agent.identity.sealed_file import MOST_N, Identity, seal, unseal
from agent.identity.trust import Keyring
from tests.agent.builders import NETWORK_ID, a_private_key

PASSPHRASE = "correct horse battery"
REAL_N = identity.N


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The derivation's cost is a parameter of the file; here it is small."""
    monkeypatch.setattr(identity, "N", 2**4)


def an_identity(peer_id: str = "jmp_1", former: list[str] | None = None) -> Identity:
    keys = Keys(private_key=a_private_key("wg"), device_key=a_private_key("device"))
    enrollment = Enrollment(
        server="https://vpn.example.com",
        network_id=NETWORK_ID,
        peer_id=peer_id,
        signing_key="pinned",
        keys=keys,
        former_interfaces=former or [],
    )
    return Identity(enrollment=enrollment, keyring=Keyring(pinned="pinned", current="now", successor="next"))


def enrolled(state: Path, who: Identity) -> Path:
    directory = StateDir(state).of_network(NETWORK_ID)
    directory.save_enrollment(who.enrollment)
    directory.save_keyring(who.keyring)
    return state


def test_what_was_sealed_is_opened_by_its_passphrase() -> None:
    assert unseal(seal(an_identity(), PASSPHRASE), PASSPHRASE) == an_identity()


def test_nothing_secret_stands_in_the_file() -> None:
    content = seal(an_identity(), PASSPHRASE).decode()

    assert a_private_key("wg") not in content
    assert a_private_key("device") not in content
    assert "jmp_1" in content
    assert a_private_key("wg") not in repr(an_identity())


@pytest.mark.parametrize("passphrase", [PASSPHRASE + " ", PASSPHRASE[:-1], ""])
def test_another_passphrase_opens_nothing(passphrase: str) -> None:
    with pytest.raises(IdentityUnusable, match="passphrase"):
        unseal(seal(an_identity(), PASSPHRASE), passphrase)


@given(st.data())
def test_a_file_that_was_changed_anywhere_opens_nothing(data: st.DataObject) -> None:
    fields = json.loads(seal(an_identity(), PASSPHRASE))
    name = data.draw(st.sampled_from(sorted(fields)))
    fields[name] = fields[name] * 2 if isinstance(fields[name], int) else "AAAA" + fields[name]

    with pytest.raises(IdentityUnusable):
        unseal(json.dumps(fields).encode(), PASSPHRASE)


@pytest.mark.parametrize(
    "fields",
    [{"n": MOST_N * 2}, {"n": 3}, {"n": 0}, {"r": 1000}, {"p": 0}, {"format": "wirety-identity-2"}, {"nonce": ""}],
)
def test_a_file_that_would_exhaust_this_host_or_is_of_another_kind_is_refused(fields: dict[str, object]) -> None:
    content = {**json.loads(seal(an_identity(), PASSPHRASE)), **fields}

    with pytest.raises(IdentityUnusable):
        unseal(json.dumps(content).encode(), PASSPHRASE)


@pytest.mark.parametrize("content", [b"", b"{}", b"[Interface]\nPrivateKey = x\n", b"\xff"])
def test_another_file_is_no_identity(content: bytes) -> None:
    with pytest.raises(IdentityUnusable, match="no exported identity"):
        unseal(content, PASSPHRASE)


@pytest.mark.parametrize(("length", "is_long_enough"), [(11, False), (12, True)])
def test_a_passphrase_has_twelve_characters(length: int, is_long_enough: bool) -> None:
    if is_long_enough:
        assert seal(an_identity(), "x" * length)
    else:
        with pytest.raises(IdentityUnusable, match="12"):
            seal(an_identity(), "x" * length)


def test_a_guess_costs_128_mib() -> None:
    assert 128 * REAL_N * identity.R == 128 * 2**20  # bytes: RFC 7914, section 2


def test_a_jump_moves_to_another_machine_with_its_keys_and_trust(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    old = enrolled(tmp_path / "old", an_identity(former=["wy00000001"]))
    file = tmp_path / "hub.identity"
    (tmp_path / "passphrase").write_text(PASSPHRASE + "\n")
    asked = ["--passphrase-file", str(tmp_path / "passphrase"), "--state-dir"]

    exported = main(["identity", "export", str(file), *asked, str(old)])
    monkeypatch.setattr("sys.stdin", io.StringIO(PASSPHRASE + "\n"))
    words = ["identity", "import", str(file), "--passphrase-file", "-", "--state-dir", str(tmp_path / "new")]
    imported = main(words)

    directory = StateDir(tmp_path / "new").of_network(NETWORK_ID)
    assert (exported, imported) == (0, 0)
    assert directory.enrollment() == an_identity().enrollment  # the old host's interfaces are its own
    assert directory.keyring(an_identity().enrollment) == an_identity().keyring
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    said = capsys.readouterr().out
    assert "leave --local" in said
    assert PASSPHRASE not in said


@pytest.mark.parametrize(("here", "words"), [("jmp_1", "it is the same"), ("jmp_2", "leave it first")])
def test_an_identity_is_not_imported_over_another(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], here: str, words: str
) -> None:
    state = enrolled(tmp_path / "state", an_identity(here))
    file, passphrase = tmp_path / "hub.identity", tmp_path / "passphrase"
    file.write_bytes(seal(an_identity(), PASSPHRASE))
    passphrase.write_text(PASSPHRASE)

    code = main(["identity", "import", str(file), "--passphrase-file", str(passphrase), "--state-dir", str(state)])

    assert code == 1
    assert words in capsys.readouterr().err
    assert StateDir(state).of_network(NETWORK_ID).enrollment() == an_identity(here).enrollment


def test_an_export_writes_over_no_file_and_asks_no_terminal_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    state = enrolled(tmp_path / "state", an_identity())
    taken = tmp_path / "taken"
    taken.write_text("mine")
    monkeypatch.setattr("sys.stdin", io.StringIO(""))

    refused = main(["identity", "export", str(taken), "--state-dir", str(state)])
    unasked = main(["identity", "export", str(tmp_path / "new"), "--state-dir", str(state)])

    assert (refused, unasked) == (1, 1)
    assert taken.read_text() == "mine"
    assert not (tmp_path / "new").exists()
    assert "--passphrase-file" in capsys.readouterr().err
