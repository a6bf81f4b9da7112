"""The DNS server over the loopback: own names, and the addresses and connections that it serves."""

import socket
import struct
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import pytest

from agent.adapters.dns.questions import Questions
from agent.adapters.dns.server import IPV6_FREEBIND, MOST_CONNECTIONS_OF_ONE, DnsServer
from agent.adapters.linux import ipv6
from agent.errors import ToolFailed
from tests.agent.adapters.dns.bench import (
    CLIENT,
    NEIGHBOUR,
    QUESTION,
    SERVER,
    STRANGER,
    WITHIN_S,
    Bench,
    a_free_port,
    is_closed,
    texts,
    until,
    zone,
)
from tests.agent.adapters.resolver import truth


@pytest.mark.parametrize("is_tcp", [False, True], ids=["udp", "tcp"])
def test_own_names_are_answered_with_authority_and_nobody_else_is_asked(bench: Bench, is_tcp: bool) -> None:
    answer = bench.ask("web.home.internal", is_tcp=is_tcp)

    assert texts(answer) == ["10.9.0.5"]
    assert texts(bench.ask("web.home.internal", "AAAA", is_tcp=is_tcp)) == ["fd00:9::5"]
    assert texts(bench.ask("5.0.9.10.in-addr.arpa", "PTR", is_tcp=is_tcp)) == ["web.home.internal."]
    assert answer.flags & (dns.flags.QR | dns.flags.AA | dns.flags.RA | dns.flags.RD) == answer.flags
    assert answer.flags & dns.flags.AA
    assert bench.first.asked == []


def test_the_case_of_a_question_comes_back_as_it_was(bench: Bench) -> None:
    answer = bench.ask("wEB.HomE.inTernal")

    assert answer.question[0].name.to_text() == "wEB.HomE.inTernal."
    assert answer.answer[0].name.to_text() == "wEB.HomE.inTernal."


@pytest.mark.parametrize(
    ("name", "kind", "rcode"),
    [("nobody.home.internal", "A", dns.rcode.NXDOMAIN), ("web.home.internal", "TXT", dns.rcode.NOERROR)],
)
def test_what_is_not_there_is_denied_with_the_zones_soa_and_never_asked_for(
    bench: Bench, name: str, kind: str, rcode: int
) -> None:
    answer = bench.ask(name, kind)

    (soa,) = answer.authority
    assert (answer.rcode(), answer.answer) == (rcode, [])
    assert (soa.name.to_text(), soa.rdtype, soa.ttl) == ("home.internal.", dns.rdatatype.SOA, 10)
    assert bench.first.asked == []


def test_where_the_kernel_has_no_ipv6_names_are_served_by_ipv4_and_nothing_is_missed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(ipv6, "SETTINGS", tmp_path / "none")

    bench.server.serve(zone(listen=(SERVER, "fd00:9::1")))

    assert texts(bench.ask("web.home.internal")) == ["10.9.0.5"]
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
        probe.setsockopt(socket.IPPROTO_IPV6, IPV6_FREEBIND, 1)
        probe.bind(("fd00:9::1", bench.port))  # nobody has it


def test_who_is_not_behind_the_tunnel_gets_no_answer(bench: Bench) -> None:
    wire = dns.message.make_query("web.home.internal", "A").to_wire()

    with bench.send(wire, STRANGER) as asking:
        asking.settimeout(0.5)
        with pytest.raises(TimeoutError):
            asking.recv(512)
    with bench.connect(STRANGER) as connection:
        assert is_closed(connection)


def test_for_the_jump_itself_own_names_alone_are_answered(bench: Bench) -> None:
    assert texts(bench.ask("web.home.internal", client=SERVER)) == ["10.9.0.5"]
    assert bench.ask("example.com", client=SERVER).rcode() == dns.rcode.REFUSED
    assert bench.first.asked == []


