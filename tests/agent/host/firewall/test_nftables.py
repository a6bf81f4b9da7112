"""The table as text: one transaction, elements alone where that is enough, and the way back from the kernel's list."""

import json
from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.adapters.linux.firewall import NftFirewall
from agent.adapters.linux.tools import Commands
from agent.errors import ToolFailed
from agent.host.firewall.nftables import Table, listed, replacing, updating
from agent.host.firewall.policy import Exit, Policy, Rule, member, outermost, parse_member
from agent.host.firewall.ruleset import NEVER_INTERNET, NEVER_OUT, Surroundings, table
from chalicelib.domain.tunnel import firewall as domain
from tests.agent.host.firewall.policies import a_policy, an_exit
from tests.agent.namespace import Namespace

INTERFACE = "wy00000001"
AROUND = Surroundings(INTERFACE, 1420, frozenset({ip_network("10.9.0.1/32")}), ("eth0",))
MEMBERS = [
    "10.9.0.2/32",
    "10.9.0.3/32",
    "10.9.0.2/31",
    "10.9.0.0/28",
    "192.168.0.0/16",
    "192.168.7.0/24",
    "fd00::2/128",
]
SUBSETS = st.sets(st.sampled_from(MEMBERS)).map(lambda texts: outermost(map(parse_member, texts)))


def a_table(policy: Policy | None = None) -> Table:
    return table(policy or Policy(), AROUND)


def test_a_table_is_replaced_in_one_transaction_that_also_makes_it() -> None:
    lines = replacing(a_table()).splitlines()

    assert lines[:3] == [f"table inet {INTERFACE}", f"delete table inet {INTERFACE}", f"table inet {INTERFACE} {{"]


def test_every_base_chain_accepts_what_is_not_the_interfaces() -> None:
    text = replacing(a_table())

    assert text.count(" hook ") == text.count("policy accept;") == 5


def test_a_changed_member_is_an_element_and_a_changed_rule_another_table() -> None:
    before, other = a_table(a_policy(web=["10.9.0.2/32"])), a_table(a_policy(web=["10.9.0.3/32"]))
    ruled = a_table(a_policy(Rule("web", None, None, (), allows=False), web=["10.9.0.2/32"]))

    assert other.has_shape_of(before)
    assert updating(before, other).splitlines() == [
        f"delete element inet {INTERFACE} s4v4 {{ 10.9.0.2 }}",
        f"add element inet {INTERFACE} s4v4 {{ 10.9.0.3 }}",
    ]
    assert not ruled.has_shape_of(before)


def test_the_same_policy_gives_the_same_text() -> None:
    policies = [a_policy(web=members) for members in (MEMBERS, reversed(MEMBERS))]

    first, second = (replacing(a_table(policy)) for policy in policies)

    assert first == second


def test_the_internet_is_the_same_for_agent_and_control_plane() -> None:
    assert tuple(map(member, domain.NEVER_INTERNET)) == NEVER_INTERNET
    assert tuple(map(member, domain.NEVER_OUT)) == NEVER_OUT


def test_nothing_is_masqueraded_where_no_interface_leads_out() -> None:
    policy = a_policy(exits=(an_exit("172.20.0.0/16"),), internet=["10.9.0.2/32"])

    assert "masquerade" not in replacing(table(policy, replace(AROUND, nat_interfaces=())))


@pytest.fixture(scope="module")
def inside() -> Any:
    with Namespace() as made:
        yield made


