"""What `wg show` and the userspace socket answer."""

from infra.lab.wireguard import parse_dump, parse_get

KEY = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE="


def test_a_dump_with_and_without_endpoint_and_allowed_ips_is_read() -> None:
    rows = [
        ["wg0", "(hidden)", "own", "51820", "off"],
        ["wg0", KEY, "(none)", "203.0.113.21:4500", "10.0.0.2/32,172.31.0.0/16", "1700000000", "1", "2", "25"],
        ["wg0", "other", "(none)", "(none)", "(none)", "0", "0", "0", "off"],
    ]

    wg0 = parse_dump("\n".join("\t".join(row) for row in rows))["wg0"]

    assert wg0.peers[KEY].allowed_ips == {"10.0.0.2/32", "172.31.0.0/16"}
    assert wg0.peers[KEY].endpoint == "203.0.113.21:4500"
    assert (wg0.peers["other"].endpoint, wg0.peers["other"].allowed_ips) == (None, frozenset())


def test_an_answer_of_the_userspace_socket_is_read() -> None:
    answer = "private_key=00\nlisten_port=51820\npublic_key=" + "00" * 31 + "01\nendpoint=203.0.113.21:4500\n"
    answer += "last_handshake_time_sec=1700000000\nallowed_ip=10.0.0.2/32\nallowed_ip=172.31.0.0/16\nerrno=0\n\n"

    peer = parse_get(answer)[KEY]

    assert peer.allowed_ips == {"10.0.0.2/32", "172.31.0.0/16"}
    assert (peer.endpoint, peer.latest_handshake) == ("203.0.113.21:4500", 1700000000)
