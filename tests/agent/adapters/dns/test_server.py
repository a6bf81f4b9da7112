"""The DNS server over the loopback: own names, others', and whatever a network may send."""

import contextlib
import random
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from ipaddress import ip_address, ip_network
from pathlib import Path

import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.query
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest

from agent.adapters.dns import upstream as dns_upstream
from agent.adapters.dns.questions import MOST_PENDING_OF_ONE, Questions
from agent.adapters.dns.server import IPV6_FREEBIND, MOST_CONNECTIONS_OF_ONE, DnsServer
from agent.adapters.dns.upstream import Upstream
from agent.adapters.linux import ipv6
from agent.errors import ToolFailed
from agent.host.dns_zone import Prefixes, Zone
from tests.agent.adapters.resolver import FakeResolver, truth
from tests.agent.host.test_dns_zone import a_zone

SERVER = "127.0.9.1"
CLIENT = "127.0.9.5"
NEIGHBOUR = "127.0.9.6"
FIRST, SECOND = "127.0.9.53", "127.0.9.54"
STRANGER = "127.0.0.1"
OUTWARD = "127.0.0.1"  # where the kernel lets the server ask from
WITHIN_S = 10.0


def zone(*, resolvers: tuple[str, ...] = (FIRST, SECOND), listen: tuple[str, ...] = (SERVER,)) -> Zone:
    return replace(
        a_zone(),
        listen=frozenset(map(ip_address, listen)),
        clients=Prefixes.of([ip_network("127.0.9.0/24"), ip_network("::1/128")]),
        resolvers=tuple(map(ip_address, resolvers)),
    )


@dataclass
class Bench:
    server: DnsServer
    desk: Questions
    port: int
    first: FakeResolver
    second: FakeResolver

    def ask(
        self, name: str, kind: str = "A", *, is_tcp: bool = False, client: str = CLIENT, payload: int = 1232
    ) -> dns.message.Message:
        query = dns.message.make_query(name, kind, use_edns=0 if payload else -1, payload=payload or None)
        by = dns.query.tcp if is_tcp else dns.query.udp
        return by(query, SERVER, port=self.port, source=client, timeout=WITHIN_S)

    def send(self, wire: bytes, client: str = CLIENT) -> socket.socket:
        asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        asking.bind((client, 0))
        asking.settimeout(WITHIN_S)
        asking.sendto(wire, (SERVER, self.port))
        return asking

    def connect(self, client: str = CLIENT) -> socket.socket:
        return socket.create_connection((SERVER, self.port), WITHIN_S, source_address=(client, 0))


@pytest.fixture
def bench() -> Iterator[Bench]:
    with FakeResolver(FIRST) as first, FakeResolver(SECOND, first.port) as second:
        port = a_free_port()
        desk = Questions(upstream=Upstream(port=first.port))
        server = DnsServer(desk, port)
        server.serve(zone())
        yield Bench(server, desk, port, first, second)
        server.close()


def a_free_port() -> int:
    with socket.create_server((SERVER, 0)) as probe:
        return int(probe.getsockname()[1])


def texts(answer: dns.message.Message) -> list[str]:
    return [item.to_text() for rrset in answer.answer for item in rrset]


def dead(question: dns.message.Message, is_tcp: bool) -> bytes | None:
    return None


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dns_upstream, "TRY_S", 0.2)


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


@pytest.mark.parametrize("is_tcp", [False, True], ids=["udp", "tcp"])
def test_other_names_are_asked_for_as_they_came(bench: Bench, is_tcp: bool) -> None:
    answer = bench.ask("ExAmple.com", is_tcp=is_tcp)

    (asked,) = bench.first.asked
    assert texts(answer) == ["198.51.100.1"]
    assert answer.question[0].name.to_text() == "ExAmple.com."
    assert dns.message.from_wire(asked).payload == 1232


def test_each_question_goes_out_by_another_identifier_and_port(bench: Bench) -> None:
    for _ in range(20):
        bench.ask("example.com")

    assert len({wire[:2] for wire in bench.first.asked}) > 10
    assert len(set(bench.first.ports)) > 10


