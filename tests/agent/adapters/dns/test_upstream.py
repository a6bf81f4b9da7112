"""Names of others: which resolver is asked, how often, and what counts as its answer."""

import time
from pathlib import Path

import dns.flags
import dns.message
import dns.query
import dns.rcode
import pytest

from tests.agent.adapters.dns.bench import CLIENT, FIRST, OUTWARD, SECOND, SERVER, WITHIN_S, Bench, dead, texts, zone
from tests.agent.adapters.resolver import truth


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
