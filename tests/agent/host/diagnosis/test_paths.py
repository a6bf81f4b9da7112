"""What lies between a host and those it speaks with, as findings; both sides of every boundary."""

from dataclasses import replace

import pytest

from agent.host.diagnosis import paths
from agent.host.diagnosis.paths import Answer, Handshake, Name
from agent.host.diagnosis.paths import Path as Way
from tests.agent.host.diagnosis.reading import levels

GOOD = Answer(status=200, error=None, clock_offset_s=0.0, upgrade=401)
WAY = Way("jmp_1", "203.0.113.1", 4, 1500, 1420)


@pytest.mark.parametrize(("age_s", "level"), [(0.0, "ok"), (179.0, "ok"), (180.0, "fail"), (None, "fail")])
def test_a_tunnel_that_is_kept_alive_and_silent_fails(age_s: float | None, level: str) -> None:
    found = paths.handshake(Handshake("jmp_1", "203.0.113.1:51820", age_s))

    assert found.level == level
    assert "jmp_1" in found.text


@pytest.mark.parametrize(
    ("way", "level"),
    [
        (replace(WAY, bytes=1480), "ok"),
        (replace(WAY, bytes=1479), "warn"),
        (replace(WAY, version=6, bytes=1500), "ok"),
        (replace(WAY, version=6, bytes=1499), "warn"),
        (replace(WAY, bytes=None), "warn"),
    ],
)
def test_the_tunnels_packets_fit_into_the_path_or_the_right_mtu_is_named(way: Way, level: str) -> None:
    finding = paths.mtu(way)

    assert finding.level == level
    if level == "warn" and way.bytes is not None:
        assert "1419 or less" in finding.text


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (GOOD, {"control_plane": "ok", "socket": "ok", "clock": "ok"}),
        (replace(GOOD, status=None, error="SSLError"), {"control_plane": "fail"}),
        (replace(GOOD, status=404), {"control_plane": "fail", "clock": "ok"}),
        (replace(GOOD, upgrade=403), {"control_plane": "ok", "socket": "ok", "clock": "ok"}),
        (replace(GOOD, upgrade=200), {"control_plane": "ok", "socket": "fail", "clock": "ok"}),
        (replace(GOOD, upgrade=None), {"control_plane": "ok", "socket": "fail", "clock": "ok"}),
        (replace(GOOD, clock_offset_s=-29.0), {"control_plane": "ok", "socket": "ok", "clock": "ok"}),
        (replace(GOOD, clock_offset_s=-30.0), {"control_plane": "ok", "socket": "ok", "clock": "warn"}),
        (replace(GOOD, clock_offset_s=86400.0), {"control_plane": "ok", "socket": "ok", "clock": "fail"}),
        (replace(GOOD, clock_offset_s=None), {"control_plane": "ok", "socket": "ok", "clock": "warn"}),
    ],
)
def test_the_control_plane_its_sockets_and_the_clock(answer: Answer, found: dict[str, str]) -> None:
    assert levels(paths.control_plane("https://vpn.example.com", answer)) == found


def test_names_without_an_address_fail() -> None:
    assert paths.name(Name("the control plane", "vpn.example.com", ())).level == "fail"
    assert paths.name(Name("the control plane", "vpn.example.com", ("203.0.113.1",))).level == "ok"


def test_a_certificate_is_named_with_who_is_trusted() -> None:
    assert paths.tls("the system's store", "vpn.example.com, by Example CA", None).level == "ok"
    refused = paths.tls("the system's store", "vpn.example.com, by Proxy CA", "its issuer is not known")
    assert (refused.level, "Proxy CA" in refused.text) == ("fail", True)
