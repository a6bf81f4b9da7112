"""Whose fault a commit's failure is said to be, whatever else is written with it: over every engine.

The stores are shared by the tests of this file; each test has networks of its own.
"""

import itertools
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from chalicelib.bootstrap.outside import Outside
from chalicelib.domain.change.errors import RequestRunning
from chalicelib.domain.change.replay import Replayable
from chalicelib.domain.change.writes import (
    AdmitAgent,
    AdvanceNetwork,
    Audit,
    Claim,
    Commit,
    CreateNetwork,
    DeletePeer,
    ForgetAgent,
    ForgetSighting,
    FreeAddress,
    MarkAgent,
    PutPeer,
    Release,
    RemoveAcl,
    RemoveNetwork,
    RevokeAgent,
    SettleRequest,
    TakeAddress,
    Write,
    WriteAcl,
    WriteBlock,
)
from chalicelib.domain.errors import Refusal
from chalicelib.domain.identity.writes import IdentityWrite
from chalicelib.domain.ids import NetworkId, PeerId, PrincipalId, Revision
from chalicelib.domain.incident.writes import IncidentWrite
from chalicelib.domain.network.acl import Acl
from chalicelib.domain.network.addresses import Allocation
from chalicelib.domain.network.directory import Block, BlockKey
from chalicelib.domain.network.errors import CidrInUse
from chalicelib.domain.network.network import Network
from chalicelib.domain.peer.errors import KeyInUse, LabelInUse
from chalicelib.domain.peer.peer import Peer, PeerRecord, Tombstone
from chalicelib.domain.webhook.writes import HookWrite
from chalicelib.ports.transactions import CommitConflict, ConditionFailed
from tests.builders import T0, a_dynamic, a_network, an_audit_record
from tests.contracts.stores import HOST, change

SOMEBODY, MYSELF = PeerId("dyn_somebody"), PeerId("dyn_myself")
HELD, QUARANTINED, NEVER_USED = 3, 4, 5


@dataclass(frozen=True)
class Scene:
    """Two networks; in the first somebody holds a label, a key and an address, another address is in quarantine,
    and a request runs. `peer`: mine, stored there."""

    outside: Outside
    network: Network
    other: Network
    peer: Peer
    request: Replayable

    @property
    def block(self) -> Block:
        [block] = self.outside.networks.directory({BlockKey("10")}).blocks.values()
        return block

    @property
    def settled(self) -> Replayable:
        return replace(self.request, made=(MYSELF,), is_done=True)

    def commit(self, *writes: Write) -> None:
        change_of_it = change(replace(self.network, revision=Revision(2)))
        self.outside.transactions.commit(Commit(change_of_it, writes))


@pytest.fixture
def scene(lasting_outside: Outside) -> Scene:
    name = uuid.uuid4().hex
    network, other = a_network(name=name), a_network(name=f"{name}-other")
    peer = replace(a_dynamic(), id=MYSELF, network_id=network.id)
    request = Replayable(PrincipalId("tok_1"), name, "hash", "req_1", T0)
    assert lasting_outside.requests.begin(request) is None
    writes = (
        CreateNetwork(network),
        CreateNetwork(other),
        PutPeer(PeerRecord(peer, None)),
        Claim(network.id, "label", "taken", SOMEBODY),
        Claim(network.id, "key", "taken", SOMEBODY),
        Claim(network.id, "route", "10.9.0.0/24", SOMEBODY),
        Claim(network.id, "label", "old", MYSELF),
        TakeAddress(network.id, SOMEBODY, Allocation(HELD)),
        FreeAddress(network.id, QUARANTINED, T0),
        FreeAddress(network.id, HELD + 100, T0),
        Audit(an_audit_record(name)),
    )
    lasting_outside.transactions.commit(Commit(change(network), writes))
    return Scene(lasting_outside, network, other, peer, request)


