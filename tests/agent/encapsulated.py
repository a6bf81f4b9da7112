"""A site that sends everything through its jump, and a count of what leaves beside it."""

import json
from dataclasses import dataclass

from chalicelib.wire.bundle import Bundle
from tests.agent.builders import a_bundle, a_peer, a_private_key
from tests.agent.site import INTERFACE, PLANE, WITHIN_S, Site

SEAL = f"{INTERFACE}_seal"
HUB, JUMP_AT = "10.9.0.1", "203.0.113.9"
INTERNET, INTERNET_6 = "203.0.113.80", "2001:db8::80"
EVERYTHING = ["0.0.0.0/0", "::/0"]

# Of what the host sends over the wire: all but its tunnel, its agent, and its own network.
WATCH = f"""
table inet watch {{
  counter leaked {{ }}
  counter asked {{ }}
  counter answered_inside {{ }}
  chain wire {{
    type filter hook prerouting priority -300; policy accept;
    iifname "hub0" meta l4proto udp udp dport 53 counter name "answered_inside"
    iifname != "eth0" accept
    meta l4proto {{ tcp, udp }} th dport 53 counter name "asked"
    ip daddr {{ 192.168.1.0/24, {PLANE}, {JUMP_AT}, 224.0.0.0/4 }} accept
    ip6 daddr {{ fd11::/64, fe80::/10, ff00::/8 }} accept
    counter name "leaked"
  }}
}}
"""
ASK = "import socket, sys; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'?', (sys.argv[1], 53))"
# As systemd-resolved asks the resolvers of an interface: IP_UNICAST_IF, linux/in.h.
ASK_BY_INTERFACE = """
import socket, struct, sys
asker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
asker.setsockopt(socket.IPPROTO_IP, 50, struct.pack("!I", socket.if_nametoindex("eth0")))
asker.connect((sys.argv[1], 53))
asker.send(b"?")
"""


def full(revision: int, prefixes: list[str] | None = None, is_full: bool = True) -> Bundle:
    hub = a_peer("hub", EVERYTHING if prefixes is None else prefixes, endpoint=f"{JUMP_AT}:51820", keepalive=25)
    return a_bundle(revision, [hub], full_encapsulation=is_full, resolvers=[HUB])


@dataclass
class Encapsulated:
    """A site whose jump stands in the world; `leaked`: packets that left beside the tunnel."""

    site: Site

    def raise_hub(self) -> None:
        world = self.site.world
        world.sh(f"ip address add {JUMP_AT}/32 dev lo; ip address add {INTERNET}/32 dev lo")
        world.sh(f"ip address add {INTERNET_6}/128 dev lo; printf '%s' '{WATCH}' | nft -f -")
        world.sh("ip link add hub0 type wireguard 2>/dev/null || wireguard-go hub0")
        key = self.site.state / "hub.key"
        key.write_text(a_private_key("hub"))
        world.sh(f"wg set hub0 listen-port 51820 private-key {key} && ip address add {HUB}/24 dev hub0")
        world.sh("ip link set hub0 up")

    def trust_host(self) -> None:
        enrolled = self.site.origin.enrolled
        assert enrolled is not None
        self.site.world.sh(f"wg set hub0 peer {enrolled.public_key} allowed-ips 10.9.0.2/32")

    def count(self, counter: str) -> int:
        listed = self.site.world.sh(f"nft list counter inet watch {counter}")
        return int(listed.split("packets ")[1].split()[0])

    def reaches(self, address: str) -> bool:
        return self.site.host.sh(f"ping -n -c 2 -i 0.2 -W 1 {address} >/dev/null 2>&1 && echo yes || true") != ""

    def ask(self, resolver: str) -> None:
        self.site.host.sh(f'python3 -c "{ASK}" {resolver} || true')

    def try_all(self) -> None:
        """What a program on the host may send."""
        for address in (INTERNET, INTERNET_6, "198.51.100.77"):
            self.reaches(address)
        for resolver in ("192.168.1.1", "198.51.100.53"):
            self.ask(resolver)

    def change(self, bundle: Bundle) -> None:
        self.site.origin.change(bundle)
        self.site.origin.wait_for(lambda: self.site.origin.has_applied(bundle.revision), WITHIN_S)
        assert self.site.origin.applied()[-1].ok, self.site.origin.applied()[-1].error

    def all_of_it(self) -> str:
        looks = ("ip rule", "ip -6 rule", "ip route show table 22361", "ip -6 route show table 22361")
        last = (f"wg show {INTERFACE} fwmark", f"nft list table inet {SEAL}")
        return self.site.host.sh("; ".join(f"{look} 2>/dev/null || true" for look in (*looks, *last)))

    def rules(self) -> str:
        return self.site.host.sh("ip rule; ip -6 rule; nft list tables")


def applications(site: Site) -> list[dict[str, object]]:
    lines = [json.loads(line) for line in (site.state / "log").read_text().splitlines()]
    return [line for line in lines if line["event"] == "bundle_applied"]
