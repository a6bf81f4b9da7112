"""Who follows a signing key that rotates."""

import base64

import pytest

from agent.errors import SignatureInvalid
from agent.identity.trust import Keyring, Trust
from chalicelib.wire.signing import SIGNATURE_HEADER, Subject
from tests.flows.bundles import get, rotate
from tests.world import SimulatedAgent, World


def trust(agent: SimulatedAgent) -> Trust:
    return Trust(Keyring(pinned=agent.signing_key, current=agent.signing_key), lambda keyring: None)


def take(world: World, agent: SimulatedAgent, keys: Trust) -> None:
    """As an agent takes a whole bundle. Raises SignatureInvalid."""
    answer = get(world, agent)
    subject = Subject("bundle", agent.network_id, agent.peer_id, 1, answer.json["revision"])
    keys.check(subject, answer.text.encode(), answer.headers[SIGNATURE_HEADER])
    keys.name_successor(answer.json["next_signing_key"])


def test_a_key_that_rotates_is_followed_by_who_had_a_bundle_in_between(world: World, hub: SimulatedAgent) -> None:
    keys = trust(hub)
    take(world, hub, keys)
    for _ in range(3):
        rotate(world)
        take(world, hub, keys)

    assert keys.keyring.pinned == hub.signing_key != keys.keyring.current
    assert keys.keyring.current == world.container.signing.keys().current.public
    assert keys.keyring.successor == world.container.signing.keys().successor.public


def test_a_key_that_rotates_twice_is_strange_to_who_had_no_bundle_in_between(world: World, hub: SimulatedAgent) -> None:
    keys = trust(hub)
    take(world, hub, keys)
    rotate(world)
    rotate(world)

    with pytest.raises(SignatureInvalid):
        take(world, hub, keys)


def test_who_enrols_after_a_rotation_pins_the_key_of_today(world: World, hub: SimulatedAgent) -> None:
    rotate(world)

    late = world.agent(hub.network_id, "dynamic", "late")

    assert late.signing_key == world.container.signing.keys().current.public != hub.signing_key
    assert len(base64.b64decode(late.signing_key)) == 32
