"""A change survives its way through the stream."""

from boto3.dynamodb.types import TypeSerializer

from chalicelib.adapters.dynamodb.change import change_item
from chalicelib.adapters.dynamodb.streams import change_from, key_of
from chalicelib.domain.change.change import Affected, Change, What
from chalicelib.domain.change.difference import Changed, NetworkDifference
from chalicelib.domain.ids import NetworkId, PrincipalId, Revision
from tests.builders import T0, a_dynamic, a_jump


def test_a_record_of_the_stream_is_the_change_that_was_written() -> None:
    before, after = a_jump(keyed=False), a_jump()
    change = Change(
        NetworkId("net_lab"),
        Revision(12),
        T0,
        PrincipalId("tok_1"),
        What.PEER_ENROLLED,
        (Affected(before, after),),
        NetworkDifference(dns=Changed((), ("9.9.9.9",))),
        "a note",
    )
    image = change_item(change).serialize()

    record = {"dynamodb": {"NewImage": image, "Keys": {"network_id": image["network_id"], "item": image["item"]}}}

    assert change_from(record) == change
    assert key_of(record) == ("net_lab", 12)


def test_lans_behind_a_peer_survive_too() -> None:
    peer = a_dynamic(behind=("192.168.1.0/24", "fd01::/64"))
    affected = (Affected(peer, None),)
    change = Change(NetworkId("net_lab"), Revision(3), T0, PrincipalId("tok_1"), What.PEER_DELETED, affected)

    assert change_from({"dynamodb": {"NewImage": change_item(change).serialize()}}) == change


def test_the_stream_filter_matches_what_is_written() -> None:
    image = change_item(Change(NetworkId("n"), Revision(1), T0, PrincipalId("p"), What.NETWORK_CREATED)).serialize()

    assert image["type"] == TypeSerializer().serialize("change")
