"""Facts of a host become findings with what to do; both sides of every boundary."""

import pytest

from agent.host.diagnosis import host
from agent.host.diagnosis.findings import Finding
from agent.host.diagnosis.host import Kernel
from agent.host.tunnel.full_tunnel import Seal
from tests.agent.host.diagnosis.reading import levels


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


@pytest.mark.parametrize(
    ("is_jump", "is_enabled", "is_running", "found"),
    [(False, False, True, {}), (True, True, True, "ok"), (True, False, True, "fail"), (True, False, False, "warn")],
)
def test_a_jump_must_forward(is_jump: bool, is_enabled: bool, is_running: bool, found: object) -> None:
    expected = found if isinstance(found, dict) else {"forwarding": found}

    assert levels(host.forwarding(is_jump, is_enabled, is_running)) == expected


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
