"""Asks a network's own names of its jump, through the tunnel, for commands that show them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import dns.exception
import dns.message
import dns.query
import dns.rdatatype
import dns.reversename

ANSWER_WITHIN_S = 1.0
MOST_NAMES = 64  # asked for in one go


@dataclass(frozen=True, slots=True)
class TunnelNames:
    """`resolvers`: the jump's addresses in the tunnel."""

    domain: str
    resolvers: tuple[str, ...]

    def labels(self, addresses: Iterable[str]) -> Mapping[str, str]:
        """Address → label, of those that have one; a jump that is silent is asked no more."""
        found: dict[str, str] = {}
        for address in list(addresses)[:MOST_NAMES]:
            texts = self._asked(dns.reversename.from_address(address).to_text(), "PTR")
            if texts is None:
                break
            suffix = f".{self.domain}."
            label = next((text.removesuffix(suffix) for text in texts if text.endswith(suffix)), None)
            if label is not None:
                found[address] = label
        return found

    def addresses(self, label: str) -> tuple[str, ...] | None:
        """None: nobody answers."""
        name = f"{label.rstrip('.').removesuffix(f'.{self.domain}')}.{self.domain}."
        first = self._asked(name, "A")
        return None if first is None else (*first, *(self._asked(name, "AAAA") or ()))

    def _asked(self, name: str, kind: str) -> list[str] | None:
        """None: nobody answers."""
        try:
            query = dns.message.make_query(name, kind)
        except dns.exception.DNSException:  # no name at all
            return []
        for resolver in self.resolvers:
            try:
                answer = dns.query.udp(query, resolver, timeout=ANSWER_WITHIN_S)
            except (OSError, dns.exception.DNSException):
                continue
            wanted = dns.rdatatype.from_text(kind)
            return [item.to_text() for one in answer.answer if one.rdtype == wanted for item in one]
        return None