def test_what_only_looks_like_an_answer_is_none(bench: Bench) -> None:
    """Before the true one come another's identifier, another's question, an echo, and rubbish."""

    def behaves(question: dns.message.Message, is_tcp: bool) -> bytes:
        true = truth(question)
        identifier = bytes([true[0] ^ 1]) + true[1:]
        other = truth(dns.message.make_query("evil.example", "A", id=question.id), "203.0.113.66")
        for forged in (identifier, other, question.to_wire(), b"", true[:2], b"\xff" * 40):
            bench.first._udp.sendto(forged, (OUTWARD, bench.first.ports[-1]))
        return true

    bench.first.behaves = behaves

    assert texts(bench.ask("example.com")) == ["198.51.100.1"]


@pytest.mark.usefixtures("impatient")
def test_a_resolver_that_is_silent_is_passed_over_and_asked_last_from_then_on(bench: Bench) -> None:
    bench.first.behaves = dead

    assert texts(bench.ask("example.com")) == ["198.51.100.1"]
    assert (len(bench.first.asked), len(bench.second.asked)) == (1, 1)
    bench.ask("example.org")

    assert (len(bench.first.asked), len(bench.second.asked)) == (1, 2)


def test_a_resolver_that_is_not_there_is_passed_over(bench: Bench) -> None:
    bench.server.serve(zone(resolvers=("127.0.9.99", SECOND)))

    assert texts(bench.ask("example.com")) == ["198.51.100.1"]
    assert texts(bench.ask("example.com", is_tcp=True)) == ["198.51.100.1"]


@pytest.mark.parametrize("rcode", [dns.rcode.SERVFAIL, dns.rcode.REFUSED])
def test_what_is_trouble_to_one_resolver_another_may_know(bench: Bench, rcode: dns.rcode.Rcode) -> None:
    def behaves(question: dns.message.Message, is_tcp: bool) -> bytes:
        answer = dns.message.make_response(question)
        answer.set_rcode(rcode)
        return answer.to_wire()

    bench.first.behaves = behaves
    assert texts(bench.ask("example.com")) == ["198.51.100.1"]
    bench.second.behaves = behaves

    assert bench.ask("example.com").rcode() == rcode


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("is_tcp", [False, True], ids=["udp", "tcp"])
def test_without_an_answer_it_fails_and_says_so(bench: Bench, is_tcp: bool) -> None:
    bench.first.behaves = bench.second.behaves = dead

    assert bench.ask("example.com", is_tcp=is_tcp).rcode() == dns.rcode.SERVFAIL
    assert texts(bench.ask("web.home.internal")) == ["10.9.0.5"]


@pytest.mark.usefixtures("impatient")
def test_a_lost_datagram_is_sent_again_where_there_is_one_resolver(bench: Bench) -> None:
    bench.server.serve(zone(resolvers=(FIRST,)))
    bench.first.behaves = lambda question, is_tcp: None if len(bench.first.asked) == 1 else truth(question)

    assert texts(bench.ask("example.com")) == ["198.51.100.1"]


def test_where_the_kernel_has_no_ipv6_names_are_served_by_ipv4_and_nothing_is_missed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(ipv6, "SETTINGS", tmp_path / "none")

    bench.server.serve(zone(listen=(SERVER, "fd00:9::1")))

    assert texts(bench.ask("web.home.internal")) == ["10.9.0.5"]
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
        probe.setsockopt(socket.IPPROTO_IPV6, IPV6_FREEBIND, 1)
        probe.bind(("fd00:9::1", bench.port))  # nobody has it


def test_the_hosts_resolvers_are_asked_where_the_network_names_none(bench: Bench, tmp_path: Path) -> None:
    bench.desk.resolv_conf = tmp_path / "resolv.conf"
    bench.server.serve(zone(resolvers=()))
    assert bench.ask("example.com").rcode() == dns.rcode.SERVFAIL

    bench.desk.resolv_conf.write_text(f"nameserver {SERVER}\nnameserver {FIRST}\n")
    assert texts(bench.ask("example.com")) == ["198.51.100.1"]
    time.sleep(0.01)
    bench.desk.resolv_conf.write_text(f"nameserver {SECOND}\n")
    bench.ask("example.com")

    assert (len(bench.first.asked), len(bench.second.asked)) == (1, 1)


