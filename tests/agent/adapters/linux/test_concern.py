"""Messages as Linux 6.18 sent them: which of them concern an agent, and which do not."""

import struct

import pytest

from agent.adapters.linux.concern import Concern
from agent.adapters.linux.netlink import HEADER, KERNEL, Kind, Message, attributes, messages, text

INTERFACE, INDEX = "wy00000001", 3
PORT = 9771
NEWSETELEM = Kind.NEWTABLE | 12
SEEN = {
    "an own route": (Kind.DELROUTE, "02100000fe57fd011000000008000f00fe00000008000100ac1400000800040003000000"),
    "an own address": (
        Kind.DELADDR,
        "0218800003000000080001000a090001080002000a0900010f0003007779303030303030303100000800080080000000",
    ),
    "an own rule": (
        Kind.DELRULE,
        "02000000fe0000010000000008000f00fe00000008000e00ffffffff05001500000000000800060058570000",
    ),
    "the own table's default route": (Kind.DELROUTE, "02000000fc5700070000000008000f0059570000"),
    "the own table": (
        Kind.DELTABLE,
        "010000060f00010077793030303030303031000008000300000000000c0004000000000000000001",
    ),
    "the own seal": (
        Kind.DELTABLE,
        "0100000714000100777930303030303030315f7365616c0008000300000000000c0004000000000000000002",
    ),
    "forwarding": (Kind.NEWNETCONF, "0200000008000100ffffffff0800020000000000"),
    "forwarding of one interface": (Kind.NEWNETCONF, "0200000008000100030000000800020000000000"),
    "a strict filter": (Kind.NEWNETCONF, "0200000008000100ffffffff0800030001000000"),
    "the own interface": (
        Kind.DELLINK,
        "000001000300000002100000ffffffff0f00030077793030303030303031000008000d00e8030000",
    ),
}
OTHERS = {
    "a generation": (2575, "000000060800010000000006080002000000267b080003006e667400"),
    "an element of others": (
        NEWSETELEM,
        "020000080a0001006f74686572000000060002007300000014000300100001000c000100080001000a000001",
    ),
    "a table of others": (Kind.DELTABLE, "020000090a0001006f7468657200000008000300000000000c0004000000000000000003"),
    "forwarding of interfaces to come": (Kind.NEWNETCONF, "0200000008000100feffffff0800020000000000"),
    "forwarding of one interface by IPv6": (Kind.NEWNETCONF, "0a00000008000100030000000800020000000000"),
    "a new interface": (
        Kind.NEWNETCONF,
        "02000000080001000200000008000200000000000800030001000000080004000000000008000800000000000800050000000000",
    ),
    "forwarding that is on": (Kind.NEWNETCONF, "0200000008000100ffffffff0800020001000000"),
    "another interface": (Kind.DELLINK, "000001000200000002100000ffffffff060003007000000008000d00e8030000"),
    "what nobody knows": (4711, "00"),
}


CONNECTED = (
    Kind.DELROUTE,
    "02180000fe02fd011000000008000f00fe000000080001000a090000080007000a0900010800040003000000",
)


def message(kind: int, body: str, port: int = PORT) -> Message:
    return Message(kind, port, bytes.fromhex(body))


@pytest.mark.parametrize("what", SEEN)
def test_what_the_agent_made_concerns_it(what: str) -> None:
    assert Concern(INTERFACE, INDEX).has_own(message(*SEEN[what]))


@pytest.mark.parametrize("what", OTHERS)
def test_what_others_made_does_not(what: str) -> None:
    assert not Concern(INTERFACE, INDEX).has_own(message(*OTHERS[what]))


@pytest.mark.parametrize(("port", "is_taken"), [(PORT, True), (KERNEL, False)], ids=["by somebody", "with an address"])
def test_the_route_to_its_own_network_concerns_an_agent_where_somebody_takes_it(port: int, is_taken: bool) -> None:
    assert Concern(INTERFACE, INDEX).has_own(message(*CONNECTED, port)) is is_taken


@pytest.mark.parametrize("what", ["an own route", "an own address"])
def test_what_lies_on_another_interface_does_not(what: str) -> None:
    assert not Concern(INTERFACE, INDEX + 1).has_own(message(*SEEN[what]))
    assert not Concern(INTERFACE).has_own(message(*SEEN[what]))


def test_a_table_of_others_has_another_shape_by_its_chains_and_rules_and_not_by_its_elements() -> None:
    shaped = [Concern(INTERFACE).has_others(message(*OTHERS[what])) for what in OTHERS if "of others" in what]

    assert shaped == [False, True]


def test_an_interface_that_is_made_again_is_known_by_its_new_number() -> None:
    concern = Concern(INTERFACE, INDEX)
    _, link = SEEN["the own interface"]
    concern.has_own(message(Kind.DELLINK, link))
    gone = concern.index

    concern.has_own(message(Kind.NEWLINK, link.replace("0300", "0700", 1)))

    assert (gone, concern.index) == (None, 7)


def test_a_datagram_holds_several_messages_and_what_is_cut_short_is_left_out() -> None:
    one = HEADER.pack(HEADER.size + 5, 16, 0, 1, PORT) + b"12345"
    last = HEADER.pack(HEADER.size + 4, 17, 0, 2, 0) + b"1234"

    found = list(messages(one + b"\0\0\0" + last + HEADER.pack(999, 16, 0, 3, 0)))

    assert found == [Message(16, PORT, b"12345"), Message(17, 0, b"1234")]


def test_attributes_end_where_they_are_malformed() -> None:
    body = b"head" + struct.pack("=HH4s", 8, 3, b"eth0") + struct.pack("=HH", 2, 1)

    assert {kind: text(value) for kind, value in attributes(body, 4).items()} == {3: "eth0"}
