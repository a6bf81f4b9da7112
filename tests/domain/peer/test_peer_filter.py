"""Which peers of a list a filter wants."""

from dataclasses import replace

import pytest

from chalicelib.domain.ids import PrincipalId
from chalicelib.domain.peer.peer import Kind
from chalicelib.domain.peer.peer_filter import PeerFilter
from chalicelib.domain.peer.presence import Status
from tests.builders import a_dynamic

ANA = PrincipalId("usr_ana")
WEB = replace(a_dynamic(), name="Web Straße", dns_label="web-1", endpoint="vpn.example.org", tags=("a",), owner_id=ANA)
ADDRESSES = ("10.0.0.7", "fd00::7")


@pytest.mark.parametrize(
    ("wanted", "is_wanted"),
    [
        (PeerFilter(), True),
        (PeerFilter(kind=Kind.DYNAMIC), True),
        (PeerFilter(kind=Kind.JUMP), False),
        (PeerFilter(tag="a"), True),
        (PeerFilter(tag="A"), False),
        (PeerFilter(owner_id=ANA), True),
        (PeerFilter(owner_id=PrincipalId("usr_bo")), False),
        (PeerFilter(q="web s"), True),
        (PeerFilter(q="STRASSE"), True),
        (PeerFilter(q="b-1"), True),
        (PeerFilter(q="0.0.7"), True),
        (PeerFilter(q="FD00::"), True),
        (PeerFilter(q="Example"), True),
        (PeerFilter(q="mail"), False),
        (PeerFilter(tag="a", owner_id=ANA, q="web", kind=Kind.DYNAMIC), True),
        (PeerFilter(tag="a", owner_id=ANA, q="mail"), False),
    ],
)
def test_a_peer_is_wanted_when_all_of_the_filter_is_so(wanted: PeerFilter, is_wanted: bool) -> None:
    assert wanted.matches(WEB, ADDRESSES) is is_wanted


def test_the_kind_alone_is_found_by_the_order_of_ids() -> None:
    assert not PeerFilter(kind=Kind.JUMP).is_searching
    assert PeerFilter(status=Status.ONLINE).is_searching
    assert PeerFilter(tag="a").is_searching
    assert PeerFilter(owner_id=ANA).is_searching
    assert PeerFilter(q="a").is_searching
