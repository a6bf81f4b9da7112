"""Real WireGuard and the tables of nftables beside it: a jump's own, and those of others."""

import pytest

from agent.adapters.linux.other_firewalls import OtherFirewalls
from agent.adapters.linux.other_tables import ForeignTables
from chalicelib.wire.bundle import Bundle, Exit, Firewall
from tests.agent.builders import a_bundle, a_peer
from tests.agent.tunnel_host import INTERFACE, Host, loaded_by

pytestmark = pytest.mark.root


def test_a_jump_forwards_and_loads_its_policy_before_its_first_peer(host: Host) -> None:
    firewall = Firewall(forward=True, sets={"tag:web": ["10.9.0.3/32"]})

    host.apply(a_bundle(peers=[a_peer("a", ["10.9.0.3/32"])], firewall=firewall))

    steps = [command for command in host.commands.ran if command.startswith(("nft -f", "wg addconf"))]
    assert steps == ["nft -f -", f"wg addconf {INTERFACE} /dev/stdin"]
    table = host.inside.sh(f"nft list table inet {INTERFACE}")
    assert all(text in table for text in ('comment "tag:web"', "elements = { 10.9.0.3 }", "maxseg size set 1380"))
    assert host.inside.sh(f"cat /proc/sys/net/ipv4/conf/{INTERFACE}/forwarding").strip() == "1"


def test_a_member_of_a_set_more_is_one_element(host: Host) -> None:
    webs = [Firewall(forward=True, sets={"tag:web": members}) for members in (["10.9.0.3/32"], ["10.9.0.4/32"])]
    host.apply(a_bundle(firewall=webs[0]))

    host.apply(a_bundle(firewall=webs[1]))

    assert host.commands.ran == ["nft -f -"]
    assert "elements = { 10.9.0.4 }" in host.inside.sh(f"nft list table inet {INTERFACE}")


def test_what_changes_hands_within_a_range_of_another_is_blocked_meanwhile(host: Host) -> None:
    wide, narrow = "172.20.0.0/16", "172.20.1.0/24"

    def a_jump(revision: int, *b: str) -> Bundle:
        firewall = Firewall(forward=True, sets={"peer:b": list(b)})
        return a_bundle(revision, [a_peer("a", [wide]), a_peer("b", list(b))], firewall=firewall)

    host.apply(a_jump(1, "10.9.0.3/32", narrow))
    (barred, _), *_ = loads = loaded_by(host, lambda: host.apply(a_jump(2, "10.9.0.3/32")))

    assert [command for _, command in loads[:3]] == ["nft -f -", f"wg addconf {INTERFACE} /dev/stdin", "nft -f -"]
    assert f"add element inet {INTERFACE} s0v4 {{ {narrow} }}" in barred
    blocked = host.inside.sh(f"nft list set inet {INTERFACE} s0v4")
    assert ('comment "blocked"' in blocked, "elements" in blocked) == (True, False)
    assert not host.verify(a_jump(2, "10.9.0.3/32")).is_changed


def test_what_leaves_for_an_exit_is_masqueraded_where_the_hosts_routes_lead(host: Host) -> None:
    host.inside.sh("ip link add lan0 type veth peer name lan1 && ip link set lan1 up && ip link set lan0 up")
    host.inside.sh("ip address add 192.168.1.5/24 dev lan0")
    bundle = a_bundle(firewall=Firewall(forward=True, exits=[Exit(cidr="192.168.1.0/24", masquerade=True)]))
    host.apply(bundle)
    before = host.inside.sh(f"nft list chain inet {INTERFACE} nat")
    host.inside.sh("ip link set lan0 down && ip link set lan0 name lan9 && ip link set lan9 up")

    made = host.verify(bundle)

    assert 'oifname "lan0" ip daddr 192.168.1.0/24 masquerade' in before
    assert made.is_changed
    assert 'oifname "lan9" ip daddr 192.168.1.0/24 masquerade' in host.inside.sh(f"nft list table inet {INTERFACE}")
    assert not host.verify(bundle).is_changed


def test_a_peer_that_is_no_jump_loads_no_table(host: Host) -> None:
    host.apply(a_bundle(forward=True))

    host.apply(a_bundle(forward=False))

    assert INTERFACE not in host.inside.sh("nft list tables")


def test_another_firewall_that_forbids_is_told_and_opened_where_asked(host: Host) -> None:
    host.inside.sh(
        "nft 'add table ip filter; add chain ip filter FORWARD { type filter hook forward priority 0; policy drop; }'"
    )
    bundle = a_bundle(forward=True)
    host.tunnel.others = OtherFirewalls(ForeignTables(host.commands, INTERFACE))

    told, kept = host.apply(bundle).forbidden, host.apply(a_bundle(forward=True, revision=2)).forbidden
    host.tunnel.others = OtherFirewalls(ForeignTables(host.commands, INTERFACE, is_managed=True))
    opened, again = host.verify(bundle), host.verify(bundle)
    is_marked = f"wirety:{INTERFACE}" in host.inside.sh("nft list ruleset")
    host.inside.do(host.tunnel.remove)

    assert ("table ip filter" in told[0], kept) == (True, told)
    assert (opened.is_changed, opened.forbidden, again.is_changed, is_marked) == (True, (), False, True)
    assert INTERFACE not in host.inside.sh("nft list ruleset")


def test_what_was_opened_in_other_firewalls_is_closed_when_this_is_no_longer_a_jump(host: Host) -> None:
    host.inside.sh(
        "nft 'add table ip filter; add chain ip filter FORWARD { type filter hook forward priority 0; policy drop; }'"
    )
    before = host.inside.sh("nft list ruleset")
    host.tunnel.others = OtherFirewalls(ForeignTables(host.commands, INTERFACE, is_managed=True))
    host.verify(a_bundle(forward=True))
    is_opened = f"wirety:{INTERFACE}" in host.inside.sh("nft list ruleset")

    host.verify(a_bundle(forward=False))

    assert is_opened
    assert host.inside.sh("nft list ruleset") == before


def test_a_jump_that_peers_cannot_ask_for_names_says_so_until_they_can(host: Host) -> None:
    host.inside.sh(
        "nft 'add table ip filter; add chain ip filter INPUT { type filter hook input priority 0; policy drop; }'"
    )
    host.tunnel.others = OtherFirewalls(ForeignTables(host.commands, INTERFACE))
    bundle = a_bundle(forward=True, listen_port=41000)

    told, kept = host.verify(bundle).shut, host.apply(a_bundle(2, forward=True, listen_port=41000)).shut
    host.inside.sh(f"nft add rule ip filter INPUT iifname {INTERFACE} accept")
    host.inside.sh("nft add rule ip filter INPUT udp dport 41000 accept")

    assert [part in said for part, said in zip(("UDP port 41000", "port 53 from"), told, strict=True)] == [True, True]
    assert (kept, host.verify(bundle).shut) == (told, ())
