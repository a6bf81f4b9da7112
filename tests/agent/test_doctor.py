"""Facts of a host become findings with what to do; both sides of every boundary."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.__main__ import main
from agent.adapters import examination
from agent.adapters.files.state_dir import StateDir
from agent.host.diagnosis import host, paths
from agent.host.diagnosis.findings import Finding, report
from agent.host.diagnosis.host import Kernel
from agent.host.diagnosis.paths import Answer, Handshake, Name
from agent.host.diagnosis.paths import Path as Way
from agent.host.tunnel.full_tunnel import Seal
from tests.agent.builders import NETWORK_ID, PEER_ID, a_bundle, a_peer, a_private_key, received
from tests.agent.origin import Origin

GOOD = Answer(status=200, error=None, clock_offset_s=0.0, upgrade=401)
WAY = Way("jmp_1", "203.0.113.1", 4, 1500, 1420)


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin(network_id=NETWORK_ID, peer_id=PEER_ID, bundle=a_bundle()) as made:
        yield made


def levels(findings: object) -> dict[str, str]:
    return {finding.check: finding.level for finding in findings}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("kernel", "level", "words"),
    [
        (Kernel(True, False, True, True, None), "ok", "kernel has WireGuard"),
        (Kernel(False, True, True, True, True), "ok", "userspace"),
        (Kernel(False, True, True, True, False), "fail", "root"),
        (Kernel(False, True, True, True, None), "fail", "load the module tun"),
        (Kernel(False, False, True, True, True), "fail", "install wireguard-go"),
    ],
)
def test_wireguard_is_the_kernels_or_a_programs_with_a_tun(kernel: Kernel, level: str, words: str) -> None:
    first, rights = host.wireguard(kernel)

    assert first.level == level
    assert words in first.text
    assert rights.level == "ok"


def test_a_missing_right_fails() -> None:
    assert levels(host.wireguard(Kernel(True, True, False, True, True)))["rights"] == "fail"
    assert levels(host.wireguard(Kernel(True, True, True, False, True)))["rights"] == "warn"


@pytest.mark.parametrize(
    ("name", "version", "is_needed", "level"),
    [
        ("wg", None, True, "fail"),
        ("nft", None, False, "warn"),
        ("nft", None, True, "fail"),
        ("nft", "nftables v0.9.8 (E.D.S.)", True, "warn"),
        ("nft", "nftables v1.0.1 (Fearless Fosdick #3)", True, "warn"),
        ("nft", "nftables v1.0.2 (Lester Gooch)", True, "ok"),
        ("nft", "nftables v1.0.6 (Lester Gooch #5)", True, "ok"),
        ("ip", "ip utility, iproute2-6.1.0, libbpf 1.1.2", True, "ok"),
    ],
)
def test_tools_are_there_and_new_enough(name: str, version: str | None, is_needed: bool, level: str) -> None:
    assert host.tool(name, version, is_needed).level == level


@pytest.mark.parametrize(
    ("release", "level"), [("5.4.0-216-generic", "warn"), ("5.10.0-33-amd64", "ok"), ("6.18.5", "ok"), ("odd", "ok")]
)
def test_a_kernel_is_new_enough_for_tables(release: str, level: str) -> None:
    assert host.kernel_release(release).level == level


def test_a_table_that_nft_refuses_fails_with_its_words() -> None:
    assert host.table("the table of a jump", None).level == "ok"
    refused = host.table("the table of a jump", "Could not process rule: Not supported")
    assert refused.level == "fail"
    assert "Not supported" in refused.text


def test_a_host_without_ipv6_is_warned_in_a_network_that_has_it() -> None:
    assert host.ipv6(None).level == "ok"
    assert host.ipv6("IPv6 is off") == Finding("ipv6", "warn", "IPv6 is off")


@pytest.mark.parametrize(("age_s", "level"), [(0.0, "ok"), (179.0, "ok"), (180.0, "fail"), (None, "fail")])
def test_a_tunnel_that_is_kept_alive_and_silent_fails(age_s: float | None, level: str) -> None:
    found = paths.handshake(Handshake("jmp_1", "203.0.113.1:51820", age_s))

    assert found.level == level
    assert "jmp_1" in found.text


@pytest.mark.parametrize(
    ("is_jump", "is_enabled", "is_running", "found"),
    [(False, False, True, {}), (True, True, True, "ok"), (True, False, True, "fail"), (True, False, False, "warn")],
)
def test_a_jump_must_forward(is_jump: bool, is_enabled: bool, is_running: bool, found: object) -> None:
    expected = found if isinstance(found, dict) else {"forwarding": found}

    assert levels(host.forwarding(is_jump, is_enabled, is_running)) == expected


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


def test_two_enrolments_on_one_port_fail_and_two_on_any_do_not() -> None:
    assert levels(host.enrollments("net_1", ["net_1", "net_2"], [51820, 51820]))["listen_port"] == "fail"
    assert levels(host.enrollments("net_1", ["net_1", "net_2"], [51820, 51821])) == {"enrollment": "ok"}
    assert levels(host.enrollments(None, [], [])) == {"enrollment": "warn"}
    assert levels(host.enrollments(None, ["net_1", "net_2"], [])) == {"enrollment": "warn"}


def test_other_firewalls_and_routes_are_warnings_that_name_what_is_in_the_way() -> None:
    assert levels(host.foreign_firewalls([])) == {"foreign_firewall": "ok"}
    assert [finding.text for finding in host.foreign_firewalls(["docker drops"])] == ["docker drops"]
    assert levels(host.foreign_firewalls(None)) == {"foreign_firewall": "warn"}
    assert levels(host.conflicts([])) == {"routes": "ok"}
    assert levels(host.conflicts(["192.168.1.0/24 is mine"])) == {"routes": "warn"}
    assert ["192.168.1.0/24" in finding.text for finding in host.conflicts(["192.168.1.0/24 is mine"])] == [True]


def test_warnings_are_healthy_and_one_failure_is_not() -> None:
    warned, failed = Finding("a", "warn", "x"), Finding("b", "fail", "y")

    assert report([warned]).is_healthy
    assert not report([warned, failed]).is_healthy


@pytest.mark.parametrize(
    ("root_mode", "directory_mode", "file_mode", "is_open"),
    [
        (0o700, 0o755, 0o644, False),
        (0o755, 0o700, 0o644, False),
        (0o755, 0o755, 0o600, False),
        (0o755, 0o755, 0o640, True),
        (0o770, 0o700, 0o600, True),  # others may put another directory there
    ],
)
def test_a_key_is_open_when_the_way_to_it_is(
    tmp_path: Path, root_mode: int, directory_mode: int, file_mode: int, is_open: bool
) -> None:
    directory = tmp_path / "state" / NETWORK_ID
    directory.mkdir(parents=True)
    (directory / "enrollment.json").write_text("{}")
    for path, mode in ((directory / "enrollment.json", file_mode), (directory, directory_mode)):
        path.chmod(mode)
    directory.parent.chmod(root_mode)

    assert bool(examination.open_paths(directory.parent)) == is_open


def test_a_host_that_is_not_enrolled_is_examined_too(
    origin: Origin, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["doctor", "--server", origin.url, "--state-dir", str(tmp_path / "none"), "--json"])

    report = json.loads(capsys.readouterr().out)
    found = {finding["check"]: finding["level"] for finding in report["findings"]}
    assert (found["enrollment"], found["control_plane"], found["socket"], found["clock"]) == ("warn", "ok", "ok", "ok")


def test_an_enrolled_host_is_examined_to_its_endpoints_and_no_secret_is_said(
    origin: Origin, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    psk = a_private_key("psk")
    main(["enroll", "--skip-checks", "--server", origin.url, "--token", "token", "--state-dir", str(tmp_path)])
    directory = StateDir(tmp_path).of_network(NETWORK_ID)
    hub = a_peer("hub", endpoint="127.0.0.1:51820", preshared_key=psk)
    lost = a_peer("lost", [], endpoint="no-such-host.invalid:51820")
    directory.save_bundle([received(a_bundle(peers=[hub, lost]))])
    capsys.readouterr()

    code = main(["doctor", "--state-dir", str(tmp_path)])

    said = capsys.readouterr().out
    enrollment = directory.enrollment()
    assert code == 1
    assert f"enrolled in {NETWORK_ID}" in said
    assert "ok    mtu               the path to peer_hub at 127.0.0.1" in said
    assert "fail  dns               the endpoint of peer_lost no-such-host.invalid has no address" in said
    assert "warn  agent             the agent does not run" in said
    assert enrollment is not None
    assert not any(secret in said for secret in (psk, enrollment.keys.private_key, enrollment.keys.device_key))


def test_a_damaged_enrolment_fails_and_the_rest_is_examined(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / NETWORK_ID).mkdir(mode=0o700)
    (tmp_path / NETWORK_ID / "enrollment.json").write_text("{")
    tmp_path.chmod(0o700)

    assert main(["doctor", "--state-dir", str(tmp_path)]) == 1

    said = capsys.readouterr().out
    assert "fail  enrollment" in said
    assert "wireguard" in said


def test_an_agent_that_runs_and_one_whose_tunnel_was_taken_down() -> None:
    assert host.running(True, False, False).level == "ok"
    assert host.running(False, False, False).level == "warn"
    assert "wirety-agent up" in host.running(True, False, True).text


@pytest.mark.parametrize(
    ("seal", "is_up", "unit", "found"),
    [
        ("sealed", True, "enabled", {"seal": "ok"}),
        ("sealed", True, None, {"seal": "ok"}),
        ("sealed", True, "disabled", {"seal": "ok", "seal_unit": "warn"}),
        ("missing", True, "enabled", {"seal": "fail"}),
        ("missing", False, "enabled", {}),
        ("unknown", True, "enabled", {"seal": "warn"}),
    ],
)
def test_a_host_that_sends_everything_through_the_tunnel_is_sealed_now_and_at_boot(
    seal: Seal, is_up: bool, unit: str | None, found: dict[str, str]
) -> None:
    assert levels(host.sealed(seal, is_up, unit)) == found


def test_what_is_in_the_way_is_named_and_nothing_is_said_of_what_is_not() -> None:
    assert list(host.networkd([])) == list(host.local_network([])) == list(host.ports([], "tunnels")) == []
    assert "ManageForeignRoutes" in next(iter(host.networkd(["ManageForeignRoutes"]))).text
    assert "8.0.0.0/6" in next(iter(host.local_network(["8.0.0.0/6"]))).text
    (held,) = host.ports(["dnsmasq (pid 7) at udp 0.0.0.0:53"], "peers' questions for names")
    assert (held.level, "dnsmasq (pid 7)" in held.text) == ("fail", True)


def test_a_certificate_is_named_with_who_is_trusted() -> None:
    assert paths.tls("the system's store", "vpn.example.com, by Example CA", None).level == "ok"
    refused = paths.tls("the system's store", "vpn.example.com, by Proxy CA", "its issuer is not known")
    assert (refused.level, "Proxy CA" in refused.text) == ("fail", True)


def test_old_names_of_variables_are_found(
    origin: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LOG_FORMAT", "json")
    monkeypatch.setenv("TOKEN", "of somebody else")

    main(["doctor", "--server", origin.url, "--state-dir", str(tmp_path / "none")])

    said = capsys.readouterr().out
    assert "LOG_FORMAT is called WIRETY_LOG_FORMAT now" in said
    assert "TOKEN is" not in said
