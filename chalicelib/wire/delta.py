"""The difference between two bundles of one agent, and what it makes of the first.

Collections go by their members' names: peers and their AllowedIPs by peer id, sets and DNS
records by name. So a change of one peer stays as small as it is, however large the bundle.
"""

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
    """A full bundle after a delta; neither argument is touched.

    Raises:
        Misfit.
    """
    if (content["generation"], content["revision"]) != (delta.generation, delta.since):
        raise Misfit("it begins at another revision")
    parts = _parts(content)
    fields = {**parts.fields, **delta.set.fields}
    changed = {peer_id: msgspec.to_builtins(section) for peer_id, section in delta.set.peers.items()}
    peers = _kept(parts.peers, delta.removed.peers) | changed
    allowed_ips = {peer_id: parts.allowed_ips.get(peer_id, []) for peer_id in peers}
    allowed_ips = _moved(allowed_ips, delta.set.allowed_ips, delta.removed.allowed_ips)
    sets = _moved(parts.sets, delta.set.sets, delta.removed.sets)
    records = _kept(parts.records, delta.removed.records) | delta.set.records
    return {
        **fields,
        "generation": delta.generation,
        "revision": delta.revision,
        "peers": [
            {"peer_id": peer_id, **section, "allowed_ips": allowed_ips[peer_id]}
            for peer_id, section in sorted(peers.items())
        ],
        "firewall": {**fields["firewall"], "sets": sets},
        "dns": {
            **fields["dns"],
            "records": [{"name": name, "addresses": addresses} for name, addresses in sorted(records.items())],
        },
    }


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
    if not named.keys() >= set(removed):
        raise Misfit("it removes what is not there")
    return {name: value for name, value in named.items() if name not in removed}


def _moved(members: Members, added: Members, removed: Members) -> dict[str, list[str]]:
    """Members after some came and some went."""
    moved = dict(members)
    for name in added.keys() | removed.keys():
        there, come, gone = set(moved.get(name, ())), set(added.get(name, ())), set(removed.get(name, ()))
        if name not in moved or not there >= gone or there & come:
            raise Misfit(f"it does not fit the CIDRs of {name}")
        moved[name] = sorted(there - gone | come, key=_place)
    return moved


def _place(cidr: str) -> tuple[int, int, int]:
    network = ip_network(cidr)
    return (network.version, int(network.network_address), network.prefixlen)
