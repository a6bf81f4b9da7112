"""The difference between two bundles of one agent, and what it makes of the first.

Collections go by their members' names: peers and their AllowedIPs by peer id, sets and DNS
records by name. So a change of one peer stays as small as it is, however large the bundle.
"""

from bisect import insort
from collections.abc import Mapping, Sequence
from ipaddress import ip_network
from typing import Any, TypeAlias

import msgspec

from chalicelib.wire.bundle import Bundle
from chalicelib.wire.codec import Request

MEDIA_TYPE = "application/vnd.wirety.delta+json"

Members: TypeAlias = Mapping[str, list[str]]


class StagedPair(Request, frozen=True, omit_defaults=True):
    """A `bundle.Pair`."""

    public_key: str
    preshared_key: str | None
    next_preshared_key: str | None = None


class Section(Request, frozen=True, omit_defaults=True):
    """A `BundlePeer` apart from its id and AllowedIPs."""

    public_key: str
    preshared_key: str | None
    endpoint: str | None
    persistent_keepalive: int
    tunnel_address: str | None = None
    homes: list[str] = []
    standby_allowed_ips: list[str] = []
    next_preshared_key: str | None = None
    other_preshared_key: str | None = None
    staged: StagedPair | None = None


class Set(Request, frozen=True, omit_defaults=True):
    """New or in place of what was there. `fields`: of the bundle, whole; `firewall` and `dns` without
    their sets and records. `allowed_ips`, `sets`: CIDRs that come to those that were there."""

    fields: dict[str, Any] = {}
    peers: dict[str, Section] = {}
    allowed_ips: dict[str, list[str]] = {}
    sets: dict[str, list[str]] = {}
    records: dict[str, list[str]] = {}


class Removed(Request, frozen=True, omit_defaults=True):
    """What is no longer there. `peers` with all their AllowedIPs."""

    peers: list[str] = []
    allowed_ips: dict[str, list[str]] = {}
    sets: dict[str, list[str]] = {}
    records: list[str] = []


class Delta(Request, frozen=True):
    """From the agent's bundle of revision `since` to the one of `revision`.

    Unlike a bundle it is read strictly: who does not know a field takes the full bundle.
    """

    generation: int
    since: int
    revision: int
    set: Set
    removed: Removed


class Misfit(Exception):
    """The delta is not one of the bundle at hand: take the full bundle."""


def difference(old: Bundle, new: Bundle) -> Delta:
    """What leads from one bundle to another of the same agent, generation and names of sets."""
    before, after = _parts(msgspec.to_builtins(old)), _parts(msgspec.to_builtins(new))
    gone_peers = sorted(before.peers.keys() - after.peers.keys())
    left = {peer_id: cidrs for peer_id, cidrs in before.allowed_ips.items() if peer_id in after.peers}
    return Delta(
        generation=new.generation,
        since=old.revision,
        revision=new.revision,
        set=Set(
            fields=_changed(before.fields, after.fields),
            peers={
                peer_id: msgspec.convert(section, Section)
                for peer_id, section in _changed(before.peers, after.peers).items()
            },
            allowed_ips=_missing(after.allowed_ips, before.allowed_ips),
            sets=_missing(after.sets, before.sets),
            records=_changed(before.records, after.records),
        ),
        removed=Removed(
            peers=gone_peers,
            allowed_ips=_missing(left, after.allowed_ips),
            sets=_missing(before.sets, after.sets),
            records=sorted(before.records.keys() - after.records.keys()),
        ),
    )


