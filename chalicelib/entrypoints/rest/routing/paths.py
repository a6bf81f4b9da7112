"""Paths, and the ids in them: a text that is no id names nothing, and reaches no store."""

from typing import Any

from chalicelib.domain.change.errors import ChangeNotFound
from chalicelib.domain.errors import NetworkNotFound
from chalicelib.domain.identity.principal import Principal
from chalicelib.domain.ids import PEER_ID, NetworkId, PeerId, Revision
from chalicelib.domain.peer.errors import PeerNotFound
from chalicelib.entrypoints.rest.routing.operation import Call
from chalicelib.entrypoints.shapes.parsing import NETWORK_ID, REVISION

NETWORK = "/networks/{network_id}"
PEERS = f"{NETWORK}/peers"
PEER = f"{PEERS}/{{peer_id}}"


def network_id(call: Call[Principal, Any]) -> NetworkId:
    """The path's network; a text that is no id names none."""
    text = call.path["network_id"]
    if not NETWORK_ID.match(text):
        raise NetworkNotFound(text)
    return NetworkId(text)


def peer_id(call: Call[Principal, Any]) -> PeerId:
    text = call.path["peer_id"]
    if not PEER_ID.match(text):
        raise PeerNotFound(text)
    return PeerId(text)


def revision(call: Call[Principal, Any]) -> Revision:
    text = call.path["revision"]
    if not REVISION.match(text):
        raise ChangeNotFound(text)
    return Revision(int(text))