Verdict = type[CommitConflict] | type[ConditionFailed] | None
CASES: dict[str, tuple[Callable[[Scene], Write], Verdict]] = {
    "a network": (lambda s: CreateNetwork(replace(s.network, id=NetworkId(f"{s.network.id}-new"))), None),
    "a network that exists": (lambda s: CreateNetwork(s.other), ConditionFailed),
    "a revision": (lambda s: AdvanceNetwork(replace(s.other, revision=Revision(2))), None),
    "a revision that was taken": (lambda s: AdvanceNetwork(replace(s.other, revision=Revision(3))), CommitConflict),
    "the end of a network": (lambda s: RemoveNetwork(s.other), None),
    "the end of a network that moved": (
        lambda s: RemoveNetwork(replace(s.other, revision=Revision(7))),
        CommitConflict,
    ),
    "a block": (lambda s: WriteBlock(replace(s.block, version=s.block.version + 1)), None),
    "a block that moved": (lambda s: WriteBlock(replace(s.block, version=s.block.version + 2)), CommitConflict),
    "rules": (lambda s: WriteAcl(Acl(s.network.id, 1, ())), None),
    "no rules": (lambda s: RemoveAcl(s.network.id), None),
    "a peer": (lambda s: PutPeer(PeerRecord(s.peer, None)), None),
    "the end of a peer": (
        lambda s: DeletePeer(Tombstone(s.network.id, MYSELF, None, s.network.revision, T0)),
        None,
    ),
    "a claim": (lambda s: Claim(s.network.id, "key", "free", MYSELF), None),
    "a claim that is held": (lambda s: Claim(s.network.id, "key", "taken", MYSELF), ConditionFailed),
    "the end of a claim": (lambda s: Release(s.network.id, "label", "nobody's"), None),
    "an address": (lambda s: TakeAddress(s.network.id, MYSELF, Allocation(NEVER_USED)), None),
    "an address that is held": (lambda s: TakeAddress(s.network.id, MYSELF, Allocation(HELD)), ConditionFailed),
    "an address in quarantine": (lambda s: TakeAddress(s.network.id, MYSELF, Allocation(QUARANTINED, T0)), None),
    "an address no longer in quarantine": (
        lambda s: TakeAddress(s.network.id, MYSELF, Allocation(HELD, T0)),
        ConditionFailed,
    ),
    "the end of an address": (lambda s: FreeAddress(s.network.id, HELD, T0), None),
    "the start of an agent": (lambda s: AdmitAgent(PeerId(s.network.id), Revision(2), HOST), None),
    "the end of an agent's admission": (lambda s: RevokeAgent(PeerId(s.network.id), Revision(2)), None),
    "the mark of an agent": (lambda s: MarkAgent(PeerId(s.network.id), is_blocked=True), None),
    "the end of what was seen of a peer": (lambda s: ForgetSighting(s.network.id, MYSELF), None),
    "the end of an agent": (lambda s: ForgetAgent(PeerId(s.network.id)), None),
    "a request": (lambda s: SettleRequest(s.settled), None),
    "a request that another settled": (lambda s: SettleRequest(replace(s.settled, attempt="req_2")), ConditionFailed),
    "an audit record": (lambda s: Audit(an_audit_record(f"{s.network.id}-new")), None),
    "an audit record that stands": (lambda s: Audit(an_audit_record(s.network.name)), None),
    "an audit record in the place of another": (
        lambda s: Audit(replace(an_audit_record(s.network.name), action="another")),
        ConditionFailed,
    ),
}


def outcome(scene: Scene, *writes: Write) -> Write | type[CommitConflict] | None:
    """The write that was refused, Moved, or None when all was written."""
    try:
        scene.commit(*writes)
    except ConditionFailed as refused:
        return refused.write
    except CommitConflict:
        return CommitConflict
    return None


REFUSALS: dict[str, tuple[Callable[[Scene], Write], type[Refusal] | None]] = {
    "a label": (lambda s: Claim(s.network.id, "label", "taken", MYSELF), LabelInUse),
    "a key": (lambda s: Claim(s.network.id, "key", "taken", MYSELF), KeyInUse),
    "a CIDR": (lambda s: Claim(s.network.id, "route", "10.9.0.0/24", MYSELF), CidrInUse),
    "a request": (lambda s: SettleRequest(replace(s.settled, attempt="req_2")), RequestRunning),
    "an address": (lambda s: TakeAddress(s.network.id, MYSELF, Allocation(HELD)), None),
    "an address in quarantine": (lambda s: TakeAddress(s.network.id, MYSELF, Allocation(HELD, T0)), None),
    "a network": (lambda s: CreateNetwork(s.other), None),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_place_that_is_taken_is_said_in_the_words_of_whoever_asked(scene: Scene, case: str) -> None:
    make, expected = REFUSALS[case]
    with pytest.raises(ConditionFailed) as refused:
        scene.commit(PutPeer(PeerRecord(scene.peer, None)), make(scene), Release(scene.network.id, "label", "old"))

    refusal = refused.value.commit.refusal(refused.value.write)

    assert (None if refusal is None else type(refusal)) == expected


@pytest.mark.parametrize("case", CASES)
def test_the_write_whose_place_is_taken_is_named_and_a_lost_race_never_taken_for_one(scene: Scene, case: str) -> None:
    """With and without a lost revision, a label that is taken, and deletes before and after.

    What fails writes nothing, so the one that is to come through comes last.
    """
    make, verdict = CASES[case]
    write = make(scene)
    deletes = (Release(scene.network.id, "label", "old"), ForgetAgent(MYSELF))
    for is_lost, is_taken, with_deletes in itertools.product((True, False), (True, False), (True, False)):
        advance = AdvanceNetwork(replace(scene.network, revision=Revision(9 if is_lost else 2)))
        claim = Claim(scene.network.id, "label", "taken" if is_taken else "free", MYSELF)
        first, last = deletes if with_deletes else (None, None)
        writes = [one for one in (first, advance, write, claim, last) if one is not None]
        expected = (
            write if verdict is ConditionFailed else claim if is_taken else CommitConflict if is_lost else verdict
        )

        if expected is None and not with_deletes:
            continue  # it would be written twice

        assert outcome(scene, *writes) == expected, (is_lost, is_taken, with_deletes)


def test_every_kind_of_write_of_a_network_has_a_case(scene: Scene) -> None:
    """Those of people, tokens and settings are in test_accounts.py, the others in test_incidents.py and
    test_webhooks.py."""
    elsewhere = {*IdentityWrite.__args__, *IncidentWrite.__args__, *HookWrite.__args__}
    assert {type(make(scene)) for make, _ in CASES.values()} == set(Write.__args__) - elsewhere