RULES = st.builds(
    lambda source, destination, service, allows: Rule(source, destination, service[0], service[1], allows),
    st.sampled_from([None, "web", "blocked"]),
    st.sampled_from([None, "web", "hubs"]),
    st.sampled_from([(None, ()), ("icmp", ()), ("tcp", ()), ("udp", ((53, 53),)), ("tcp", ((22, 22), (80, 90)))]),
    st.booleans(),
)
POLICIES = st.builds(
    lambda rules, exits, **sets: Policy(sets=sets, rules=tuple(rules), exits=tuple(exits)),
    st.lists(RULES, max_size=5),
    st.lists(
        st.builds(Exit, st.sampled_from([ip_network("172.20.0.0/16"), ip_network("fd05::/64")]), st.booleans()),
        max_size=2,
        unique_by=lambda way: way.cidr,
    ),
    blocked=SUBSETS,
    isolated=SUBSETS,
    hubs=SUBSETS,
    internet=SUBSETS,
    web=SUBSETS,
)


@pytest.mark.root
@settings(max_examples=60)
@given(st.lists(POLICIES, min_size=1, max_size=4))
def test_whatever_was_loaded_before_the_kernel_has_what_is_wanted(inside: Namespace, policies: list[Policy]) -> None:
    firewall = NftFirewall(Commands(), INTERFACE)
    for policy in policies:
        wanted = table(policy, AROUND)
        inside.do(lambda wanted=wanted: firewall.apply(wanted))  # type: ignore[misc]

        found = listed(inside.sh(f"nft -j list table inet {INTERFACE}"))
        assert found is not None
        assert found.sets == wanted.sets
        inside.do(firewall.verify)
        assert not firewall.would_change(wanted)


@pytest.mark.root
@pytest.mark.parametrize(
    ("harm", "is_by_elements"),
    [
        ("delete table inet wy00000001", False),
        ("flush table inet wy00000001", False),
        ("flush chain inet wy00000001 first", False),
        ("insert rule inet wy00000001 through accept", False),
        ("add set inet wy00000001 more { type ipv4_addr; }", False),
        ("delete element inet wy00000001 s0v4 { 10.9.0.9 }", True),
        ("add element inet wy00000001 s4v4 { 10.9.0.128-10.9.0.130 }", False),
        ("add element inet wy00000001 s4v4 { 10.9.0.128/25 }", True),
        ("flush set inet wy00000001 neverv4", True),
    ],
)
def test_what_was_done_to_the_table_is_healed_in_one_pass(inside: Namespace, harm: str, is_by_elements: bool) -> None:
    ran: list[str] = []
    firewall = NftFirewall(a_recorder(ran), INTERFACE)
    wanted = a_table(a_policy(blocked=["10.9.0.9/32"], web=["10.9.0.2/32"]))
    inside.do(lambda: firewall.apply(wanted))
    inside.do(lambda: firewall.verify())
    ran.clear()
    inside.sh(f"nft '{harm}'")

    inside.do(firewall.verify)
    is_healed = inside.do(lambda: firewall.apply(wanted))

    assert is_healed
    assert [text.startswith("table") for text in ran if text] == [not is_by_elements]
    inside.do(firewall.verify)
    assert not firewall.would_change(wanted)


def a_recorder(ran: list[str]) -> Commands:
    class Recorder(Commands):
        def run(self, *argv: str, stdin: str = "") -> str:
            ran.append(stdin)
            return Commands.run(self, *argv, stdin=stdin)

    return Recorder()


@pytest.mark.root
def test_a_transaction_that_the_kernel_refuses_leaves_the_table_as_it_was(inside: Namespace) -> None:
    firewall = NftFirewall(Commands(), INTERFACE)
    inside.do(lambda: firewall.apply(a_table()))
    before = inside.sh(f"nft list table inet {INTERFACE}")
    broken = replace(a_table(), chains=a_table().chains + "\n    chain x { jump nowhere; }")

    with pytest.raises(ToolFailed):
        inside.do(lambda: firewall.apply(broken))

    assert inside.sh(f"nft list table inet {INTERFACE}") == before


def test_elements_that_are_no_cidrs_are_not_the_agents() -> None:
    text = json.dumps({"nftables": [{"set": {"name": "s0v4", "elem": [{"range": ["10.0.0.1", "10.0.0.5"]}]}}]})

    assert listed(text) is None
