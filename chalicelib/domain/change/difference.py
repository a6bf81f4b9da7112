"""What a change made other of a network itself, as values; and their text, as the change log keeps and shows them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from ipaddress import IPv4Address, IPv4Network, IPv6Network
from typing import Any, Generic, TypeVar

from chalicelib.domain.ids import PeerId
from chalicelib.domain.network.addresses import AddressRange, address_at
from chalicelib.domain.network.network import Network

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Changed(Generic[Value]):
    before: Value
    after: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkDifference:
    """Each field that is other than it was; None: it is as it was.

    `epoch`: of preshared keys. `down`: the jumps marked down for all. `reserved`: the ranges that are reserved on one
    side only. `acl`: the version of the rules. `is_deleting`: a job has to remove the rest.
    """

    name: Changed[str] | None = None
    cidr: Changed[IPv4Network] | None = None
    cidr_v6: Changed[IPv6Network | None] | None = None
    domain: Changed[str] | None = None
    dns: Changed[tuple[str, ...]] | None = None
    epoch: Changed[int] | None = None
    down: Changed[frozenset[PeerId]] | None = None
    reserved: Changed[tuple[AddressRange, ...]] | None = None
    acl: Changed[int] | None = None
    is_deleting: Changed[bool] | None = None

    @property
    def is_in_every_bundle(self) -> bool:
        """Whether it stands in the bundle of every agent."""
        return any(one is not None for one in (self.cidr, self.cidr_v6, self.domain, self.dns, self.epoch))


SAME = NetworkDifference()


def difference(before: Network, after: Network) -> NetworkDifference:
    return NetworkDifference(
        name=_changed(before.name, after.name),
        cidr=_changed(before.cidr, after.cidr),
        cidr_v6=_changed(before.cidr_v6, after.cidr_v6),
        domain=_changed(before.domain, after.domain),
        dns=_changed(before.dns, after.dns),
        epoch=_changed(before.epoch, after.epoch),
        down=_changed(before.down, after.down),
        reserved=_changed(_reserved_only(before, after), _reserved_only(after, before)),
        acl=_changed(before.acl_version, after.acl_version),
        is_deleting=_changed(before.is_deleting, after.is_deleting),
    )


def texts_of(found: NetworkDifference) -> Mapping[str, tuple[str, str]]:
    """What is other, by its name, as text before and after."""
    changed = {one.name: getattr(found, one.name) for one in fields(found)}
    return {
        name: (TEXTS[name].written(pair.before), TEXTS[name].written(pair.after))
        for name, pair in changed.items()
        if pair is not None
    }


def difference_of(texts: Mapping[str, tuple[str, str]]) -> NetworkDifference:
    """The values of what `texts_of` wrote."""
    read: dict[str, Any] = {
        name: Changed(TEXTS[name].read(before), TEXTS[name].read(after)) for name, (before, after) in texts.items()
    }
    return NetworkDifference(**read)


def _changed(before: Value, after: Value) -> Changed[Value] | None:
    return None if before == after else Changed(before, after)


def _reserved_only(of: Network, other: Network) -> tuple[AddressRange, ...]:
    spans = {known.span for known in other.reserved}
    return tuple(
        AddressRange(address_at(of.cidr, known.span.first), address_at(of.cidr, known.span.last))
        for known in of.reserved
        if known.span not in spans
    )


@dataclass(frozen=True, slots=True)
class _Text:
    """How a value is written, and how it is read again."""

    written: Callable[[Any], str]
    read: Callable[[str], Any]


def _read_ranges(text: str) -> tuple[AddressRange, ...]:
    ends = (one.partition("-") for one in text.split(", ") if one)
    return tuple(AddressRange(IPv4Address(first), IPv4Address(last)) for first, _, last in ends)


PLAIN = _Text(str, str)
TEXTS: Mapping[str, _Text] = {
    "name": PLAIN,
    "cidr": _Text(str, IPv4Network),
    "cidr_v6": _Text(lambda cidr: "" if cidr is None else str(cidr), lambda text: IPv6Network(text) if text else None),
    "domain": PLAIN,
    "dns": _Text(", ".join, lambda text: tuple(text.split(", ")) if text else ()),
    "epoch": _Text(str, int),
    "down": _Text(lambda down: " ".join(sorted(down)), lambda text: frozenset(map(PeerId, text.split()))),
    "reserved": _Text(lambda ranges: ", ".join(map(str, ranges)), _read_ranges),
    "acl": _Text(
        lambda version: f"version {version}" if version else "",
        lambda text: int(text.removeprefix("version ")) if text else 0,
    ),
    "is_deleting": _Text(lambda is_deleting: str(is_deleting).lower(), lambda text: text == "true"),
}