def patched(content: Mapping[str, Any], delta: Delta) -> dict[str, Any]:
    """A full bundle after a delta; neither argument is touched. Peers and records that stay are the same objects.

    Raises:
        Misfit.
    """
    if (content["generation"], content["revision"]) != (delta.generation, delta.since):
        raise Misfit("it begins at another revision")
    fields = {**content, **delta.set.fields}
    records = {record["name"]: record for record in content["dns"].get("records", [])}
    named = {name: {"name": name, "addresses": addresses} for name, addresses in delta.set.records.items()}
    sets = _moved(content["firewall"].get("sets", {}), delta.set.sets, delta.removed.sets)
    return {
        **fields,
        "generation": delta.generation,
        "revision": delta.revision,
        "peers": _in_order(_patched_peers(content["peers"], delta)),
        "firewall": {**fields["firewall"], "sets": sets},
        "dns": {**fields["dns"], "records": _in_order(_kept(records, delta.removed.records) | named)},
    }


def _patched_peers(peers: Sequence[dict[str, Any]], delta: Delta) -> dict[str, dict[str, Any]]:
    """By id."""
    patched_peers = _kept({peer["peer_id"]: peer for peer in peers}, delta.removed.peers)
    for peer_id, section in delta.set.peers.items():
        allowed_ips = patched_peers.get(peer_id, {}).get("allowed_ips", [])
        patched_peers[peer_id] = {"peer_id": peer_id, **msgspec.to_builtins(section), "allowed_ips": allowed_ips}
    routed = patched_peers.keys() & (delta.set.allowed_ips.keys() | delta.removed.allowed_ips.keys())
    before = {peer_id: patched_peers[peer_id]["allowed_ips"] for peer_id in routed}
    for peer_id, cidrs in _moved(before, delta.set.allowed_ips, delta.removed.allowed_ips).items():
        patched_peers[peer_id] = {**patched_peers[peer_id], "allowed_ips": cidrs}
    return patched_peers


class _Parts(msgspec.Struct, frozen=True):
    fields: dict[str, Any]
    peers: dict[str, dict[str, Any]]
    allowed_ips: Members
    sets: Members
    records: Members


def _parts(content: Mapping[str, Any]) -> _Parts:
    """A bundle with its collections by name."""
    firewall, dns = dict(content["firewall"]), dict(content["dns"])
    sets, records = firewall.pop("sets", {}), dns.pop("records", [])
    apart = ("generation", "revision", "peers", "firewall", "dns")
    rest = {name: value for name, value in content.items() if name not in apart}
    return _Parts(
        fields={**rest, "firewall": firewall, "dns": dns},
        peers={
            peer["peer_id"]: {name: value for name, value in peer.items() if name not in ("peer_id", "allowed_ips")}
            for peer in content["peers"]
        },
        allowed_ips={peer["peer_id"]: peer["allowed_ips"] for peer in content["peers"]},
        sets=sets,
        records={record["name"]: record["addresses"] for record in records},
    )


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in after.items() if name not in before or before[name] != value}


def _missing(there: Members, here: Members) -> dict[str, list[str]]:
    """Members of `there` that are not among those of the same name `here`; names with none are left out."""
    lacking = {name: sorted(set(cidrs) - set(here.get(name, ()))) for name, cidrs in there.items()}
    return {name: cidrs for name, cidrs in lacking.items() if cidrs}


def _kept(named: Mapping[str, Any], removed: Sequence[str]) -> dict[str, Any]:
    kept = dict(named)
    for name in removed:
        if kept.pop(name, None) is None:
            raise Misfit("it removes what is not there")
    return kept


def _moved(members: Members, added: Members, removed: Members) -> dict[str, list[str]]:
    """Members after some came and some went."""
    moved = dict(members)
    for name in added.keys() | removed.keys():
        there, come, gone = set(moved.get(name, ())), added.get(name, ()), set(removed.get(name, ()))
        if name not in moved or not there >= gone or not there.isdisjoint(come):
            raise Misfit(f"it does not fit the CIDRs of {name}")
        moved[name] = [cidr for cidr in moved[name] if cidr not in gone]
        for cidr in come:
            insort(moved[name], cidr, key=_place)
    return moved


def _in_order(named: Mapping[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return [named[name] for name in sorted(named)]


def _place(cidr: str) -> tuple[int, int, int]:
    network = ip_network(cidr)
    return (network.version, int(network.network_address), network.prefixlen)
