"""One nftables table as a value, and the text of the transactions that make it so; pure."""

import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from agent.host.firewall.policy import parse_member

FAMILIES = {4: "ip", 6: "ip6"}
HANDLE = re.compile(r', "handle": \d+')


@dataclass(frozen=True, slots=True)
class Table:
    """`chains`: as text. `sets`: elements as nft lists them, which do not overlap, by the set's name, which ends
    in its family; `comments`: what the bundle calls some of them."""

    interface: str
    chains: str = field(repr=False)
    comments: Mapping[str, str] = field(repr=False)
    sets: Mapping[str, frozenset[str]] = field(repr=False)

    def has_shape_of(self, other: "Table") -> bool:
        """Whether the tables differ in the elements of their sets at most."""
        return (self.interface, self.chains, self.comments) == (other.interface, other.chains, other.comments)

    def mark(self, shape: str) -> str:
        """Of all but the elements, and of the shape in which the kernel lists it with its handles: by this another
        process knows it again."""
        words = (self.interface, self.chains, sorted(self.comments.items()), shape)
        return sha256(json.dumps(words).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Listing:
    """A table as the kernel has it. `shape`: all of it but the elements, with the handles by which rules
    that were made anew differ from the old ones."""

    shape: str = field(repr=False)
    sets: Mapping[str, frozenset[str]] = field(repr=False)

    def is_like(self, other: "Listing") -> bool:
        """Whether the listings differ in handles at most."""
        one, another = (HANDLE.sub("", listing.shape) for listing in (self, other))
        return one == another and self.sets == other.sets


def replacing(wanted: Table) -> str:
    """Write the transaction that replaces the table. Its first line lets the deletion succeed when no table exists."""
    name = f"inet {wanted.interface}"
    sets = [_set(set_name, wanted.comments.get(set_name), elements) for set_name, elements in wanted.sets.items()]
    body = "\n".join([*sets, wanted.chains])
    return f"table {name}\ndelete table {name}\ntable {name} {{\n{body}\n}}\n"


def updating(before: Table, wanted: Table) -> str:
    """Write the transaction that changes the elements of the sets, between two tables of one shape."""
    lines: list[str] = []
    for verb, here, there in (("delete", before, wanted), ("add", wanted, before)):
        for name, elements in here.sets.items():
            if changed := elements - there.sets[name]:
                lines.append(f"{verb} element inet {wanted.interface} {name} {_braced(changed)}")
    return "\n".join(lines) + "\n"


def listed(text: str) -> Listing | None:
    """Read `nft -j list table`; None: a set holds elements that the agent did not put there."""
    objects = json.loads(text)["nftables"]
    sets: dict[str, frozenset[str]] = {}
    for item in objects:
        if (found := item.get("set")) is not None:
            try:
                sets[found["name"]] = frozenset(map(_element, found.pop("elem", ())))
            except (KeyError, TypeError, ValueError):
                return None
    return Listing(json.dumps(objects), sets)


def each(line: str) -> list[str]:
    """The line for IPv4 and for IPv6: `$ip` is the protocol, `$v` its version."""
    return [line.replace("$ip", family).replace("$v", str(version)) for version, family in FAMILIES.items()]


def interfaces(names: Iterable[str]) -> str | None:
    """An anonymous set; None: it would be empty, which nft refuses."""
    quoted = ", ".join(f'"{name}"' for name in names)
    return f"{{ {quoted} }}" if quoted else None


def hook_chain(name: str, hook: str, priority: str, lines: Iterable[str]) -> str:
    return chain(name, [f"type {hook} priority {priority}; policy accept;", *lines])


def chain(name: str, lines: Iterable[str]) -> str:
    return "\n".join([f"    chain {name} {{", *(f"        {line}" for line in lines), "    }"])


def _set(name: str, comment: str | None, members: Collection[str]) -> str:
    kind = "ipv4_addr" if name.endswith("v4") else "ipv6_addr"
    said = "" if comment is None else f' comment "{comment}";'
    elements = f" elements = {_braced(members)};" if members else ""
    return f"    set {name} {{ type {kind}; flags interval;{said}{elements} }}"


def _braced(elements: Iterable[str]) -> str:
    return "{ " + ", ".join(sorted(elements)) + " }"


def _element(shown: str | Mapping[str, Any]) -> str:
    """Raises: KeyError, TypeError, ValueError."""
    if isinstance(shown, str):
        return parse_member(shown).element
    prefix = shown["prefix"]
    return parse_member(f"{prefix['addr']}/{prefix['len']}").element
