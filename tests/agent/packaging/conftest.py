"""A host, and an origin on it."""

from collections.abc import Iterator

import pytest

from tests.agent.builders import NETWORK_ID, PEER_ID, a_bundle, a_peer
from tests.agent.namespace import Namespace
from tests.agent.origin import Origin


@pytest.fixture
def inside() -> Iterator[Namespace]:
    with Namespace() as made:
        yield made


@pytest.fixture
def origin(inside: Namespace) -> Iterator[Origin]:
    made = Origin(network_id=NETWORK_ID, peer_id=PEER_ID, bundle=a_bundle(1, [a_peer()], forward=True))
    inside.do(made.__enter__)
    yield made
    made.__exit__()
