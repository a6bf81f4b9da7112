"""The change log, over every engine."""

import pytest

from chalicelib.bootstrap.outside import Outside
from chalicelib.domain.change.change import Change
from chalicelib.domain.change.writes import (
    Claim,
)
from chalicelib.domain.ids import Revision
from chalicelib.domain.network.network import Network
from chalicelib.ports.transactions import CommitConflict
from tests.builders import a_dynamic, a_jump
from tests.contracts.stores import advance


def test_the_change_log_is_read_between_revisions_and_newest_first(outside: Outside, lab: Network) -> None:
    for _ in range(4):
        lab = advance(outside, lab)

    def revisions(found: list[Change]) -> list[int]:
        return [one.revision for one in found]

    assert revisions(outside.changes.between(lab.id, Revision(2), Revision(4))) == [3, 4]
    assert revisions(outside.changes.between(lab.id, Revision(5), Revision(9))) == []
    assert revisions(outside.changes.page(lab.id, None, 3)) == [5, 4, 3]
    assert revisions(outside.changes.page(lab.id, Revision(3), 3)) == [2, 1]


def test_of_two_changes_on_one_revision_the_second_moves(outside: Outside, lab: Network) -> None:
    advance(outside, lab)

    with pytest.raises(CommitConflict):
        advance(outside, lab, Claim(lab.id, "label", "web", a_dynamic().id))
    assert outside.networks.get(lab.id).revision == 2
    advance(outside, outside.networks.get(lab.id), Claim(lab.id, "label", "web", a_jump().id))
