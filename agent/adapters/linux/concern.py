"""Which of the kernel's announcements concern what the agent made of its host; no I/O.

That is its interface with addresses and routes, its policy routing, its nftables tables, and the kernel's forwarding.
"""

import socket
from dataclasses import dataclass

from agent.adapters.linux.netlink import (
    ADDRESS,
    ALL_INTERFACES,
    DEFAULT_OF_INTERFACES,
    FRA_PRIORITY,
    IFLA_IFNAME,
    KERNEL,
    LINK,
    NETCONF_BYTES,
    NETCONFA_FORWARDING,
    NETCONFA_IFINDEX,
    NETCONFA_RP_FILTER,
    NFTA_TABLE,
    NFTABLES,
    NFTABLES_BYTES,
    ROUTE,
    RTA_OIF,
    RTA_TABLE,
    RULE_BYTES,
    Kind,
    Message,
    attributes,
    number,
    text,
)
from agent.host.tunnel.full_tunnel import ELSE_TUNNEL, OWN_FIRST, ROUTING_TABLE, SEAL_SUFFIX

OWN_PROTOCOL = 87
SHAPES_OF_TABLES = frozenset(
    {Kind.NEWTABLE, Kind.DELTABLE, Kind.NEWCHAIN, Kind.DELCHAIN, Kind.NEWRULE_OF_CHAIN, Kind.DELRULE_OF_CHAIN}
)


@dataclass(slots=True)
class Concern:
    """Of the agent of one interface; `index`: its number in the kernel, None while there is none."""

    interface: str
    index: int | None = None

    def has_own(self, message: Message) -> bool:
        """Whether something that the agent makes changed."""
        match message.kind:
            case Kind.NEWLINK | Kind.DELLINK:
                return self._link(message)
            case Kind.NEWADDR | Kind.DELADDR:
                return ADDRESS.unpack_from(message.body) == (self.index,)
            case Kind.NEWROUTE | Kind.DELROUTE:
                return self._route(message)
            case Kind.NEWRULE | Kind.DELRULE:
                return number(attributes(message.body, RULE_BYTES).get(FRA_PRIORITY)) in (OWN_FIRST, ELSE_TUNNEL)
            case Kind.NEWNETCONF:
                return _switches_off(message)
            case _:
                return _table(message) in (self.interface, self.interface + SEAL_SUFFIX)

    def has_others(self, message: Message) -> bool:
        """Whether a table that the agent may have opened to its own traffic has another shape now."""
        return message.kind in SHAPES_OF_TABLES

    def _link(self, message: Message) -> bool:
        _, _, index = LINK.unpack_from(message.body)
        is_named = text(attributes(message.body, LINK.size).get(IFLA_IFNAME)) == self.interface
        is_own = is_named or index == self.index
        if is_named:
            self.index = index if message.kind == Kind.NEWLINK else None
        return is_own

    def _route(self, message: Message) -> bool:
        """One of its own, or one that the kernel laid with an address and somebody took away."""
        table, protocol, _, _ = ROUTE.unpack_from(message.body)
        found = attributes(message.body, ROUTE.size)
        if (number(found.get(RTA_TABLE)) or table) == ROUTING_TABLE:
            return True
        is_taken = message.kind == Kind.DELROUTE and message.port != KERNEL
        is_through_us = self.index is not None and number(found.get(RTA_OIF)) == self.index
        return is_through_us and (protocol == OWN_PROTOCOL or is_taken)


def _table(message: Message) -> str | None:
    """Whose table a message of nftables is about; None: it is about a generation, or of another subsystem."""
    is_of_tables = message.kind & ~0xFF == NFTABLES and message.kind != Kind.NEWGEN
    return text(attributes(message.body, NFTABLES_BYTES).get(NFTA_TABLE)) if is_of_tables else None


def _switches_off(message: Message) -> bool:
    """One setting, as a new interface's come together and nobody changed them: forwarding, which IPv4 has for each
    interface; or a reverse path filter that is on for the whole host, and may be strict."""
    found = {kind: number(value) for kind, value in attributes(message.body, NETCONF_BYTES).items()}
    index = found.pop(NETCONFA_IFINDEX, None)
    if found == {NETCONFA_FORWARDING: 0}:
        is_of_one = message.body[0] == socket.AF_INET and index != DEFAULT_OF_INTERFACES
        return is_of_one or index == ALL_INTERFACES
    return index == ALL_INTERFACES and found.keys() == {NETCONFA_RP_FILTER} and found[NETCONFA_RP_FILTER] != 0
