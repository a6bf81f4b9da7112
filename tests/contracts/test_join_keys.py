"""Join keys and their uses, over every engine."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.bootstrap.outside import Outside
from chalicelib.domain.identity.join_key import Join, JoinKey, PeerTerms, device_hash
from chalicelib.domain.identity.writes import PutJoin, PutJoinKey, RevokeJoinKey, UseJoinKey
from chalicelib.domain.ids import JoinKeyId, NetworkId, PeerId
from chalicelib.ports.transactions import CommitConflict, ConditionFailed
from tests.builders import T0, a_join_key
from tests.contracts.test_accounts import write

DAY = timedelta(days=1)
KEY = a_join_key(uses=2, terms=PeerTerms(True, True, ("ci", "linux"), True, True))
DEVICE = device_hash("device")


def test_a_key_comes_back_as_it_was_put(outside: Outside) -> None:
    plain = a_join_key("plain")
    write(outside, PutJoinKey(KEY), PutJoinKey(plain))

    assert outside.join_keys.get(KEY.network_id, KEY.id) == KEY
    assert outside.join_keys.get(plain.network_id, plain.id) == plain
    assert outside.join_keys.get(NetworkId("net_other"), KEY.id) is None
    with pytest.raises(ConditionFailed):
        write(outside, PutJoinKey(KEY))


def test_a_key_is_used_as_often_as_it_may_be(outside: Outside) -> None:
    write(outside, PutJoinKey(KEY))
    write(outside, UseJoinKey(KEY, T0))
    write(outside, UseJoinKey(KEY, T0 + DAY))

    assert outside.join_keys.get(KEY.network_id, KEY.id) == replace(KEY, used=2, last_used_at=T0 + DAY)
    with pytest.raises(CommitConflict):
        write(outside, UseJoinKey(KEY, T0 + DAY))


@pytest.mark.parametrize("over", [timedelta(0), DAY])
def test_a_key_is_not_used_once_it_has_expired(outside: Outside, over: timedelta) -> None:
    endless = a_join_key("endless", uses=None)
    write(outside, PutJoinKey(endless))
    write(outside, UseJoinKey(endless, endless.expires_at - timedelta(seconds=1)))

    with pytest.raises(CommitConflict):
        write(outside, UseJoinKey(endless, endless.expires_at + over))


def test_a_revoked_key_stays_and_is_not_used(outside: Outside) -> None:
    write(outside, PutJoinKey(KEY))
    write(outside, RevokeJoinKey(KEY, T0))

    assert outside.join_keys.get(KEY.network_id, KEY.id) == replace(KEY, revoked_at=T0)
    for refused in (UseJoinKey(KEY, T0), RevokeJoinKey(KEY, T0)):
        with pytest.raises(CommitConflict):
            write(outside, refused)


def test_what_was_never_made_is_not_used(outside: Outside) -> None:
    for refused in (UseJoinKey(KEY, T0), RevokeJoinKey(KEY, T0)):
        with pytest.raises(CommitConflict):
            write(outside, refused)


def test_a_machine_becomes_one_peer(outside: Outside) -> None:
    joined = Join(KEY.id, DEVICE, PeerId("dyn_1"), KEY.kept_until)
    anew = replace(joined, peer_id=PeerId("dyn_2"))
    write(outside, PutJoinKey(KEY))

    assert outside.join_keys.with_join(KEY.network_id, KEY.id, DEVICE) == (KEY, None)
    write(outside, PutJoin(joined, None))
    with pytest.raises(CommitConflict):
        write(outside, PutJoin(anew, None))
    assert outside.join_keys.with_join(KEY.network_id, KEY.id, DEVICE) == (KEY, joined)
    write(outside, PutJoin(anew, joined.peer_id))
    with pytest.raises(CommitConflict):
        write(outside, PutJoin(joined, joined.peer_id))
    assert outside.join_keys.with_join(KEY.network_id, KEY.id, DEVICE) == (KEY, anew)
    assert outside.join_keys.with_join(KEY.network_id, JoinKeyId("key_other"), DEVICE) == (None, None)


def test_keys_are_listed_by_pages(outside: Outside) -> None:
    keys: list[JoinKey] = [a_join_key(str(n)) for n in range(5)]
    other = replace(keys[0], network_id=NetworkId("net_lab2"))
    write(outside, *map(PutJoinKey, (*keys, other)), PutJoin(Join(keys[0].id, DEVICE, PeerId("dyn_1"), T0), None))

    first, after = outside.join_keys.page(KEY.network_id, 3, None)
    second, last = outside.join_keys.page(KEY.network_id, 3, after)

    assert ([*first, *second], len(first), last) == (keys, 3, None)
    assert outside.join_keys.page(NetworkId("net_none"), 3, None) == ([], None)