def test_a_zone_is_exchanged_under_questions_and_none_is_lost(bench: Bench) -> None:
    """One question waits for its resolver while the zone changes, a hundred others go on."""
    released = threading.Event()

    def behaves(question: dns.message.Message, is_tcp: bool) -> bytes:
        released.wait(WITHIN_S)
        return truth(question)

    bench.first.behaves = behaves
    with ThreadPoolExecutor(max_workers=9) as pool:
        slow = pool.submit(bench.ask, "example.com")
        until(lambda: bool(bench.first.asked))
        asked = [pool.submit(bench.ask, "web.home.internal") for _ in range(100)]
        for serial in range(50):
            addresses = {"web": [f"10.9.0.{serial}"]}
            bench.server.serve(replace(zone(), serial=serial, addresses=addresses, resolvers=()))
        released.set()
        answers = [texts(one.result(WITHIN_S)) for one in asked]

        assert texts(slow.result(WITHIN_S)) == ["198.51.100.1"]
    assert all(len(found) == 1 for found in answers)
    assert texts(bench.ask("web.home.internal")) == ["10.9.0.49"]


def test_addresses_come_and_go_with_the_zone(bench: Bench) -> None:
    query = dns.message.make_query("web.home.internal", "A")
    moved = "127.0.9.2"

    bench.server.serve(zone(listen=(moved, "::1")))

    for where, source in ((moved, CLIENT), ("::1", "::1")):
        assert texts(dns.query.udp(query, where, WITHIN_S, bench.port, source)) == ["10.9.0.5"]
        assert texts(dns.query.tcp(query, where, WITHIN_S, bench.port, source)) == ["10.9.0.5"]
    with pytest.raises(OSError, match="refused"):
        socket.create_connection((SERVER, bench.port), WITHIN_S)


def test_an_address_that_is_not_there_yet_can_be_served(bench: Bench) -> None:
    bench.server.serve(zone(listen=(SERVER, "192.0.2.1", "2001:db8::1")))

    assert texts(bench.ask("web.home.internal")) == ["10.9.0.5"]


def test_a_port_that_is_taken_is_named_the_rest_is_served_and_the_next_time_all(bench: Bench) -> None:
    taken = "127.0.9.2"
    with socket.create_server((taken, bench.port)), pytest.raises(ToolFailed, match=f"cannot be had on {taken}"):
        bench.server.serve(zone(listen=(SERVER, taken)))
    assert texts(bench.ask("web.home.internal")) == ["10.9.0.5"]

    bench.server.serve(zone(listen=(SERVER, taken)))

    query = dns.message.make_query("web.home.internal", "A")
    assert texts(dns.query.tcp(query, taken, WITHIN_S, bench.port, CLIENT)) == ["10.9.0.5"]


def test_a_closed_server_leaves_nothing_open() -> None:
    server = DnsServer(Questions(), port := a_free_port())
    server.serve(zone())
    with socket.create_connection((SERVER, port), WITHIN_S, source_address=(CLIENT, 0)) as connection:
        server.close()
        assert is_closed(connection)

    assert "dns" not in [thread.name for thread in threading.enumerate()]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((SERVER, port), WITHIN_S)


def test_a_connection_serves_many_questions_also_in_pieces(bench: Bench) -> None:
    wire = QUESTION.to_wire()
    framed = struct.pack("!H", len(wire)) + wire

    with bench.connect() as connection, connection.makefile("rb") as stream:
        connection.sendall(framed + framed[:5])
        first = stream.read(struct.unpack("!H", stream.read(2))[0])
        connection.sendall(framed[5:])
        second = stream.read(struct.unpack("!H", stream.read(2))[0])

    assert first == second
    assert texts(dns.message.from_wire(first)) == ["10.9.0.5"]


def test_one_client_may_hold_so_many_connections_and_the_others_get_theirs(bench: Bench) -> None:
    held = [bench.connect() for _ in range(MOST_CONNECTIONS_OF_ONE)]
    until(lambda: bench.server._connections._held.total() == MOST_CONNECTIONS_OF_ONE)

    with bench.connect() as one_more:
        assert is_closed(one_more)
    assert texts(bench.ask("web.home.internal", is_tcp=True, client=NEIGHBOUR)) == ["10.9.0.5"]
    for connection in held:
        connection.close()
    until(lambda: bench.server._connections._held.total() == 0)

    assert texts(bench.ask("web.home.internal", is_tcp=True)) == ["10.9.0.5"]
