"""A bundle goes by the key that a peer uses and by the preshared key that is tried, both at once."""

from msgspec.structs import replace

from agent.host.tunnel.secrets_in_use import SecretsInUse
from agent.host.tunnel.wanted import desired
from chalicelib.wire.bundle import Pair
from tests.agent.builders import a_bundle, a_peer, a_public_key

SITE, STAGED, HUB = a_public_key("site"), a_public_key("site next"), a_public_key("hub")
OLD, NEW = a_public_key("secret 1"), a_public_key("secret 2")
PEERS = [
    replace(
        a_peer("site", ["10.9.0.7/32"], preshared_key=OLD),
        staged=Pair(public_key=STAGED, preshared_key=OLD, next_preshared_key=NEW),
    ),
    replace(a_peer("hub", ["10.9.0.1/32"], preshared_key=OLD), other_preshared_key=NEW),
]
WANTED = desired(a_bundle(peers=PEERS))


def test_before_any_handshake_the_bundle_stays_as_it_is() -> None:
    assert SecretsInUse().applied_to(WANTED) == WANTED


def test_the_prefixes_are_at_the_key_in_use_and_the_tried_secret_at_its_peer() -> None:
    in_use = SecretsInUse(handshakes={SITE: 100, STAGED: 101}, tried={HUB: NEW})

    made = in_use.applied_to(WANTED).sections

    assert (made[SITE].allowed_ips, made[STAGED].allowed_ips) == (frozenset(), WANTED.sections[SITE].allowed_ips)
    assert (made[HUB].preshared_key, made[SITE].preshared_key) == (NEW, OLD)


def test_no_secret_is_in_its_text() -> None:
    assert NEW not in repr(SecretsInUse(tried={HUB: NEW}))
