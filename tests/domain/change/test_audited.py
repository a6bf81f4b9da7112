"""What the audit log says of a change of a network, and of which it says nothing."""

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.change.audited import audit_record, is_audited
from chalicelib.domain.change.change import Affected, Change, What
from chalicelib.domain.change.difference import difference
from chalicelib.domain.identity.audit import Actor, ActorKind, AuditId, AuditRecord, Target, TargetKind
from chalicelib.domain.identity.principal import Caller, agent_of, job
from chalicelib.domain.ids import PrincipalId
from chalicelib.domain.peer.peer import Peer
from tests.builders import T0, a_dynamic, a_network, a_static
from tests.domain.steps import change

ANA = Caller(Actor(ActorKind.PERSON, "usr_ana", "Ana"), "192.0.2.7", "req_1")
WEB = a_dynamic(name="web", tags=("a",))


def of(made: Change, by: Caller = ANA) -> AuditRecord:
    return audit_record(AuditId("aud_1"), made, "lab", by)


def of_peer(before: Peer | None, after: Peer | None) -> tuple[Any, Any]:
    record = of(change(What.PEER_UPDATED, before, after))
    return record.before, record.after


def test_a_record_says_who_did_what_to_what_from_where() -> None:
    assert of(change(What.PEER_BLOCKED, WEB, replace(WEB, blocked_by=("manual",)))) == AuditRecord(
        id=AuditId("aud_1"),
        at=T0,
        actor=ANA.actor,
        source="192.0.2.7",
        action="peer_blocked",
        target=Target(TargetKind.PEER, WEB.id, "web"),
        network_id=WEB.network_id,
        before={"blocked_by": None},
        after={"blocked_by": ("manual",)},
        request_id="req_1",
    )


def test_what_is_set_of_a_peer_is_said_before_and_after() -> None:
    after = replace(
        WEB, tags=(), mtu=1400, is_isolated=True, metadata={"b": "2", "a": "1"}, owner_id=PrincipalId("usr_1")
    )
    before, said = of_peer(WEB, after)

    assert before == {"is_isolated": None, "metadata": None, "mtu": None, "owner_id": None, "tags": ("a",)}
    assert said == {"is_isolated": True, "metadata": ("a=1", "b=2"), "mtu": 1400, "owner_id": "usr_1", "tags": None}


def test_a_peer_that_is_made_or_deleted_is_said_on_its_one_side() -> None:
    own = {"kind": "dynamic", "name": "web", "public_key": WEB.public_key, "tags": ("a",)}

    assert of_peer(None, WEB) == (None, own)
    assert of_peer(WEB, None) == (own, None)


def test_what_no_person_sets_is_not_said() -> None:
    assert of_peer(WEB, replace(WEB, home_id=a_static().id, updated_at=T0)) == ({}, {})


def test_a_change_of_many_peers_is_about_the_network_and_names_them() -> None:
    peers = a_dynamic(2), a_dynamic(3)
    made = replace(change(What.PEER_CREATED), peers=tuple(Affected(None, peer) for peer in peers))

    record = of(made)

    assert record.target == Target(TargetKind.NETWORK, "net_lab", "lab")
    assert (record.before, record.after) == (None, {"peers": ("dyn_0002", "dyn_0003")})


def test_a_setting_of_a_network_is_said_as_the_change_log_says_it() -> None:
    other = difference(a_network(), a_network(dns=("9.9.9.9",)))

    record = of(change(What.NETWORK_UPDATED, network=other))

    assert (record.target.id, record.before, record.after) == ("net_lab", {"dns": ""}, {"dns": "9.9.9.9"})


@pytest.mark.parametrize(
    ("what", "before", "after"), [(What.NETWORK_CREATED, None, {}), (What.NETWORK_DELETED, {}, None)]
)
def test_a_network_that_begins_or_ends_has_one_side(what: What, before: object, after: object) -> None:
    record = of(change(what))

    assert (record.before, record.after) == (before, after)


def test_an_agent_has_the_name_of_its_peer() -> None:
    record = of(change(What.PEER_ENROLLED, replace(WEB, public_key=None), WEB), by=agent_of(WEB.id))

    assert record.actor == Actor(ActorKind.AGENT, WEB.id, "web")


@pytest.mark.parametrize("kind", [ActorKind.PERSON, ActorKind.TOKEN, ActorKind.JOIN_KEY])
@pytest.mark.parametrize("what", list(What))
def test_whatever_somebody_changes_is_audited(kind: ActorKind, what: What) -> None:
    assert is_audited(change(what), Caller(Actor(kind, "x", "x")))


def test_of_agents_only_what_they_do_to_be_who_they_are_is_audited() -> None:
    audited = {what for what in What if is_audited(change(what), agent_of(WEB.id))}

    assert audited == {What.PEER_ENROLLED, What.PEER_LEFT, What.PEER_DELETED, What.KEY_STAGED, What.KEY_ROTATED}


def test_of_jobs_of_the_deployment_only_a_block_leaves_a_record() -> None:
    audited = {what for what in What if is_audited(change(what), job("detection"))}

    assert audited == {What.PEER_BLOCKED}
