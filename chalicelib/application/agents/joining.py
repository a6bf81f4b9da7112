"""A machine becomes a peer by a network's join key: made and enrolled at once.

Requests: join 3 reads + 1 transaction, and 1 message for an ephemeral peer; the same again 2 reads. One whose name or
DNS label is another peer's is decided once more, with one of its own: 3 reads + 1 transaction more.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace

from chalicelib.application.network_edit import NetworkEdit, NetworkEdits
from chalicelib.application.peers.creation import Creation
from chalicelib.application.peers.new_peer import Applicant, Draft, NewPeer, PeerRejected
from chalicelib.application.retry import retry_on_conflict
from chalicelib.domain.change.change import What
from chalicelib.domain.change.writes import Claim, Write
from chalicelib.domain.errors import Invalid, NetworkNotFound
from chalicelib.domain.identity.errors import JoinKeyUnknown
from chalicelib.domain.identity.join_key import Join, JoinKey, device_hash
from chalicelib.domain.identity.tokens import Token
from chalicelib.domain.identity.writes import PutJoin, UseJoinKey
from chalicelib.domain.ids import JoinKeyId, NetworkId
from chalicelib.domain.peer.absence import GONE_AFTER, AbsenceCheck
from chalicelib.domain.peer.errors import AlreadyJoined, PeerNotFound
from chalicelib.domain.peer.peer import Kind, Peer
from chalicelib.domain.text import parse_name
from chalicelib.ports.join_keys import JoinKeyStore
from chalicelib.ports.outside import Clock
from chalicelib.ports.queues import FailoverQueue
from chalicelib.ports.transactions import CommitConflict, ConditionFailed

NAMELESS = "host"  # of a machine whose own name cannot be a peer's
NAME_LENGTH = 63
SUFFIX_LENGTH = 8  # hexadecimal digits of a hash of the device key: 32 bits


@dataclass(frozen=True, slots=True)
class Joining:
    edits: NetworkEdits
    creation: Creation
    keys: JoinKeyStore
    failover_tasks: Callable[[], FailoverQueue]
    clock: Clock

    def join(self, token: Token, applicant: Applicant) -> Peer:
        """Make a peer of the machine; the same machine with the same key is answered again, also by a key that makes
        no more peers.

        Raises:
            JoinKeyUnknown, JoinKeyRevoked, JoinKeyExpired, JoinKeyUsedUp.
            AlreadyJoined: the machine is a peer by this key already, with another WireGuard key.
            KeyInUse, AddressPoolExhausted.
        """
        entry = _Entry(self, token, applicant)
        return retry_on_conflict(self.clock, entry.attempt)


class _Entry:
    """One machine's way in. Its draft stays the same however often it is decided, but for names that are taken."""

    def __init__(self, joining: Joining, token: Token, applicant: Applicant) -> None:
        network_id, _, key_id = token.record.partition(":")
        self._network_id, self._key_id = NetworkId(network_id), JoinKeyId(key_id)
        self._joining, self._token, self._applicant = joining, token, applicant
        self._device = device_hash(applicant.device_key)
        self._draft: Draft | None = None

    def attempt(self) -> Peer:
        key, before = self._joining.keys.with_join(self._network_id, self._key_id, self._device)
        if key is None:
            raise JoinKeyUnknown
        if not self._token.proves(key.secret):
            raise JoinKeyUnknown(key.actor, key.network_id)
        known = None if before is None else self._known(before)
        return known or self._made(key, before)

    def _known(self, join: Join) -> Peer | None:
        """The peer that the machine became; None when it is its own no longer."""
        try:
            record = self._joining.creation.peers.get(self._network_id, join.peer_id)
        except PeerNotFound:
            return None
        if record.device_key != self._applicant.device_key:
            return None
        if record.peer.public_key != self._applicant.public_key:
            raise AlreadyJoined(record.peer.id)
        return record.peer

    def _made(self, key: JoinKey, before: Join | None) -> Peer:
        joining, now = self._joining, self._joining.clock.now()
        key.require_active(now)
        draft = self._draft = self._draft or self._drafted(key)
        try:
            stored = joining.creation.networks.get(self._network_id)
            plan = joining.creation.plan(stored.advanced(now), [draft], by=key)
        except NetworkNotFound:
            raise JoinKeyUnknown from None
        except PeerRejected as rejected:
            raise rejected.refusal from None
        join = Join(key.id, self._device, draft.id, key.kept_until)
        own: tuple[Write, ...] = (UseJoinKey(key, now), PutJoin(join, None if before is None else before.peer_id))
        edit = NetworkEdit(What.PEER_JOINED, plan.network, (*own, *plan.writes), plan.affected)
        try:
            joining.edits.commit(stored, edit, key.caller(self._applicant.source, self._applicant.request_id))
        except ConditionFailed as refused:
            self._draft = self._renamed(draft, refused.write)
            if self._draft == draft and self._is_still(before):
                raise
            raise CommitConflict from refused
        return plan.created[0].peer

    def _is_still(self, before: Join | None) -> bool:
        """Whether the machine did not join by another of its calls meanwhile, which would hold its own key."""
        return self._joining.keys.with_join(self._network_id, self._key_id, self._device)[1] == before

    def _drafted(self, key: JoinKey) -> Draft:
        joining, terms = self._joining, key.terms
        new = NewPeer(
            name=_name(self._applicant),
            kind=Kind.DYNAMIC,
            public_key=self._applicant.public_key,
            is_isolated=terms.is_isolated,
            full_encapsulation=terms.full_encapsulation,
            tags=terms.tags,
            awaits_approval=terms.needs_approval,
            is_ephemeral=terms.is_ephemeral,
        )
        draft = replace(joining.creation.draft(self._network_id, new), applicant=self._applicant)
        if terms.is_ephemeral:  # before it is made: one that never opens a socket is looked after as well
            check = AbsenceCheck(self._network_id, draft.id, None, joining.clock.now())
            joining.failover_tasks().put(check, GONE_AFTER)
        return draft

    def _renamed(self, draft: Draft, refused: Write) -> Draft:
        """The draft with a name or label that is not another peer's; as it is when neither was what was refused."""
        if draft.is_clash(refused):
            return draft.relabelled()
        own = _own_name(self._applicant)
        if not isinstance(refused, Claim) or refused.kind not in ("name", "label") or draft.new.name == own:
            return draft
        named = self._joining.creation.draft(self._network_id, replace(draft.new, name=own))
        return replace(draft, new=named.new, label=named.label)


def _name(applicant: Applicant) -> str:
    """What the machine calls itself, without its domain."""
    try:
        return parse_name("hostname", applicant.host.hostname.partition(".")[0][:NAME_LENGTH])
    except Invalid:
        return NAMELESS


def _own_name(applicant: Applicant) -> str:
    """As no other machine is called: images give one name to many."""
    suffix = hashlib.sha256(applicant.device_key.encode()).hexdigest()[:SUFFIX_LENGTH]
    return f"{_name(applicant)[: NAME_LENGTH - SUFFIX_LENGTH - 1]}-{suffix}"
