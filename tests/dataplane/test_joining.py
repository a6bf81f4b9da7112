"""A real host joins the deployed stack by a join key: it waits, takes part once it is approved, and vanishes."""

import json

import pytest

from chalicelib.wire.join_keys import CreateJoinKey
from chalicelib.wire.peers import Peer
from infra.demo.fleet import Fleet
from infra.demo.waiting import until

pytestmark = [pytest.mark.dataplane, pytest.mark.root, pytest.mark.stack]

ARRIVES_S = 30.0


def test_a_host_joins_waits_for_approval_carries_traffic_and_vanishes(fleet: Fleet) -> None:
    api, network, other = fleet.api, fleet.network.id, fleet.agents["site-a"]
    host = fleet.agents["site-b"]
    host.stop()
    host.leave()
    fleet.delete(host.peer)
    terms = CreateJoinKey(name="runners", uses=1, ephemeral=True, needs_approval=True, tags=["ci"])
    made = api.create_join_key(network, terms)
    assert made.secret is not None

    def own() -> list[Peer]:
        return [peer for peer in api.peers(network) if peer.tags == ["ci"]]

    joined = json.loads(host.join(fleet.origin, made.secret))
    again = json.loads(host.join(fleet.origin, made.secret))
    host.start()
    until(lambda: host.status().is_connected, "the agent is connected", ARRIVES_S)
    until(lambda: host.status().awaits_approval, "the agent knows that it waits", ARRIVES_S)
    [waiting] = own()
    assert (waiting.id, waiting.status, waiting.is_ephemeral) == (joined["peer_id"], "pending_approval", True)
    assert (again["peer_id"], again["was_peer"]) == (joined["peer_id"], True)
    assert not host.node.reaches(other.peer.address)

    api.approve(network, waiting.id)
    until(lambda: host.node.reaches(other.peer.address), "traffic flows through the tunnel", ARRIVES_S)
    assert other.node.reaches(waiting.address)
    assert not host.status().awaits_approval

    host.stop()
    host.leave()
    assert own() == []