@pytest.mark.parametrize(("payload", "fits"), [(0, False), (512, False), (1232, False), (4096, True)])
def test_an_answer_larger_than_the_client_takes_is_cut_and_whole_by_tcp(bench: Bench, payload: int, fits: bool) -> None:
    addresses = [f"198.51.{number // 250}.{number % 250}" for number in range(120)]
    bench.first.behaves = lambda question, is_tcp: truth(question, *addresses)

    by_udp = bench.ask("large.example", payload=payload)
    by_tcp = bench.ask("large.example", payload=payload, is_tcp=True)

    assert bool(by_udp.flags & dns.flags.TC) is not fits
    assert len(texts(by_udp)) == (120 if fits else 0)
    assert len(texts(by_tcp)) == 120


def test_a_resolvers_own_cut_leads_the_client_to_tcp_and_tcp_to_the_resolver(bench: Bench) -> None:
    def behaves(question: dns.message.Message, is_tcp: bool) -> bytes:
        if is_tcp:
            return truth(question, "198.51.100.2")
        cut = dns.message.make_response(question)
        cut.flags |= dns.flags.TC
        return cut.to_wire()

    bench.first.behaves = behaves
    query = dns.message.make_query("example.com", "A")
    answer, was_tcp = dns.query.udp_with_fallback(query, SERVER, WITHIN_S, bench.port, CLIENT)

    assert (texts(answer), was_tcp) == (["198.51.100.2"], True)


def test_who_is_not_behind_the_tunnel_gets_no_answer(bench: Bench) -> None:
    wire = dns.message.make_query("web.home.internal", "A").to_wire()

    with bench.send(wire, STRANGER) as asking:
        asking.settimeout(0.5)
        with pytest.raises(TimeoutError):
            asking.recv(512)
    with bench.connect(STRANGER) as connection:
        assert _closed(connection)


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
        _until(lambda: bool(bench.first.asked))
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
        assert _closed(connection)

    assert "dns" not in [thread.name for thread in threading.enumerate()]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((SERVER, port), WITHIN_S)


QUESTION = dns.message.make_query("web.home.internal", "A", id=0x1234)


def _with(change: Callable[[bytearray], object]) -> bytes:
    wire = bytearray(QUESTION.to_wire())
    change(wire)
    return bytes(wire)


@pytest.mark.parametrize(
    ("wire", "rcode"),
    [
        (_with(lambda wire: wire.__setitem__(2, 0x11)), dns.rcode.NOTIMP),
        (_with(lambda wire: wire.__setitem__(5, 0)), dns.rcode.FORMERR),
        (_with(lambda wire: wire.__setitem__(5, 2)), dns.rcode.FORMERR),
        (_with(lambda wire: wire.__setitem__(12, 0xC0)), dns.rcode.FORMERR),
        (_with(lambda wire: wire.append(0)), dns.rcode.FORMERR),
        (QUESTION.to_wire()[:12], dns.rcode.FORMERR),
        (dns.message.make_query("web.home.internal", "A", rdclass="CH").to_wire(), dns.rcode.REFUSED),
        (dns.message.make_query("home.internal", "AXFR").to_wire(), dns.rcode.REFUSED),
    ],
    ids=["opcode", "no question", "two questions", "compressed", "trailing", "cut", "class", "transfer"],
)
def test_what_makes_no_sense_is_refused(bench: Bench, wire: bytes, rcode: int) -> None:
    with bench.send(wire) as asking:
        answer = asking.recv(512)

    assert answer[:2] == wire[:2]
    assert (answer[2] & 0x80, answer[3] & 0xF) == (0x80, rcode)


@pytest.mark.parametrize(("count", "is_read"), [(4, True), (5, False)])
def test_a_question_brings_few_records_with_it(bench: Bench, count: int, is_read: bool) -> None:
    query = dns.message.make_query("web.home.internal", "A", use_edns=False)
    query.additional = [dns.rrset.from_text(f"n{number}.", 0, "IN", "A", "192.0.2.1") for number in range(count)]

    with bench.send(query.to_wire()) as asking:
        answer = asking.recv(512)

    assert answer[3] & 0xF == (dns.rcode.NOERROR if is_read else dns.rcode.FORMERR)


