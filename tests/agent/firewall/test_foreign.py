"""Tables of others on a jump: found where they forbid, opened by just one rule where asked, closed without a trace."""

from collections.abc import Iterator

import pytest

from agent.adapters.commands import Commands
from agent.adapters.foreign import ForeignTables
from tests.agent.namespace import Namespace

pytestmark = pytest.mark.root

OWN = "wy00000001"

DOCKER = """
table ip filter {
  chain DOCKER-USER { }
  chain FORWARD { type filter hook forward priority filter; policy drop; counter jump DOCKER-USER
    oifname "docker0" ct state related,established accept; iifname "docker0" oifname != "docker0" accept; }
}
table ip nat {
  chain POSTROUTING { type nat hook postrouting priority srcnat; policy accept; }
}
"""
UFW = """
table ip filter {
  chain ufw-before-forward { ct state related,established accept; }
  chain FORWARD { type filter hook forward priority filter; policy drop; jump ufw-before-forward; }
}
table ip6 filter {
  chain ufw6-before-forward { }
  chain FORWARD { type filter hook forward priority filter; policy drop; jump ufw6-before-forward; }
}
"""
FIREWALLD = """
table inet firewalld {
  chain filter_FORWARD { type filter hook forward priority filter + 10; policy accept;
    ct state { established, related } accept; iifname "lo" accept; ct state invalid drop
    reject with icmpx admin-prohibited; }
}
"""
HARMLESS = """
table inet mine {
  chain forward { type filter hook forward priority filter; policy accept; ip daddr 192.0.2.1 drop; }
  chain input { type filter hook input priority filter; policy drop; }
  chain other { drop; }
}
table inet wy00000009 {
  chain forward { type filter hook forward priority filter; policy drop; }
}
table bridge br {
  chain forward { type filter hook forward priority 0; policy drop; }
}
"""
OPENED = DOCKER.replace("DOCKER-USER { }", 'DOCKER-USER { iifname "wy*" counter accept; }')


@pytest.fixture
def inside() -> Iterator[Namespace]:
    with Namespace() as made:
        yield made


def load(inside: Namespace, text: str) -> None:
    inside.sh(f"nft -f - <<'END'\n{text}\nEND")


def sentences(inside: Namespace, has_ipv6: bool = False) -> list[str]:
    return list(inside.do(lambda: ForeignTables(Commands(), OWN).sentences(has_ipv6)))


def make_so(inside: Namespace, is_managed: bool = True) -> tuple[bool, list[str]]:
    is_changed, left = inside.do(lambda: ForeignTables(Commands(), OWN, is_managed).make_so(has_ipv6=False))
    return is_changed, list(left)


@pytest.mark.parametrize(
    ("rules", "policy", "is_shut"),
    [
        ("", "drop", True),
        ("", "accept", False),
        ("tcp dport 51820 accept;", "drop", True),
        ("udp dport 51821 accept;", "drop", True),
        ("udp dport 51820 drop;", "drop", True),
        ("udp dport 51820 accept;", "drop", False),
        ("ip saddr 192.0.2.0/24 udp dport { 53, 51000-52000 } accept;", "drop", False),
        ("meta l4proto { tcp, udp } th dport 51820 accept;", "drop", False),
        ("udp dport 51000-51999 accept; drop;", "accept", False),
        ("ct state established accept; reject;", "accept", True),
    ],
)
def test_a_table_by_which_no_peer_reaches_the_port_is_found(
    inside: Namespace, rules: str, policy: str, is_shut: bool
) -> None:
    load(inside, f"table inet mine {{ chain in {{ type filter hook input priority 0; policy {policy}; {rules} }}; }}")
    load(inside, "table inet wy00000009 { chain in { type filter hook input priority 0; policy drop; }; }")

    found = inside.do(lambda: ForeignTables(Commands(), OWN).shut(51820, has_ipv6=True))

    assert len(found) == (1 if is_shut else 0)
    assert all("chain in of table inet mine drops" in said and "accept UDP 51820 there" in said for said in found)


@pytest.mark.parametrize(
    ("text", "place", "owner"),
    [
        (DOCKER, "chain FORWARD of table ip filter", "Docker"),
        (UFW, "chain FORWARD of table ip filter", "ufw"),
        (FIREWALLD, "chain filter_FORWARD of table inet firewalld", "firewalld"),
    ],
)
def test_a_table_that_drops_what_is_forwarded_is_found_with_what_to_do(
    inside: Namespace, text: str, place: str, owner: str
) -> None:
    load(inside, text)

    (sentence,) = sentences(inside)

    assert all(words in sentence for words in (place, f"({owner})", "--manage-forward", OWN))


@pytest.mark.parametrize("text", ["", HARMLESS, OPENED])
def test_what_lets_the_tunnel_through_is_no_finding(inside: Namespace, text: str) -> None:
    load(inside, text)

    assert sentences(inside, has_ipv6=True) == []


def test_what_forbids_ipv6_matters_where_there_is_any(inside: Namespace) -> None:
    load(inside, UFW)

    assert ("table ip6" in " ".join(sentences(inside)), len(sentences(inside, has_ipv6=True))) == (False, 2)


@pytest.mark.parametrize("text", [DOCKER, UFW, FIREWALLD])
def test_it_is_opened_by_just_one_marked_rule_ahead_of_the_others_and_once(inside: Namespace, text: str) -> None:
    load(inside, text)

    first, second = make_so(inside), make_so(inside)

    lines = [line.strip() for line in inside.sh("nft list ruleset").splitlines()]
    marked = [at for at, line in enumerate(lines) if f'comment "wirety:{OWN}"' in line]
    assert (first, second) == ((True, []), (False, []))
    assert len(marked) == 1
    assert "hook forward" in lines[marked[0] - 1]
    assert sentences(inside) == []


@pytest.mark.parametrize(
    "harm",
    [
        "nft flush chain ip filter FORWARD",
        f"nft flush chain ip filter {OWN}",
        f"nft 'insert rule ip filter FORWARD drop comment \"wirety:{OWN}\"'",
    ],
)
def test_what_was_done_to_the_rule_is_healed(inside: Namespace, harm: str) -> None:
    load(inside, DOCKER)
    make_so(inside)
    inside.sh(harm)

    healed, again = make_so(inside), make_so(inside)

    assert (healed[0], again[0]) == (True, False)
    assert inside.sh("nft list ruleset").count(f'comment "wirety:{OWN}"') == 1


def test_without_the_flag_and_on_leaving_every_trace_goes(inside: Namespace) -> None:
    load(inside, DOCKER)
    before = inside.sh("nft list ruleset")

    make_so(inside)
    unflagged = make_so(inside, is_managed=False)
    after = inside.sh("nft list ruleset")
    make_so(inside)
    inside.do(ForeignTables(Commands(), OWN).remove)

    assert (unflagged[0], len(unflagged[1])) == (True, 1)
    assert after == before == inside.sh("nft list ruleset")
