"""When the other preshared key is tried, and when the present one again."""

import pytest
from msgspec.structs import replace

from agent.errors import BundleRefused
from agent.host.tunnel.live import PeerTraffic
from agent.host.tunnel.psk_recovery import OTHER_FOR_S, OVERDUE_S, PRESENT_FOR_S, Attempt, attempted, chosen
from agent.host.tunnel.wanted import desired
from tests.agent.builders import a_bundle, a_peer, a_public_key

HUB, OLD, NEW = a_public_key("hub"), a_public_key("secret 1"), a_public_key("secret 2")
PAIR = replace(a_peer("hub", preshared_key=OLD), other_preshared_key=NEW)
T0 = 1_000_000.0


def seen(age_s: float, tx: int) -> PeerTraffic:
    return PeerTraffic(HUB, None, handshake_at=int(T0 - age_s), rx=0, tx=tx)


@pytest.mark.parametrize(
    ("age_s", "tx", "is_other"),
    [(OVERDUE_S - 1, 9, False), (OVERDUE_S, 9, True), (OVERDUE_S, 5, False), (T0, 9, True)],
    ids=["not overdue", "overdue", "overdue and silent", "never"],
)
def test_the_other_is_tried_when_a_handshake_is_overdue_that_somebody_needs(
    age_s: float, tx: int, is_other: bool
) -> None:
    after = attempted(Attempt(tx=5), seen(age_s, tx), at_s=100.0, wall_s=T0)

    assert (after.is_other, after.tx) == (is_other, tx)


def test_at_the_first_look_nothing_is_known_to_be_sent() -> None:
    assert attempted(None, seen(T0, 9), at_s=100.0, wall_s=T0) == Attempt(tx=9)


@pytest.mark.parametrize(("was_other", "patience_s"), [(True, OTHER_FOR_S), (False, PRESENT_FOR_S)])
def test_each_is_given_time_for_some_tries(was_other: bool, patience_s: float) -> None:
    before = Attempt(was_other, since_s=100.0, tx=5)

    early = attempted(before, seen(T0, 9), at_s=100.0 + patience_s - 0.1, wall_s=T0)
    late = attempted(before, seen(T0, 9), at_s=100.0 + patience_s, wall_s=T0)

    assert (early.is_other, late.is_other) == (was_other, not was_other)


def test_the_one_that_made_a_handshake_stays() -> None:
    before = Attempt(True, since_s=100.0, tx=5)

    assert attempted(before, seen(1, 9), at_s=1000.0, wall_s=T0).is_other


def test_what_is_tried_stands_in_the_section_as_long_as_the_bundle_names_it() -> None:
    wanted = desired(a_bundle(peers=[PAIR]))
    moved = desired(a_bundle(2, peers=[replace(PAIR, preshared_key=NEW, other_preshared_key=OLD)]))

    tried = [chosen(bundle, {HUB: NEW}).sections[HUB].preshared_key for bundle in (wanted, moved)]

    assert (chosen(wanted, {}).sections[HUB].preshared_key, tried) == (OLD, [NEW, NEW])


def test_with_the_next_own_key_there_is_no_other_secret() -> None:
    bundle = a_bundle(peers=[replace(PAIR, next_preshared_key=NEW)], staged_key=a_public_key("me next"))

    assert desired(bundle, a_public_key("me next")).others == {}


def test_a_secret_to_try_that_is_none_is_refused() -> None:
    with pytest.raises(BundleRefused):
        desired(a_bundle(peers=[replace(PAIR, other_preshared_key="A" * 44 + "\nEndpoint = x")]))
