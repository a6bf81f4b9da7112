"""Whose AllowedIPs are whose while a peer changes one key for the other."""

import pytest
from msgspec.structs import replace

from agent.host.tunnel.difference import Memory, carried_out, difference
from agent.host.tunnel.key_in_use import carried
from agent.host.tunnel.live import ABSENT
from agent.host.tunnel.wanted import WantedTunnel, desired
from chalicelib.wire.bundle import Pair
from tests.agent.builders import a_bundle, a_peer, a_public_key

OLD, NEW = a_public_key("site"), a_public_key("site next")
SECRETS = {name: a_public_key(name) for name in ("now", "next", "staged", "staged next")}
SITE = replace(
    a_peer("site", ["10.9.0.7/32", "192.168.7.0/24"], keepalive=25, preshared_key=SECRETS["now"]),
    next_preshared_key=SECRETS["next"],
    staged=Pair(public_key=NEW, preshared_key=SECRETS["staged"], next_preshared_key=SECRETS["staged next"]),
)
BUNDLE = a_bundle(peers=[SITE], public_key=a_public_key("me"), staged_key=a_public_key("me next"))


def wanted() -> WantedTunnel:
    return desired(BUNDLE)


def holders(made: WantedTunnel) -> dict[str, bool]:
    return {key: bool(section.allowed_ips) for key, section in made.sections.items()}


def test_a_staged_key_is_a_second_section_without_allowed_ips_and_keepalive() -> None:
    staged = wanted().sections[NEW]

    assert wanted().standbys == {NEW: OLD}
    assert (staged.allowed_ips, staged.keepalive_s, staged.preshared_key) == (frozenset(), 0, SECRETS["staged"])


def test_preshared_keys_follow_the_own_key_in_use() -> None:
    before, after = desired(BUNDLE, a_public_key("me")), desired(BUNDLE, a_public_key("me next"))

    assert [before.sections[key].preshared_key for key in (OLD, NEW)] == [SECRETS["now"], SECRETS["staged"]]
    assert [after.sections[key].preshared_key for key in (OLD, NEW)] == [SECRETS["next"], SECRETS["staged next"]]


@pytest.mark.parametrize(
    ("handshakes", "carrier"),
    [
        ({}, OLD),
        ({OLD: 100}, OLD),
        ({OLD: 100, NEW: 0}, OLD),
        ({OLD: 100, NEW: 99}, OLD),
        ({OLD: 100, NEW: 100}, NEW),
        ({OLD: 100, NEW: 101}, NEW),
        ({NEW: 1}, NEW),
    ],
)
def test_the_newest_handshake_carries(handshakes: dict[str, int], carrier: str) -> None:
    made = carried(wanted(), handshakes)

    assert holders(made) == {key: key == carrier for key in (OLD, NEW)}
    assert made.sections[carrier].allowed_ips == wanted().sections[OLD].allowed_ips
    assert made.sections[carrier].keepalive_s == 25


def test_what_the_bundle_after_the_change_asks_is_there_already_but_for_the_old_section() -> None:
    live = carried_out(ABSENT, difference(ABSENT, wanted(), "key", Memory()), "key", {})
    moved = carried(wanted(), {NEW: 5})
    live = carried_out(live, difference(live, moved, "key", Memory()), "key", {})
    after = replace(SITE, public_key=NEW, preshared_key=SECRETS["staged"], staged=None)

    plan = difference(live, desired(a_bundle(revision=2, peers=[after])), "key", Memory())

    assert (plan.removed, plan.changes) == ((OLD,), ())
