"""The laboratory by itself: NAT, the published origin, blackouts, and that nothing outlives it."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from infra.lab import TWO_SITES, Lab, Node, UserspaceSocket
from infra.lab.node import ahead
from infra.lab.probe import PORT, probe

pytestmark = pytest.mark.dataplane

FETCH = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=3).read().decode())"

CONNECT = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=1)
except OSError as failed:
    print(type(failed).__name__)
"""

COUNTER = """
table ip seen {
  chain input { type filter hook input priority 0; ip saddr 203.0.113.22 counter; }
}
"""

CUT = f"""
table ip cut {{
  chain input {{ type filter hook input priority 0; udp dport {PORT} drop; }}
}}
"""

ABANDONED_LAB = """
import sys, time
from infra.lab import Lab
with Lab() as lab:
    lab.publish(80, 9)
    lab["jump"].spawn("sleep", "1000")
    print(*[node.holder.pid for node in lab.nodes.values()], flush=True)
    time.sleep(1000)
"""


class Caller(BaseHTTPRequestHandler):
    """Answers with the address of whoever asks."""

    def do_GET(self) -> None:
        body = self.client_address[0].encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


@contextlib.contextmanager
def a_server_on_loopback() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Caller)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


def fetch(node: Node, url: str) -> str:
    return node.run(sys.executable, "-I", "-c", FETCH, url).strip()


def a_key(node: Node) -> tuple[str, str]:
    private = node.run("wg", "genkey")
    return private, node.run("wg", "pubkey", stdin=private).strip()


def a_tunnel(node: Node, private: str, address: str, *peer: str) -> None:
    """Bring up wg0 by wireguard-go, or by the kernel where it can."""
    if node.attempt("ip", "link", "add", "wg0", "type", "wireguard").returncode:
        node.run("wireguard-go", "wg0")
    node.run("wg", "set", "wg0", "listen-port", "51820", "private-key", "/dev/stdin", *peer, stdin=private)
    node.run("ip", "address", "add", address, "dev", "wg0")
    node.run("ip", "link", "set", "wg0", "up")


def test_every_node_reaches_the_internet_and_nobody_reaches_behind_a_router(lab: Lab) -> None:
    reached = {name: lab[name].reaches(lab.internet_address) for name in ("jump", "site-a", "site-b")}
    behind = lab.internet.attempt("ping", "-c", "1", "-W", "1", "192.168.1.2").returncode == 0

    assert reached == {"jump": True, "site-a": True, "site-b": True}
    assert not behind


def test_a_site_is_seen_by_the_address_of_its_router(lab: Lab) -> None:
    lab.internet.run("nft", "-f", "-", stdin=COUNTER)

    lab["site-b"].reaches(lab.internet_address)

    assert "packets 0" not in lab.internet.run("nft", "list", "table", "ip", "seen")


def test_a_server_on_loopback_is_reached_through_the_simulated_internet(lab: Lab) -> None:
    with a_server_on_loopback() as port:
        origin = lab.publish(8080, port)
        answers = {name: fetch(lab[name], origin) for name in ("jump", "site-a", "site-b")}

    assert origin == "http://203.0.113.1:8080"
    assert answers == {"jump": "127.0.0.1", "site-a": "127.0.0.1", "site-b": "127.0.0.1"}


def test_a_blackout_cuts_one_site_off_and_leaves_its_path_to_the_jump(lab: Lab) -> None:
    with lab.blackout("site-a"):
        cut = lab["site-a"].reaches(lab.internet_address, timeout_s=1)
        others = (lab["site-a"].reaches("203.0.113.10"), lab["site-b"].reaches(lab.internet_address))
    restored = lab["site-a"].reaches(lab.internet_address)

    assert (cut, others, restored) == (False, (True, True), True)


def test_a_published_port_that_is_silent_refuses_nobody_and_the_host_of_it_is_reached(lab: Lab) -> None:
    with a_server_on_loopback() as port:
        origin = lab.publish(8080, port)
        with lab.silence(8080):
            hung = lab["site-a"].run(sys.executable, "-I", "-c", CONNECT, lab.internet_address, "8080").strip()
            others = lab["site-a"].reaches(lab.internet_address)
        answer = fetch(lab["site-a"], origin)

    assert (hung, others, answer) == ("TimeoutError", True, "127.0.0.1")


