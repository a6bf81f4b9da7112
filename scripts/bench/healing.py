"""How soon a host is as its agent made it, and carries traffic, after others did something to it.

Real agents on real WireGuard, against the deployed local cloud. Each harm is done by the tool that does it in life, to
a host that has been still for a moment; measured until all is back and the sites reach each other.
"""

import math
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from chalicelib.wire.peers import PatchPeer
from infra.demo.agent import Agent
from infra.demo.api import Api
from infra.demo.deployment import Deployment, Info
from infra.demo.fleet import Fleet
from infra.demo.waiting import until
from infra.lab import Lab
from infra.stack.local_stack import LocalStack
from scripts.bench.figures import Bar, Figure, Group, Say

ROUNDS = 5
CALM_S = 2.5
HEALS_S = 120.0
SETTLES_S = 60.0
POLL_S = 0.02
ALL = "net.ipv4.conf.all"
FORBIDDING = "table ip filter { chain FORWARD { type filter hook forward priority filter; policy drop; }; }"
MADE = """
ip -br address show dev $I scope global; ip link show dev $I | grep -o 'UP.*mtu [0-9]*'; ip route show dev $I
ip rule show; ip route show table 22361 2>/dev/null; nft -s list chain ip filter FORWARD 2>/dev/null
nft -s list tables | sort; for table in $I ${I}_seal; do nft -s list table inet $table 2>/dev/null | sort; done
cd /proc/sys/net; cat ipv4/conf/*/forwarding ipv4/conf/all/src_valid_mark ipv6/conf/all/forwarding
wg show $I fwmark; wg show $I allowed-ips | sort
"""
BARS = (Bar("firewall_heal_ms", 2_000), Bar("host_heal_ms", 2_000))


@dataclass(frozen=True, slots=True)
class Harm:
    """`command`: for a shell in the node, `$I` is the agent's interface and `$PID` wireguard-go's."""

    node: str
    command: str


FIREWALL = (
    Harm("jump", f"nft flush ruleset; nft '{FORBIDDING}'"),
    Harm("jump", "nft delete table inet $I"),
    Harm("jump", f"nft delete table ip filter; sleep 0.3; nft '{FORBIDDING}'"),
    Harm("site-b", "nft flush ruleset"),
)
HOST = (
    Harm("jump", "ip address flush dev $I"),
    Harm("jump", "ip link set dev $I down"),
    Harm("site-a", "ip address flush dev $I; ip link set dev $I down"),
    Harm("jump", "ip address flush dev $I; ip link set dev $I down"),
    Harm("jump", "ip route flush dev $I"),
    Harm("jump", "ip link delete dev $I"),
    Harm("site-a", "ip link delete dev $I"),
    Harm("jump", "kill -KILL $PID"),
    Harm("site-a", "kill -KILL $PID"),
    Harm("jump", "sysctl -qw net.ipv4.ip_forward=1; sysctl -qw net.ipv4.ip_forward=0"),
    Harm("site-b", "ip rule delete pref 22360; ip rule delete pref 22361; ip route flush table 22361"),
    Harm("site-b", f"sysctl -qw {ALL}.rp_filter=0 {ALL}.src_valid_mark=0; sysctl -qw {ALL}.rp_filter=1"),
)


def measure(say: Say) -> Sequence[Figure]:
    took_ms: dict[Harm, list[float]] = {harm: [] for harm in (*FIREWALL, *HOST)}
    with (
        tempfile.TemporaryDirectory(prefix="wirety-bench-") as directory,
        LocalStack(Path(directory), report=say) as stack,
        _a_fleet(Deployment.of(msgspec.convert(stack.info, Info)), say) as fleet,
    ):
        for number in range(ROUNDS):
            for harm in took_ms:
                took_ms[harm].append(_healed_after_ms(fleet, harm))
                say(f"round {number + 1} of {ROUNDS}: {harm.node}: {harm.command}: {took_ms[harm][-1]:.0f} ms")
    return [*_figures("firewall_heal", FIREWALL, took_ms), *_figures("host_heal", HOST, took_ms)]


@contextmanager
def _a_fleet(deployment: Deployment, say: Say) -> Iterator[Fleet]:
    """A jump that opens another firewall, and two sites, of which one sends everything through the tunnel."""
    api = Api(deployment.api_url, deployment.api_token)
    with Lab() as lab:
        fleet = Fleet(api, lab, lab.publish(deployment.port), deployment.agent_command)
        fleet.raise_up(say)
        jump, sealed = fleet.jump, fleet.agents["site-b"]
        jump.stop()
        jump.node.run("nft", FORBIDDING)
        jump.start("--manage-forward")
        api.change_peer(fleet.network.id, sealed.peer.id, PatchPeer(full_encapsulation=True))
        until(lambda: "22361" in sealed.node.run("ip", "rule"), "full encapsulation is in force", SETTLES_S)
        until(lambda: _is_carried(fleet), "the sites reach each other", SETTLES_S)
        yield fleet
        fleet.remove()
    api.close()


def _healed_after_ms(fleet: Fleet, harm: Harm) -> float:
    agent = fleet.agents[harm.node]
    interface = agent.wait_for_interface()
    time.sleep(CALM_S)
    before = _made(agent, interface)
    _in(agent, interface, harm.command)
    began_s = time.monotonic()
    until(
        lambda: _made(agent, interface) == before and _is_carried(fleet),
        f"{harm.node} healed after {harm.command}",
        HEALS_S,
        POLL_S,
    )
    return (time.monotonic() - began_s) * 1000


def _made(agent: Agent, interface: str) -> str:
    return _in(agent, interface, MADE).stdout


def _in(agent: Agent, interface: str, command: str) -> subprocess.CompletedProcess[str]:
    named = f"I={interface}; PID=$(pgrep -f 'wireguard-go -f {interface}'); {command}"
    return agent.node.attempt("sh", "-c", named)


def _is_carried(fleet: Fleet) -> bool:
    """Whether a packet goes from one site to the other and back."""
    site, other = fleet.agents["site-a"], fleet.agents["site-b"]
    return site.node.attempt("ping", "-n", "-q", "-c", "1", "-W", "1", other.peer.address or "").returncode == 0


def _figures(name: str, harms: Sequence[Harm], took_ms: dict[Harm, list[float]]) -> Iterator[Figure]:
    every = sorted(value for harm in harms for value in took_ms[harm])
    yield Figure(f"{name}_ms", round(every[math.ceil(0.95 * len(every)) - 1]), "ms", len(every))
    yield Figure(f"{name}_median_ms", round(every[len(every) // 2]), "ms", len(every))
    yield Figure(f"{name}_worst_ms", round(every[-1]), "ms", len(every))


GROUP = Group("how soon a host is healed of what others did to it", measure, BARS)
