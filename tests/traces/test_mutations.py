"""A detector that forgets one of its rules blocks somebody honest, so the traces would tell."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest

from chalicelib.domain.incident import denial, detection, sessions, sharing
from chalicelib.domain.incident.evidence import Fact, Observation
from chalicelib.domain.incident.finding import Line
from chalicelib.domain.incident.memory import Instance, Return
from tests.traces import honest, honest_agents
from tests.traces.judging import judged
from tests.traces.recorded import cases
from tests.traces.wireguard import at

HONEST = {**honest.KINDS, **honest_agents.KINDS}


def blocked(kind: str, seeds: int = 10) -> int:
    """How many of the traces of a kind end in a block."""
    return sum(bool(judged(HONEST[kind](Random(f"{kind} {seed}"))).blocks) for seed in range(seeds))


def test_without_the_nonces_a_restart_is_a_conflict(monkeypatch: pytest.MonkeyPatch) -> None:
    def both_spoke(elder: Instance, newcomer: Instance, _: object) -> bool:
        return elder.last_at > newcomer.first_at

    monkeypatch.setattr(sessions, "_coexist", both_spoke)
    monkeypatch.setattr(sessions, "_echo_s", lambda *_: 0.0)

    assert blocked("agent_restarts") + blocked("crash_loop") > 0


def test_without_the_overlap_a_rolling_update_is_a_conflict(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = sessions._coexist
    monkeypatch.setattr(sessions, "_coexist", lambda elder, newcomer, overlap: whole(elder, newcomer, 0 * overlap))

    assert blocked("rolling_update") > 0


def test_where_every_return_is_bare_a_router_that_flaps_is_a_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    def settled(one: Return, *_: object) -> Return:
        return replace(one, is_bare=True)

    monkeypatch.setattr(sharing, "_settled", settled)

    assert blocked("uplinks_flap") > 0
    assert any(judged(case.facts).blocks for case in cases() if case.verdict == "honest")


def test_where_a_hidden_handshake_is_none_lost_facts_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "HIDDEN", sharing.SOON_AFTER)

    def one_in_two(facts: Sequence[Fact], rng: Random) -> list[Fact]:
        return [fact for fact in facts if rng.random() > 0.5]

    rngs = [Random(f"on_demand_tunnel {seed}") for seed in range(10)]

    assert any(judged(one_in_two(HONEST["on_demand_tunnel"](rng), rng)).blocks for rng in rngs)


def test_without_early_handshakes_uplinks_that_share_packets_are_a_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "between_endpoints", lambda _: (None,) * 2)
    monkeypatch.setattr(detection, "_handshake_line", lambda *_: Line(at(0), ""))

    assert blocked("balanced_by_packet") > 0


def test_without_quiet_times_a_new_key_is_a_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detection, "_is_quiet", lambda *_: False)

    assert blocked("after_moved") > 0


def test_where_statements_are_not_moved_a_late_frame_is_a_denial(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(denial, "_positions", lambda _: [0.0])

    assert blocked("agent_of_a_held_up_jump") + blocked("agent_sleeps_with_a_frame_on_the_way") > 0


def test_looks_of_two_jumps_taken_for_those_of_one_are_a_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The traces of jumps are interleaved as they would be if the detector did not tell them apart."""
    facts = [fact for fact in HONEST["two_jumps_see_two_addresses"](Random("x")) if isinstance(fact, Observation)]
    merged = [
        replace(fact, observer=facts[0].observer, frame=replace(fact.frame, instance_id="one", seq=i))
        for i, fact in enumerate(facts)
    ]

    assert judged(facts).findings == ()
    assert judged(merged).findings != ()