def test_wireguard_runs_between_a_site_behind_nat_and_the_jump(lab: Lab) -> None:
    site, jump = lab["site-a"], lab["jump"]
    (site_private, site_public), (jump_private, jump_public) = a_key(site), a_key(jump)
    a_tunnel(jump, jump_private, "10.9.0.1/24", "peer", site_public, "allowed-ips", "10.9.0.2/32")
    to_jump = ("peer", jump_public, "endpoint", "203.0.113.10:51820", "allowed-ips", "10.9.0.0/24")
    a_tunnel(site, site_private, "10.9.0.2/24", *to_jump)

    with probe(site, jump, "10.9.0.1", interval_ms=5, at_least=100) as flow:
        delivery = flow.finish()

    seen = jump.wg()["wg0"].peers[site_public]
    assert (delivery.sent >= 100, delivery.lost) == (True, 0)
    assert (seen.allowed_ips, seen.latest_handshake > 0) == (frozenset({"10.9.0.2/32"}), True)
    assert seen.endpoint is not None
    assert seen.endpoint.startswith("203.0.113.21:")
    assert site.wg()["wg0"].peers.keys() == {jump_public}


def test_the_userspace_socket_says_what_wg_says(lab: Lab) -> None:
    jump = lab["jump"]
    (private, _), (_, other), (_, standby) = a_key(jump), a_key(jump), a_key(jump)
    peers = ("peer", other, "allowed-ips", "10.9.0.2/32,172.31.0.0/16", "peer", standby)
    a_tunnel(jump, private, "10.9.0.1/24", *peers)
    path = jump.root / "run/wireguard/wg0.sock"
    if not path.exists():
        return  # the kernel's WireGuard has no socket

    daemon = UserspaceSocket(path)
    answers = [daemon.peers(), daemon.peers()]
    daemon.close()

    assert answers == [jump.wg()["wg0"].peers] * 2
    assert answers[0][other].allowed_ips == {"10.9.0.2/32", "172.31.0.0/16"}


def test_a_probe_counts_what_is_lost(lab: Lab) -> None:
    with probe(lab["site-a"], lab["jump"], "203.0.113.10", interval_ms=5) as flow:
        time.sleep(0.2)
        lab["jump"].run("nft", "-f", "-", stdin=CUT)
        time.sleep(0.2)
        delivery = flow.finish()

    assert 0 < delivery.lost < delivery.sent


def test_a_probe_whose_echo_has_no_processor_for_a_while_loses_nothing(lab: Lab) -> None:
    with probe(lab["site-a"], lab["jump"], "203.0.113.10", interval_ms=1, at_least=2000) as flow:
        os.kill(flow.echo.pid, signal.SIGSTOP)
        time.sleep(1)
        os.kill(flow.echo.entry.pid, signal.SIGCONT)  # nsenter stops with its command, and takes it along again
        delivery = flow.finish()

    assert (delivery.sent >= 2000, delivery.lost) == (True, 0)


def test_what_a_node_runs_goes_ahead_of_what_the_machine_does(lab: Lab) -> None:
    running = lab["jump"].spawn("sleep", "1000")
    of_a_session_of_its_own = lab["jump"].spawn("setsid", "sleep", "1000")

    policies = {os.sched_getscheduler(process.pid) for process in (running, of_a_session_of_its_own)}

    assert policies == {os.SCHED_RR if ahead() else os.SCHED_OTHER}


def test_two_laboratories_do_not_meet(lab: Lab) -> None:
    with Lab() as other:
        lab.publish(8080, 9)
        other.publish(8080, 9)
        lab["jump"].run("ip", "link", "add", "only-here", "type", "bridge")
        links = other["jump"].run("ip", "link")

    assert "only-here" not in links
    assert lab["jump"].reaches(lab.internet_address)


def test_nothing_is_left_of_a_laboratory_whose_maker_is_killed(capable_machine: None) -> None:
    maker = subprocess.Popen([sys.executable, "-c", ABANDONED_LAB], stdout=subprocess.PIPE, text=True)
    assert maker.stdout is not None
    holders = [Path(f"/proc/{pid}") for pid in maker.stdout.readline().split()]
    networks = {str((holder / "ns/net").readlink()) for holder in holders}

    maker.send_signal(signal.SIGKILL)
    maker.communicate(timeout=10)
    end = time.monotonic() + 5
    while living(networks) and time.monotonic() < end:
        time.sleep(0.05)

    assert len(networks) == len(TWO_SITES.nodes)
    assert living(networks) == []


def test_an_orphan_that_ends_takes_nothing_with_it(lab: Lab) -> None:
    lab["jump"].run("sh", "-c", "sleep 0.05 &")
    time.sleep(0.2)

    assert lab["jump"].run("hostname").strip() == "jump"


def living(networks: set[str]) -> list[str]:
    """Processes in any of these network namespaces."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if str((process / "ns/net").readlink()) in networks:
                found.append(process.name)
    return found


def test_a_closed_laboratory_leaves_no_child_process() -> None:
    with Lab() as lab:
        lab["jump"].spawn("sleep", "1000")
        started = [process for node in lab.nodes.values() for process in (node.holder, *node._started)]

    assert [process.is_running for process in started] == [False] * len(started)
