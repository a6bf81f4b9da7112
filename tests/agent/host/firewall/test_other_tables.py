"""Tables of others on a jump: found where they forbid, opened by just one rule where asked, closed without a trace."""

from collections.abc import Iterator, Sequence
from ipaddress import ip_network
from pathlib import Path

import pytest

from agent.adapters.linux.other_tables import ForeignTables, legacy
from agent.adapters.linux.tools import Commands
from agent.host.prefixes import Prefix
from tests.agent.host.firewall.known_tables import (
    DOCKER,
    FIREWALLD,
    FIREWALLD_INPUT,
    HARMLESS,
    OPENED,
    OVERLAY,
    UFW,
    UFW_INPUT,
)
from tests.agent.namespace import Namespace

pytestmark = pytest.mark.root


OWN = "wy00000001"
V4, V6 = ip_network("100.64.9.0/24"), ip_network("fd00:9::/64")


@pytest.fixture
def inside() -> Iterator[Namespace]:
    with Namespace() as made:
        yield made


def load(inside: Namespace, text: str) -> None:
    inside.sh(f"nft -f - <<'END'\n{text}\nEND")


def sentences(inside: Namespace, has_ipv6: bool = False) -> list[str]:
    networks = [V4, V6] if has_ipv6 else [V4]
    return list(inside.do(lambda: ForeignTables(Commands(), OWN).sentences(networks)))


def make_so(inside: Namespace, is_managed: bool = True) -> tuple[bool, list[str]]:
    is_changed, left = inside.do(lambda: ForeignTables(Commands(), OWN, is_managed).make_so([V4]))
    return is_changed, list(left)


def shut(inside: Namespace, port: int | None = None, networks: Sequence[Prefix] = ()) -> list[str]:
    """Names first asked for where there are networks."""
    return list(inside.do(lambda: ForeignTables(Commands(), OWN).shut(port, networks)))


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

    found = shut(inside, 51820)

    assert len(found) == (1 if is_shut else 0)
    assert all("chain in of table inet mine drops" in said and "accept UDP 51820 there" in said for said in found)


@pytest.mark.parametrize(
    ("text", "place", "remedy"),
    [
        (UFW_INPUT, "chain INPUT of table ip filter (ufw)", f"ufw allow in on {OWN} to any port 53"),
        (
            FIREWALLD_INPUT,
            "chain filter_IN_public_all of table inet firewalld (firewalld)",
            f"firewall-cmd --permanent --zone=trusted --add-interface={OWN} && firewall-cmd --reload",
        ),
        (OVERLAY, "chain ts-input of table ip filter", f"accept UDP and TCP 53 from {OWN} there"),
    ],
)
def test_what_lets_no_peer_ask_for_names_is_found_also_below_and_with_what_to_do(
    inside: Namespace, text: str, place: str, remedy: str
) -> None:
    load(inside, text)

    (said,) = shut(inside, 51820, [V4])

    assert said.startswith(f"{place} drops UDP and TCP port 53 from {OWN}, so peers get no names from this jump")
    assert said.endswith(f"(--manage-forward does not open this): {remedy}")


@pytest.mark.parametrize(
    ("rules", "dropped"),
    [
        ("", "UDP and TCP"),
        ('iifname "wy*" accept;', None),
        (f'iifname {{ "eth0", "{OWN}" }} accept;', None),
        ('iifname "eth0" accept;', "UDP and TCP"),
        ("ct state established,related accept;", "UDP and TCP"),
        ("udp dport 53 accept;", "TCP"),
        ("udp dport 53 accept; tcp dport { 22, 50-60 } accept;", None),
        ("meta l4proto { tcp, udp } th dport 53 accept;", None),
        ("ip saddr 100.64.0.0/10 accept;", None),
        ("ip saddr 100.64.9.0/28 udp dport 53 accept;", "TCP"),
        ("ip saddr 192.0.2.0/24 accept;", "UDP and TCP"),
        ("udp dport 53 drop; meta l4proto { tcp, udp } th dport 53 accept;", "UDP"),
        ("tcp dport != 22 accept; udp dport != 22 accept;", None),
        ("ip6 saddr fd00::/8 accept;", "UDP and TCP"),
        ("fib daddr type local accept;", "UDP and TCP"),
    ],
)
def test_names_are_dropped_where_no_rule_takes_what_comes_from_the_tunnel(
    inside: Namespace, rules: str, dropped: str | None
) -> None:
    load(inside, f"table inet mine {{ chain in {{ type filter hook input priority 0; policy drop; {rules} }}; }}")

    found = shut(inside, networks=[V4])

    assert [f"drops {dropped} port 53" in said for said in found] == ([] if dropped is None else [True])


def test_an_overlay_that_claims_other_addresses_is_no_finding(inside: Namespace) -> None:
    load(inside, OVERLAY)

    assert shut(inside, 51820, [ip_network("10.9.0.0/24"), V6]) == []
    assert sentences(inside) == []  # what it forwards goes to its own interface alone


def test_what_is_forwarded_between_peers_is_dropped_below_an_accepting_policy(inside: Namespace) -> None:
    load(inside, OVERLAY.replace('100.64.0.0/10 oifname "tailscale0"', "100.64.0.0/10"))

    (said,) = sentences(inside)
    opened, after = make_so(inside), sentences(inside)

    assert "chain FORWARD of table ip filter drops" in said
    assert (opened, after) == ((True, []), [])


@pytest.mark.parametrize(("name", "content"), [("ip_tables_names", "nat\nfilter\n"), ("ip6_tables_names", "filter\n")])
def test_rules_of_the_old_iptables_are_told_of(tmp_path: Path, name: str, content: str) -> None:
    nothing = list(legacy(tmp_path))
    for other in ("ip_tables_names", "ip6_tables_names"):
        (tmp_path / other).write_text("")
    empty = list(legacy(tmp_path))
    (tmp_path / name).write_text(content)

    (said,) = legacy(tmp_path)

    assert (nothing, empty) == ([], [])
    assert said.startswith(f"iptables-legacy has tables here ({', '.join(sorted(content.split()))})")


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
