"""Names to addresses: in which order, in bounded time, and beside a tunnel that is sealed."""

import socket
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import pytest

from agent.adapters.families import interleaved
from agent.adapters.linux import marked_names, resolution
from agent.adapters.linux.resolution import addresses, look_up, resolve
from agent.adapters.linux.tools import Commands
from agent.errors import ToolFailed, ToolMissing
from agent.host.tunnel.wanted import Endpoint
from tests.agent.adapters.resolver import Behaviour, truth
from tests.agent.sealed import Sealed, a_sealed_host

NAME = "vpn.example.com"
V6 = [f"2001:db8::{number}" for number in range(1, 9)]


def answering(monkeypatch: pytest.MonkeyPatch, **found: Sequence[str]) -> None:
    """The system's resolver knows these names, and nothing is sealed."""

    def getaddrinfo(host: str, *_: Any, **__: Any) -> list[Any]:
        if host not in found:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return [(0, 0, 0, "", (address, 0)) for address in found[host]]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(resolution, "_is_sealed", lambda: False)


def test_families_take_turns_and_the_preferred_one_begins() -> None:
    assert interleaved([*V6[:3], "192.0.2.1"]) == [V6[0], "192.0.2.1", V6[1], V6[2]]
    assert interleaved(["192.0.2.1", "192.0.2.2", V6[0]]) == ["192.0.2.1", V6[0], "192.0.2.2"]
    assert interleaved([*V6[:2], "192.0.2.1"], first=4) == ["192.0.2.1", *V6[:2]]
    assert interleaved([V6[0], V6[0]], first=4) == [V6[0]]
    assert interleaved([]) == []


def test_a_name_has_all_its_addresses_in_the_order_to_try_them(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, several=[*V6, "192.0.2.1", "192.0.2.2"])

    assert addresses("several")[:4] == [V6[0], "192.0.2.1", V6[1], "192.0.2.2"]
    assert addresses("192.0.2.9") == addresses("[192.0.2.9]") == ("192.0.2.9",)
    assert addresses("unknown") == ()


def test_an_endpoint_gets_its_names_first_address(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, hub=[V6[0], "192.0.2.1"])
    named, literal, unknown = Endpoint("hub", 51820), Endpoint("192.0.2.7", 1), Endpoint("nobody", 2)

    assert resolve([named, literal, unknown]) == {named: f"[{V6[0]}]:51820", literal: "192.0.2.7:1"}


def test_a_resolver_that_keeps_silent_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch)
    release = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: release.wait(60) and [])

    assert resolve([Endpoint("slow", 1)], within_s=0.1) == {}
    with pytest.raises(socket.gaierror) as failed:
        look_up("slow", within_s=0.1)

    assert failed.value.errno == socket.EAI_AGAIN
    release.set()


def test_what_is_no_name_has_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolution, "_is_sealed", lambda: False)

    assert addresses("a" * 70 + ".example.com") == ()


@pytest.fixture
def sealed(tmp_path: Path) -> Iterator[Sealed]:
    with a_sealed_host(tmp_path) as made:
        yield made


def found(sealed: Sealed, name: str) -> Sequence[str]:
    return sealed.host.do(lambda: addresses(name, within_s=3.0))


def records(*known: str, kind: str = "A") -> Behaviour:
    def behaves(question: dns.message.Message, is_tcp: bool) -> bytes:
        asked = question.question[0].rdtype.name
        return truth(question, *known, kind=kind) if asked == kind else dns.message.make_response(question).to_wire()

    return behaves


@pytest.mark.root
def test_a_sealed_host_finds_its_control_plane_and_hubs_while_the_tunnel_is_dead(sealed: Sealed) -> None:
    sealed.resolver.behaves = records("198.51.100.7")
    hub = Endpoint("hub.example.com", 51820)

    unmarked = sealed.host.do(lambda: resolution._in_time(lambda: resolution._by_system(NAME), 1.5))

    assert isinstance(unmarked, socket.gaierror)
    assert sealed.resolver.asked == []
    assert found(sealed, NAME) == ["198.51.100.7"]
    assert sealed.host.do(lambda: resolve([hub])) == {hub: "198.51.100.7:51820"}


