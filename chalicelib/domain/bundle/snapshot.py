"""What a configuration is made of, as of one revision, and what the change log makes of it.

A jump's bundle is the sum of what each regular peer adds to it, as long as homes stay, and its own
key, of which every preshared key is derived. So a picture of the jumps and of the peers that
changed, before and after, shows the difference of the whole bundles.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from chalicelib.domain.change.change import Change, What
from chalicelib.domain.ids import PeerId, Revision
from chalicelib.domain.network.acl import Acl
from chalicelib.domain.network.network import Network
from chalicelib.domain.peer.home import serving
from chalicelib.domain.peer.peer import Peer


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A peer and those who stand in its configuration, all of the network's revision."""

    network: Network
    peer: Peer
    others: tuple[Peer, ...]
    acl: Acl


def is_whole(changes: Sequence[Change], after: Revision, at_least: Revision) -> bool:
    """Whether the log leads from one revision on without a gap, to another or beyond."""
    revisions = [change.revision for change in changes]
    return revisions == list(range(after + 1, after + 1 + len(changes))) and after + len(changes) >= at_least


def caught_up(known: Mapping[PeerId, Peer], changes: Iterable[Change]) -> dict[PeerId, Peer]:
    """Peers as the changes left them, whichever of the two each was read as."""
    peers = dict(known)
    for change in changes:
        for one in change.peers:
            peers.pop(one.peer.id, None)
            if one.after is not None:
                peers[one.after.id] = one.after
    return peers


def undone(known: Mapping[PeerId, Peer], changes: Sequence[Change]) -> dict[PeerId, Peer]:
    """Peers as they were before the changes."""
    peers = dict(known)
    for change in reversed(changes):
        for one in change.peers:
            peers.pop(one.peer.id, None)
            if one.before is not None:
                peers[one.before.id] = one.before
    return peers


def reroutes(changes: Iterable[Change]) -> bool:
    """Whether they touch CIDRs behind peers: then whose addresses are whose depends on all of those."""
    return any(
        side.additional_allowed_ips
        for change in changes
        for one in change.peers
        for side in (one.before, one.after)
        if side is not None
    )


def snapshots(
    network: Network, own: PeerId, known: Mapping[PeerId, Peer], acl: Acl, changes: Sequence[Change], since: Revision
) -> tuple[Snapshot, Snapshot] | None:
    """What to render before and after the changes, for their difference; None: it takes the whole bundle.

    Args:
        network: as stored before the last of the changes was read.
        known: the peer itself, all jumps, and every peer with CIDRs behind it (a jump without changes
            that reroute: none of these), as they were when `network` was read, or later.
        changes: all since the revision `since`, in order, without a gap.
    """
    new, old = caught_up(known, changes), undone(caught_up(known, changes), changes)
    if own not in new or own not in old:
        return None
    if any(_is_about_all(change, new[own]) for change in changes):
        return None
    if new[own].is_jump and _of_every_section(old, own) != _of_every_section(new, own):
        return None
    last = changes[-1].revision if changes else since
    marks = [change.network.down for change in changes if change.network.down is not None]
    first_down = marks[0].before if marks else network.down
    last_down = marks[-1].after if marks else network.down
    before = Snapshot(replace(network, revision=since, down=first_down), old[own], tuple(old.values()), acl)
    after = replace(network, revision=last, down=last_down)
    return before, Snapshot(after, new[own], tuple(new.values()), acl)


def _is_about_all(change: Change, peer: Peer) -> bool:
    """Whether it changed more of the peer's bundle than the peers it names."""
    is_of_jumps = change.what is What.ACL_REPLACED or change.network.down is not None
    is_of_everyone = change.network.is_in_every_bundle or change.network.is_deleting is not None
    return (peer.is_jump and is_of_jumps) or is_of_everyone


def _of_every_section(peers: Mapping[PeerId, Peer], own: PeerId) -> object:
    """What all of a jump's bundle hangs on: the jumps that decide homes, its own keys, whether it is blocked."""
    hubs = [(jump.id, jump.keyed_since) for jump in serving(peers.values())]
    return hubs, peers[own].public_key, peers[own].staged_key, peers[own].is_blocked
