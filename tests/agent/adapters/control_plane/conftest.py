"""An origin on loopback."""

from collections.abc import Iterator

import pytest

from agent.adapters.linux.host import LinuxHost
from agent.identity.keys import device_public_key
from chalicelib.wire.agent import EnrollRequest
from tests.agent.adapters.control_plane.rest_client import DEVICE_KEY
from tests.agent.builders import NETWORK_ID, PEER_ID, a_bundle
from tests.agent.origin import Origin


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin(network_id=NETWORK_ID, peer_id=PEER_ID, bundle=a_bundle(5)) as made:
        made.enrolled = EnrollRequest(
            token="t", public_key="", device_key=device_public_key(DEVICE_KEY), host=LinuxHost().host()
        )
        yield made
