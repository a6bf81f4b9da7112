"""How far changes have got, over every engine."""

from datetime import timedelta

import pytest

from chalicelib.bootstrap.outside import Outside
from chalicelib.domain.change.rollout import FEW, Expected, Mark, Rollout
from chalicelib.domain.ids import PeerId, Revision
from chalicelib.domain.network.network import Network
from tests.builders import T0, a_dynamic, a_network


def test_who_has_to_apply_a_revision_stays_by_revision(outside: Outside, lab: Network) -> None:
    store, (one, other) = outside.rollouts, (a_dynamic(2).id, a_dynamic(3).id)
    store.expect(lab.id, {Revision(revision): Expected(frozenset({one, other}), T0) for revision in range(9, 40)}, T0)
    store.expect(lab.id, {Revision(10): Expected(frozenset({one}), T0)}, T0)

    nine, ten = Rollout(T0, 2, few=frozenset({one, other})), Rollout(T0, 1, few=frozenset({one}))
    assert store.rollouts(lab.id, Revision(8), Revision(10)) == {9: nine, 10: ten}
    assert store.rollouts(a_network(name="other").id, Revision(1), Revision(99)) == {}
    assert len(outside.changes.between(lab.id, Revision(0))) == len(outside.changes.page(lab.id, None, 99)) > 0


@pytest.mark.parametrize("agents", [FEW, FEW + 1, 10_001])
def test_of_many_agents_a_revision_concerns_the_ids_are_asked_for_by_themselves(
    outside: Outside, lab: Network, agents: int
) -> None:
    who = frozenset(PeerId(f"dyn_{number:08d}") for number in range(agents))
    outside.rollouts.expect(lab.id, {Revision(9): Expected(who, T0), Revision(10): Expected(who, T0)}, T0)

    rollout = outside.rollouts.rollouts(lab.id, Revision(9), Revision(9))[Revision(9)]

    assert rollout == Rollout(T0, agents, few=who if agents <= FEW else None)
    assert outside.rollouts.concerned(lab.id, Revision(9)) == (frozenset() if agents <= FEW else who)


def test_agents_that_are_through_with_a_revision_count_once_each(outside: Outside, lab: Network) -> None:
    store = outside.rollouts
    who = [PeerId(f"dyn_{number:08d}") for number in range(150)]
    store.expect(lab.id, {Revision(revision): Expected(frozenset(who), T0) for revision in (9, 10)}, T0)
    marks = [Mark(known, Revision(9), timedelta(milliseconds=80)) for known in who]
    late = [Mark(known, Revision(10), timedelta(milliseconds=1234)) for known in who[:3]]

    store.count(lab.id, [*marks[:100], *late[:2]], T0)
    store.count(lab.id, [*marks[90:149], *late], T0)
    store.count(lab.id, [Mark(who[149], Revision(9), None), *marks, marks[0]], T0)

    rollouts = store.rollouts(lab.id, Revision(9), Revision(10))
    assert rollouts == {9: Rollout(T0, 150, 149, 1, {80: 149}), 10: Rollout(T0, 150, 3, 0, {1200: 3})}
    assert outside.presence.of(who) == {}
