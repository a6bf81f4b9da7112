"""The agent's client of the REST function, with keys of an origin's own."""

from agent.adapters.control_plane.rest import Http, RestControlPlane
from agent.identity.keys import new_device_key
from tests.agent.builders import NETWORK_ID, PEER_ID, a_trust
from tests.agent.origin import Origin

DEVICE_KEY = new_device_key()


def control_plane(origin: Origin) -> RestControlPlane:
    return RestControlPlane(Http(origin.url), NETWORK_ID, PEER_ID, DEVICE_KEY, a_trust())
