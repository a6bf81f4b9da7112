"""DNS messages: what is asked, and the zone's answers in their form.

Source: RFC 1035 section 4, RFC 6891 (EDNS), RFC 2308 (negative answers).
"""

from dataclasses import dataclass
from struct import unpack

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from agent.host.dns_zone import NEGATIVE_TTL_S, TTL_S, Answer, Zone

HEADER_BYTES = 12
MOST_RECORDS = 4  # beside the question: EDNS, a signature; reading thousands of them would hold up everybody
PLAIN_UDP_BYTES = 512
UDP_BYTES = 1232  # what passes everywhere unfragmented: dnsflagday.net/2020
MOST_BYTES = 65_535
TRANSFERS = frozenset({dns.rdatatype.AXFR, dns.rdatatype.IXFR, dns.rdatatype.TKEY, dns.rdatatype.MAILB})
QR = 0x80
TC = 0x02


@dataclass(frozen=True, slots=True)
class Query:
    """`question_end`: where the question ends in `wire`. `room_bytes`: what the client takes by UDP."""

    wire: bytes
    message: dns.message.Message
    question_end: int
    room_bytes: int

    @property
    def name(self) -> str:
        return self.message.question[0].name.to_text(omit_final_dot=True)

    @property
    def kind(self) -> str:
        return dns.rdatatype.to_text(self.message.question[0].rdtype)


def read(wire: bytes) -> Query | bytes | None:
    """A question to answer, the refusal of one that makes no sense, or nothing to say: to an answer, for one, lest
    two servers keep each other busy."""
    if len(wire) < HEADER_BYTES or wire[2] & QR:
        return None
    if wire[2] >> 3 & 0xF != dns.opcode.QUERY:
        return _bare(wire, dns.rcode.NOTIMP)
    questions, *records = unpack("!4H", wire[4:HEADER_BYTES])
    if questions != 1 or sum(records) > MOST_RECORDS:
        return _bare(wire, dns.rcode.FORMERR)
    try:
        message = dns.message.from_wire(wire, keyring=False)
    except dns.exception.DNSException:
        return _bare(wire, dns.rcode.FORMERR)
    end = _question_end(wire)
    if end is None:
        return _bare(wire, dns.rcode.FORMERR)
    query = Query(wire, message, end, _room(message))
    if message.edns > 0:
        return failure(query, dns.rcode.BADVERS)
    asked = message.question[0]
    if asked.rdclass != dns.rdataclass.IN or asked.rdtype in TRANSFERS:
        return failure(query, dns.rcode.REFUSED)
    return query


def own(query: Query, zone: Zone, answer: Answer) -> bytes:
    """The zone's answer; its names are written as the question wrote them."""
    response = _response(query)
    response.flags |= dns.flags.AA
    if not answer.exists:
        response.set_rcode(dns.rcode.NXDOMAIN)
    for kind, data in answer.records:
        name = query.message.question[0].name
        response.answer.append(dns.rrset.from_text(name, TTL_S, "IN", kind, data))
    if not answer.records:
        apex = dns.name.from_text(answer.apex)
        response.authority.append(dns.rrset.from_text(apex, NEGATIVE_TTL_S, "IN", "SOA", zone.soa(answer.apex)))
    return _wire(query, response)


def failure(query: Query, rcode: dns.rcode.Rcode) -> bytes:
    response = _response(query)
    response.set_rcode(rcode)
    return _wire(query, response)


def fits(query: Query, wire: bytes) -> bool:
    """Whether a message is the answer to just this question, whatever its identifier."""
    if len(wire) < query.question_end or not wire[2] & QR or wire[4:6] != b"\0\1":
        return False
    fixed = query.question_end - 4
    return (
        wire[HEADER_BYTES:fixed].lower() == query.wire[HEADER_BYTES:fixed].lower()
        and wire[fixed : query.question_end] == query.wire[fixed : query.question_end]
    )


def relayed(query: Query, wire: bytes, room_bytes: int) -> bytes:
    """Another's answer, as the client asked for it; cut to its question where it does not fit."""
    mine = query.wire[:2] + wire[2:]
    if len(mine) <= room_bytes:
        return mine
    flags = bytes([mine[2] | TC, mine[3]])
    return mine[:2] + flags + b"\0\1" + bytes(6) + mine[HEADER_BYTES : query.question_end]


def rcode(wire: bytes) -> int:
    return wire[3] & 0xF


def _response(query: Query) -> dns.message.Message:
    return dns.message.make_response(query.message, recursion_available=True, our_payload=UDP_BYTES)


def _wire(query: Query, response: dns.message.Message) -> bytes:
    return response.to_wire(max_size=min(query.room_bytes, UDP_BYTES), prefer_truncation=True)


def _room(message: dns.message.Message) -> int:
    return max(message.payload, PLAIN_UDP_BYTES) if message.edns >= 0 else PLAIN_UDP_BYTES


def _bare(wire: bytes, code: dns.rcode.Rcode) -> bytes:
    """A header alone, for what cannot be read; identifier, opcode and wish for recursion as they came."""
    return wire[:2] + bytes([QR | wire[2] & 0x79, code]) + bytes(8)


def _question_end(wire: bytes) -> int | None:
    """None: its name is compressed, which a first name cannot be."""
    at = HEADER_BYTES
    while at < len(wire) and (length := wire[at]):
        if length > 63:
            return None
        at += 1 + length
    end = at + 5
    return end if end <= len(wire) else None
