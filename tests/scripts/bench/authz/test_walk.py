"""Every call by every caller about every subject gets what docs/security.md says; a rule that is loosened is found."""

from typing import Any

import pytest

from chalicelib.application.peers import peer_edit, peers
from chalicelib.domain.identity.principal import EVERYBODY, Principal
from chalicelib.domain.ids import NetworkId
from chalicelib.entrypoints.rest.routing.operation import OPERATIONS, People
from scripts.bench.authz.authz import walk_in_memory
from scripts.bench.authz.walk import Hole


def test_no_answer_gives_more_or_less_than_the_table_says() -> None:
    walk = walk_in_memory()

    assert list(map(str, walk.holes())) == []
    assert walk.walked.keys() == {f"{operation.method} {operation.path}" for operation in OPERATIONS}
    assert walk.walked.total() > 1_500


def holes_of(*calls: str) -> list[Hole]:
    chosen = [one for one in OPERATIONS if f"{one.method} {one.path}" in calls]
    assert len(chosen) == len(calls)
    return list(walk_in_memory().holes(chosen))


def nothing(*_arguments: Any) -> None:
    """A check that was lost."""


ONE = "/networks/{network_id}/peers/{peer_id}"


@pytest.mark.parametrize("call", [f"GET {ONE}", f"DELETE {ONE}"])
def test_a_member_who_sees_anothers_peer_is_found(call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "require_own", nothing)

    assert {(hole.caller.partition(" ")[0], hole.subject) for hole in holes_of(call)} == {("member", "another's")}


@pytest.mark.parametrize("call", [f"PATCH {ONE}", f"POST {ONE}/enrollment-token", f"POST {ONE}/reissue"])
def test_a_member_who_changes_anothers_peer_is_found(call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peer_edit, "require_own", nothing)

    assert {(hole.caller.partition(" ")[0], hole.subject) for hole in holes_of(call)} == {("member", "another's")}


def test_a_network_that_is_seen_without_a_grant_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Principal, "require_sight", nothing)

    found = holes_of("GET /networks/{network_id}/acl")

    assert {hole.subject for hole in found} == {"in another network"}
    assert {hole.caller for hole in found} == {
        f"{role} of one network" for role in ("administrator", "operator", "auditor")
    }


@pytest.mark.parametrize(
    "call", ["PATCH /networks/{network_id}", f"POST {ONE}/block", "GET /users", "GET /audit/export"]
)
def test_a_door_that_opens_for_everybody_is_found(call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(People, "callers", property(lambda _: EVERYBODY))

    assert "member" in {hole.caller.partition(" ")[0] for hole in holes_of(call)}


def test_a_refusal_that_tells_what_is_there_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    hidden = Principal.require_grant

    def telling(by: Principal, network_id: NetworkId) -> None:
        try:
            hidden(by, network_id)
        except Exception as refusal:
            refusal.args = (f"{refusal} Ask for it." if network_id != "net_none" else str(refusal),)
            raise

    monkeypatch.setattr(Principal, "require_grant", telling)

    assert {hole.subject for hole in holes_of("GET /networks/{network_id}/acl")} == {"in another network"}
