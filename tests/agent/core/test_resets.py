"""How a jump adds a peer again that asks for it."""

from agent.core import effects as ef
from agent.core import events as ev
from chalicelib.wire.frames import Reset
from tests.agent.builders import a_bundle, a_peer, a_public_key
from tests.agent.core.agents import a_connected_agent, a_connected_jump


def test_a_peer_that_asks_is_made_anew_once_a_minute() -> None:
    bundle = a_bundle(5, peers=[a_peer("left", ["10.9.0.2/32"])])
    agent = a_connected_agent(bundle=bundle)
    (left,) = bundle.peers

    agent.receive(Reset(peer_id=left.peer_id))
    first = agent.of(ef.ResetPeer)
    agent.now_s += 59.0
    agent.receive(Reset(peer_id=left.peer_id))
    again = agent.of(ef.ResetPeer)
    agent.now_s += 1.0
    agent.receive(Reset(peer_id=left.peer_id))

    assert (first, again, agent.of(ef.ResetPeer)) == ([ef.ResetPeer(left.public_key)], [], first)


def test_no_more_peers_are_made_anew_at_once_than_a_host_does_soon() -> None:
    names = [f"p{number}" for number in range(100)]
    agent = a_connected_jump(names)

    made = [agent.of(ef.ResetPeer) for name in names if agent.receive(Reset(peer_id=f"peer_{name}")) is not None]
    agent.take(ev.PeerReset(error=None))
    agent.receive(Reset(peer_id="peer_p99"))

    assert sum(map(len, made)) == 32
    assert agent.of(ef.ResetPeer) == [ef.ResetPeer(a_public_key("p99"))]


def test_a_stranger_is_not_made_anew() -> None:
    agent = a_connected_agent()

    agent.receive(Reset(peer_id="dyn_stranger"))

    assert agent.effects == []
