"""Ids tell the kind of what they name."""

import pytest

from chalicelib.domain.ids import PEER_ID, PeerId, is_jump, is_static
from tests.builders import a_dynamic, a_jump, a_static


def test_a_peers_id_tells_its_kind() -> None:
    ids = [a_jump(1).id, a_dynamic(2).id, a_static(3).id]

    assert [is_jump(peer_id) for peer_id in ids] == [True, False, False]
    assert [is_static(peer_id) for peer_id in ids] == [False, False, True]


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("jmp_01h", True),
        ("dyn_" + "a" * 64, True),
        ("dyn_" + "a" * 65, False),
        ("dyn_", False),
        ("net_01h", False),
        ("sta_01H", False),
        ("sta_1\n", False),
    ],
)
def test_what_is_a_peers_id(text: str, is_one: bool) -> None:
    assert bool(PEER_ID.match(PeerId(text))) is is_one
