"""The text that `wg` reads and prints."""

import base64
from ipaddress import ip_network

import pytest

from agent.errors import ToolFailed
from agent.host.tunnel.difference import Change
from agent.host.tunnel.live import PeerTraffic
from agent.host.tunnel.wanted import Endpoint, Section
from agent.host.tunnel.wireguard_text import (
    NO_PRESHARED_KEY,
    addconf,
    dump_records,
    parse_dump,
    seen_in_dump,
    seen_in_uapi,
    uapi_records,
)
from tests.agent.builders import a_private_key, a_public_key

HUB = Endpoint("vpn.example.com", 51820)


def a_change(endpoint: Endpoint | str | None = None, allowed_ips: tuple[str, ...] = ("10.9.0.1/32",)) -> Change:
    section = Section(a_public_key("hub"), None, frozenset(map(ip_network, allowed_ips)), HUB, 0)
    return Change(section=section, endpoint=endpoint, is_new=True)


def test_a_section_states_what_would_otherwise_keep_its_old_value() -> None:
    assert addconf([a_change()], {}) == (
        f"[Peer]\nPublicKey = {a_public_key('hub')}\nPresharedKey = {NO_PRESHARED_KEY}\n"
        "PersistentKeepalive = off\nAllowedIPs = 10.9.0.1/32\n"
    )


def test_a_standby_section_has_no_allowed_ips_line() -> None:
    assert "AllowedIPs" not in addconf([a_change(allowed_ips=())], {})


def test_an_endpoint_is_stated_as_the_address_it_resolved_to() -> None:
    assert "Endpoint = 203.0.113.1:51820\n" in addconf([a_change(HUB)], {HUB: "203.0.113.1:51820"})


def test_an_endpoint_that_did_not_resolve_is_left_out() -> None:
    assert "Endpoint" not in addconf([a_change(HUB)], {})


def test_the_interface_stands_only_where_it_changes() -> None:
    assert "[Interface]" not in addconf([a_change()], {})
    assert addconf([], {}, listen_port=1).startswith("[Interface]\nListenPort = 1\n")


def test_a_dump_is_read_back() -> None:
    key, psk = a_public_key("a"), a_private_key("psk")
    text = (
        f"{a_private_key('me')}\t{a_public_key('me')}\t51820\toff\n"
        f"{key}\t{psk}\t[2001:db8::1]:9\t10.9.0.3/32,fd00::3/128\t1700000000\t10\t20\t25\n"
        f"{a_public_key('b')}\t(none)\t(none)\t(none)\t0\t0\t0\toff\n"
    )

    dump = parse_dump(text)

    assert (dump.public_key, dump.listen_port) == (a_public_key("me"), 51820)
    assert dump.peers[key].preshared_key == psk
    assert dump.peers[key].allowed_ips == {ip_network("10.9.0.3/32"), ip_network("fd00::3/128")}
    assert dump.peers[a_public_key("b")].allowed_ips == frozenset()
    assert dump.seen[0] == PeerTraffic(key, "[2001:db8::1]:9", 1700000000, 10, 20)


def test_a_userspace_wireguard_says_the_same_with_nanoseconds() -> None:
    key = a_public_key("a")
    text = (
        f"private_key={'11' * 32}\nlisten_port=51820\n"
        f"public_key={base64.b64decode(key).hex()}\npreshared_key={'00' * 32}\nprotocol_version=1\n"
        "endpoint=[2001:db8::1]:9\nlast_handshake_time_sec=1700000000\nlast_handshake_time_nsec=250000000\n"
        "tx_bytes=20\nrx_bytes=10\npersistent_keepalive_interval=25\nallowed_ip=10.9.0.3/32\nallowed_ip=fd00::3/128\n"
        f"public_key={'22' * 32}\nprotocol_version=1\nlast_handshake_time_sec=0\nlast_handshake_time_nsec=0\n"
        "tx_bytes=0\nrx_bytes=0\nerrno=0\n\n"
    )

    first, second = map(seen_in_uapi, uapi_records(text))

    assert first == PeerTraffic(key, "[2001:db8::1]:9", 1700000000.25, 10, 20)
    assert (second.endpoint, second.handshake_at) == (None, 0)


def test_an_error_of_a_userspace_wireguard_is_one() -> None:
    with pytest.raises(ToolFailed):
        uapi_records("errno=-5\n\n")


def test_a_dump_has_a_record_for_each_peer() -> None:
    line = f"{a_public_key('b')}\t(none)\t(none)\t(none)\t0\t0\t0\toff"

    assert dump_records(f"(none)\t(none)\t60519\toff\n{line}\n") == [line]
    assert seen_in_dump(line) == PeerTraffic(a_public_key("b"), None, 0, 0, 0)


def test_a_new_interface_has_no_key() -> None:
    assert parse_dump("(none)\t(none)\t60519\toff\n").public_key is None
