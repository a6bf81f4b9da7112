"""`seal`: a host whose every packet goes into the tunnel is sealed before there is any."""

from pathlib import Path

import pytest

from tests.agent.builders import (
    NETWORK_ID,
    a_bundle,
    a_peer,
)
from tests.agent.laboratory import INTERFACE, Laboratory

pytestmark = pytest.mark.root


@pytest.mark.parametrize("is_full", [True, False])
def test_a_host_that_sends_everything_into_the_tunnel_is_sealed_before_there_is_any(
    laboratory: Laboratory, is_full: bool
) -> None:
    hub = a_peer("hub", ["0.0.0.0/0"] if is_full else ["10.9.0.1/32"], endpoint="198.51.100.9:51820")
    laboratory.origin.bundle = a_bundle(1, [hub], full_encapsulation=is_full)
    laboratory.enroll()
    without_bundle = laboratory.command("seal")
    nothing = laboratory.inside.sh("nft list tables")
    laboratory.command("run", "--once")
    laboratory.inside.sh("nft flush ruleset")

    sealed = laboratory.command("seal")
    tables = laboratory.inside.sh("nft list tables")
    left = laboratory.command("leave", "--local")

    assert (without_bundle.returncode, sealed.returncode, left.returncode) == (0, 0, 0), sealed.stderr + left.stderr
    assert (nothing, "sealed" in sealed.stdout, f"{INTERFACE}_seal" in tables) == ("", is_full, is_full)
    assert laboratory.inside.sh("nft list tables") == ""


def sealed_once(laboratory: Laboratory) -> Path:
    """A host that sent everything through its tunnel, as it is right after its next boot; the seal on its disk."""
    hub = a_peer("hub", ["0.0.0.0/0"], endpoint="198.51.100.9:51820")
    laboratory.origin.bundle = a_bundle(1, [hub], full_encapsulation=True)
    laboratory.enroll()
    laboratory.command("run", "--once")
    laboratory.inside.sh("nft flush ruleset")
    return laboratory.state / NETWORK_ID / f"{INTERFACE}_seal.nft"


def test_a_host_is_sealed_whatever_became_of_the_other_files_of_its_enrolment(laboratory: Laboratory) -> None:
    ready = sealed_once(laboratory)
    for file in [*ready.parent.glob("*.json*"), ready.parent / "tombstone.json"]:
        file.write_text("{")

    sealed = laboratory.command("seal")

    assert (sealed.returncode, sealed.stderr) == (0, "")
    assert "chain hold" in laboratory.inside.sh(f"nft list table inet {INTERFACE}_seal")


def test_a_host_that_gives_its_local_network_up_does_so_at_its_next_boot_too(laboratory: Laboratory) -> None:
    ready = sealed_once(laboratory)
    lan = [ready.read_text()]

    laboratory.command("run", "--once", "--no-lan")
    lan.append(ready.read_text())
    planned = [laboratory.command("plan", "--no-lan").stdout, laboratory.command("plan").stdout]

    assert ["@local_v4 accept" in text for text in lan] == [True, False]
    assert ["nothing to do" in text for text in planned] == [True, False]


@pytest.mark.parametrize("damage", ["", "{", "table inet"])
def test_a_seal_that_is_damaged_shuts_the_host_and_says_so(laboratory: Laboratory, damage: str) -> None:
    ready = sealed_once(laboratory)
    ready.write_text(f"table inet {INTERFACE}_seal\n" if damage == "table inet" else damage)

    sealed = laboratory.command("seal")
    shut = laboratory.inside.sh(f"nft list table inet {INTERFACE}_seal")
    again = laboratory.command("run", "--once")

    assert sealed.returncode == 1
    assert f"{INTERFACE}_seal is damaged" in sealed.stderr
    assert ("chain hold" in shut, "@local_v4 accept" in shut) == (True, False)
    assert again.returncode == 0
    assert "@local_v4 accept" in laboratory.inside.sh(f"nft list table inet {INTERFACE}_seal")
