"""What the real `wg-quick` and `wg` make of a file: root and Linux only, nothing of the machine is touched.

`wg` speaks to one wireguard-go interface that is never brought up, in namespaces that
vanish with this process. It is made at the first call and used for every file after it.
"""

import atexit
import os
import re
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv6Address, ip_address, ip_network
from pathlib import Path

from infra.lab.node import Node
from infra.lab.outer_namespaces import OuterNamespaces
from infra.lab.topology import NodeSpec
from tests.dialects.refused import Refused

STRIP_S = 10.0
INTERFACE = "wg0"
RESOLVED = "192.0.2.53"  # the address of every host name; TEST-NET-1, RFC 5737
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ENDPOINT = re.compile(r"^\s*endpoint\s*=\s*(\S+):\S+\s*$", re.IGNORECASE | re.MULTILINE)
HOST_NAME = re.compile(r"(?:[a-z0-9_-]+\.)*[a-z0-9_-]*[a-z_][a-z0-9_-]*\.?", re.IGNORECASE)

SETUP = f"""
mkdir -p /run/wireguard
echo '127.0.0.1 localhost' > /run/hosts
mount --bind /run/hosts /etc/hosts
wireguard-go {INTERFACE}
"""


@dataclass(frozen=True, slots=True)
class ShownPeer:
    """`endpoint`: address and port in one spelling; `allowed_ips` as networks in one spelling."""

    public_key: str
    preshared_key: str | None
    endpoint: str | None
    allowed_ips: frozenset[str]
    keepalive_s: int


@dataclass(frozen=True, slots=True)
class PeerView:
    """What `wg showconf` says. `listen_port`: a free one where the file names none."""

    private_key: str | None
    listen_port: int
    peers: tuple[ShownPeer, ...]


def strip(text: str, tunnel_name: str) -> str:
    """What `wg-quick strip` leaves for `wg`, the file being readable by its owner only.

    Raises:
        Refused: with what it says.
    """
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / f"{tunnel_name}.conf"
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", newline="") as opened:
            opened.write(text)
        done = subprocess.run(["wg-quick", "strip", str(file)], capture_output=True, text=True, timeout=STRIP_S)
    return _answer(done)


def wg_parses(text: str) -> PeerView:
    """What `wg` understands of a stripped file. Host names in it resolve to RESOLVED.

    Raises:
        Refused: with what `wg setconf` says.
    """
    node = _node()
    names = [name for name in ENDPOINT.findall(text) if HOST_NAME.fullmatch(name)]
    hosts = [f"{RESOLVED} {name}\n" for name in dict.fromkeys(["localhost", *names])]
    (node.root / "run/hosts").write_text("".join(hosts))
    env = {"PATH": PATH, "WG_ENDPOINT_RESOLUTION_RETRIES": "0"}
    _answer(node.attempt("wg", "setconf", INTERFACE, "/dev/stdin", stdin=text, env=env))
    return _parsed(node.run("wg", "showconf", INTERFACE))


def canonical_endpoint(address: str, port: str | int) -> str:
    """One spelling for an endpoint: an IPv4 address stays one when IPv6 carries it."""
    parsed = ip_address(address)
    parsed = (parsed.ipv4_mapped or parsed) if isinstance(parsed, IPv6Address) else parsed
    return f"{parsed} {port}"


@cache
def _node() -> Node:
    outer = OuterNamespaces.make()
    node = Node.make(NodeSpec("wg", ()), outer)
    node.wait_up()
    node.run("sh", "-ec", SETUP)

    def end() -> None:
        outer.close()
        node.release()

    atexit.register(end)
    return node


def _answer(done: subprocess.CompletedProcess[str]) -> str:
    if done.returncode:
        raise Refused(done.stderr.strip())
    return done.stdout


def _parsed(conf: str) -> PeerView:
    sections: list[dict[str, str]] = []
    for line in conf.splitlines():
        key, equals, value = line.partition(" = ")
        if line.startswith("["):
            sections.append({})
        elif equals:
            sections[-1][key] = value
    interface, *peers = sections
    return PeerView(interface.get("PrivateKey"), int(interface["ListenPort"]), tuple(map(_peer, peers)))


def _peer(section: dict[str, str]) -> ShownPeer:
    address, _, port = section.get("Endpoint", "").rpartition(":")
    allowed_ips = section.get("AllowedIPs")
    return ShownPeer(
        public_key=section["PublicKey"],
        preshared_key=section.get("PresharedKey"),
        endpoint=canonical_endpoint(address.strip("[]"), port) if address else None,
        allowed_ips=frozenset(str(ip_network(cidr)) for cidr in allowed_ips.split(", "))
        if allowed_ips
        else frozenset(),
        keepalive_s=int(section.get("PersistentKeepalive", "0")),
    )