@pytest.mark.root
def test_the_hosts_file_and_short_names_are_honoured_there(sealed: Sealed) -> None:
    def behaves(question: dns.message.Message, is_tcp: bool) -> bytes:
        if question.question[0].name.to_text() == "short.example.com.":
            return records("198.51.100.9")(question, is_tcp) or b""
        missing = dns.message.make_response(question)
        missing.set_rcode(dns.rcode.NXDOMAIN)
        return missing.to_wire()

    sealed.resolver.behaves = behaves

    assert found(sealed, "alias") == found(sealed, "Listed.example.com") == ["192.0.2.44"]
    assert sealed.resolver.asked == []
    assert found(sealed, "short") == ["198.51.100.9"]


@pytest.mark.root
def test_a_lost_datagram_a_trouble_and_an_answer_too_long_for_one_are_got_over(sealed: Sealed) -> None:
    many = [f"198.51.100.{number}" for number in range(1, 101)]
    seen: list[bool] = []

    def behaves(question: dns.message.Message, is_tcp: bool) -> bytes | None:
        if question.question[0].rdtype.name != "A":
            return dns.message.make_response(question).to_wire()
        seen.append(is_tcp)
        if len(seen) == 1:
            trouble = dns.message.make_response(question)
            trouble.set_rcode(dns.rcode.SERVFAIL)
            return trouble.to_wire()
        if not is_tcp:
            short = dns.message.make_response(question)
            short.flags |= dns.flags.TC
            return short.to_wire()
        return truth(question, *many)

    sealed.resolver.behaves = behaves

    assert sorted(found(sealed, NAME)) == sorted(many)
    assert seen == [False, False, True]


@pytest.mark.root
def test_a_family_without_a_route_comes_second_there(sealed: Sealed) -> None:
    def behaves(question: dns.message.Message, is_tcp: bool) -> bytes:
        kind = question.question[0].rdtype.name
        return truth(question, "2001:db8::7" if kind == "AAAA" else "198.51.100.7", kind=kind)

    sealed.resolver.behaves = behaves
    without = found(sealed, NAME)
    sealed.host.sh("ip -6 address add 2001:db8:1::2/64 dev eth0 nodad; ip -6 route add default dev eth0")

    assert without == ["198.51.100.7", "2001:db8::7"]
    assert found(sealed, NAME) == ["2001:db8::7", "198.51.100.7"]


@pytest.mark.parametrize("answer", [ToolMissing("nft is not installed"), ToolFailed("nft: not permitted"), "no JSON"])
def test_a_host_that_cannot_be_asked_for_seals_asks_its_resolver_as_any_program(
    answer: str | ToolFailed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*_: object) -> str:
        if isinstance(answer, str):
            return answer
        raise answer

    monkeypatch.setattr(Commands, "run", run)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(0, 0, 0, "", ("192.0.2.1", 0))])

    assert addresses(NAME) == ["192.0.2.1"]


@pytest.mark.root
def test_nobody_to_ask_is_no_address_and_no_long_wait(sealed: Sealed) -> None:
    sealed.resolver.behaves = lambda question, is_tcp: None

    assert found(sealed, NAME) == ()


def test_behind_a_stub_on_the_loopback_its_uplinks_are_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "stub").write_text("nameserver 127.0.0.53\nsearch example.com\n")
    (tmp_path / "uplinks").write_text("nameserver 192.0.2.53\nnameserver 2001:db8::53\nnameserver nonsense\n")
    monkeypatch.setattr(marked_names, "RESOLV_CONF", tmp_path / "stub")
    monkeypatch.setattr(marked_names, "BEHIND_STUBS", (tmp_path / "none", tmp_path / "uplinks"))

    assert marked_names._resolvers() == (["192.0.2.53", "2001:db8::53"], ["example.com"])
