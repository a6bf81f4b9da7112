"""What may be asked: senseless questions, many at once, and answers that do not fit."""

import contextlib
import random
import socket
import struct
from collections.abc import Callable

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rrset
import pytest

from agent.adapters.dns.questions import MOST_PENDING_OF_ONE
from tests.agent.adapters.dns.bench import CLIENT, NEIGHBOUR, QUESTION, SERVER, WITHIN_S, Bench, dead, texts, until
from tests.agent.adapters.resolver import truth


@pytest.mark.parametrize(("payload", "fits"), [(0, False), (512, False), (1232, False), (4096, True)])
def test_an_answer_larger_than_the_client_takes_is_cut_and_whole_by_tcp(bench: Bench, payload: int, fits: bool) -> None:
    addresses = [f"198.51.{number // 250}.{number % 250}" for number in range(120)]
    bench.first.behaves = lambda question, is_tcp: truth(question, *addresses)

    by_udp = bench.ask("large.example", payload=payload)
    by_tcp = bench.ask("large.example", payload=payload, is_tcp=True)

    assert bool(by_udp.flags & dns.flags.TC) is not fits
    assert len(texts(by_udp)) == (120 if fits else 0)
    assert len(texts(by_tcp)) == 120


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
    until(lambda: bench.desk.bounds._held.total() == 0)


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