@pytest.mark.parametrize("wire", [b"", b"\0" * 11, _with(lambda wire: wire.__setitem__(2, 0x81))])
def test_to_answers_and_scraps_nothing_is_said(bench: Bench, wire: bytes) -> None:
    with bench.send(wire) as asking:
        asking.settimeout(0.3)
        with pytest.raises(TimeoutError):
            asking.recv(512)


def test_an_unknown_version_of_edns_is_said_to_be(bench: Bench) -> None:
    query = dns.message.make_query("web.home.internal", "A", use_edns=1)

    assert dns.query.udp(query, SERVER, WITHIN_S, bench.port, CLIENT).rcode() == dns.rcode.BADVERS


def _finish(connection: socket.socket) -> None:
    """Hang up and wait until the server has too: those that it still holds count as this client's."""
    with contextlib.suppress(OSError):  # it hung up first
        connection.shutdown(socket.SHUT_WR)
    with contextlib.suppress(ConnectionResetError):
        while connection.recv(512):
            pass


def test_rubbish_by_udp_and_tcp_does_not_end_it(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    chance = random.Random(7)
    wires = [_scrambled(chance) for _ in range(2_000)]

    for start in range(0, len(wires), 100):  # as many as a socket holds: what it drops tests nothing
        with bench.send(QUESTION.to_wire()) as asking:
            asking.recv(512)
            for wire in wires[start : start + 100]:
                asking.sendto(wire, (SERVER, bench.port))
    for wire in wires[:40]:
        with bench.connect() as connection:
            connection.sendall(struct.pack("!H", chance.choice([0, 1, len(wire), 65_535])) + wire)
            _finish(connection)

    assert texts(bench.ask("web.home.internal")) == ["10.9.0.5"]
    assert texts(bench.ask("web.home.internal", is_tcp=True)) == ["10.9.0.5"]
    assert caplog.records == []


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


@pytest.mark.usefixtures("impatient")
def test_one_client_may_wait_for_so_many_names_and_the_others_wait_for_none_of_them(bench: Bench) -> None:
    bench.first.behaves = bench.second.behaves = dead
    flood = MOST_PENDING_OF_ONE + 50

    with bench.send(b"") as asking:
        for number in range(flood):
            asking.sendto(dns.message.make_query(f"n{number}.example", "A").to_wire(), (SERVER, bench.port))
        answers = [dns.message.from_wire(asking.recv(512)) for _ in range(50)]
        at_most = bench.desk.bounds._held.total()
        bench.first.behaves = lambda question, is_tcp: truth(question)
        neighbour = texts(bench.ask("example.com", client=NEIGHBOUR))

    assert {answer.rcode() for answer in answers} == {dns.rcode.SERVFAIL}
    assert at_most <= MOST_PENDING_OF_ONE
    assert neighbour == ["198.51.100.1"]
    _until(lambda: bench.desk.bounds._held.total() == 0)


def test_one_client_may_hold_so_many_connections_and_the_others_get_theirs(bench: Bench) -> None:
    held = [bench.connect() for _ in range(MOST_CONNECTIONS_OF_ONE)]
    _until(lambda: bench.server._connections._held.total() == MOST_CONNECTIONS_OF_ONE)

    with bench.connect() as one_more:
        assert _closed(one_more)
    assert texts(bench.ask("web.home.internal", is_tcp=True, client=NEIGHBOUR)) == ["10.9.0.5"]
    for connection in held:
        connection.close()
    _until(lambda: bench.server._connections._held.total() == 0)

    assert texts(bench.ask("web.home.internal", is_tcp=True)) == ["10.9.0.5"]


def _scrambled(chance: random.Random) -> bytes:
    wire = bytearray(QUESTION.to_wire())
    for _ in range(chance.randint(1, 6)):
        match chance.randrange(3):
            case 0 if wire:
                wire[chance.randrange(len(wire))] = chance.randrange(256)
            case 1:
                del wire[chance.randrange(len(wire) + 1) :]
            case _:
                wire += chance.randbytes(chance.randrange(40))
    return bytes(wire)


def _closed(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def _until(claim: Callable[[], bool]) -> None:
    end = time.monotonic() + WITHIN_S
    while not claim():
        assert time.monotonic() < end
        time.sleep(0.01)
