"""Whose peer it is."""

import pytest

from chalicelib.domain.identity.writes import DisownPeers, OwnPeers
from chalicelib.domain.ids import NetworkId, PrincipalId
from chalicelib.domain.peer.errors import PeerNotFound
from chalicelib.domain.peer.ownership import (
    LeftToOperators,
    disowning,
    owner_of,
    owning,
    require_left_to_owner,
    require_own,
)
from tests.builders import a_dynamic, a_jump, a_static

ANA, BEN = PrincipalId("usr_ana"), PrincipalId("usr_ben")
NET = NetworkId("net_lab")


def test_a_person_finds_their_own_peers_and_no_others() -> None:
    require_own(a_dynamic(owner_id=ANA), ANA)
    require_own(a_dynamic(), None)

    for another in (a_dynamic(owner_id=BEN), a_dynamic(), a_jump(owner_id=ANA)):
        with pytest.raises(PeerNotFound):
            require_own(another, ANA)


def test_a_jump_is_nobodys_own() -> None:
    assert owner_of(a_jump(owner_id=ANA)) is None
    assert owning([a_jump(owner_id=ANA)]) == ()


def test_an_owner_changes_the_name_and_nothing_else() -> None:
    require_left_to_owner(a_dynamic(), a_dynamic(name="renamed"))

    with pytest.raises(LeftToOperators, match=r"is_isolated, mtu.*administrator or operator"):
        require_left_to_owner(a_dynamic(), a_dynamic(mtu=1400, is_isolated=True))
    with pytest.raises(LeftToOperators, match="owner_id"):
        require_left_to_owner(a_dynamic(owner_id=ANA), a_dynamic(owner_id=BEN))


def test_the_peers_of_one_person_are_one_write() -> None:
    peers = [a_dynamic(2, owner_id=ANA), a_static(3, owner_id=BEN), a_dynamic(4, owner_id=ANA), a_dynamic(5)]
    of_ana, of_ben = (peers[0].id, peers[2].id), (peers[1].id,)

    assert owning(peers, 5) == (OwnPeers(ANA, NET, of_ana, 5), OwnPeers(BEN, NET, of_ben, 5))
    assert disowning(peers) == (DisownPeers(ANA, NET, of_ana), DisownPeers(BEN, NET, of_ben))
