"""The core as a whole: after any order of events."""

from hypothesis import given
from hypothesis import strategies as st

from agent.bundle.received import Version
from agent.core import effects as ef
from agent.core import events as ev
from agent.core.state import Session, Socket, Work
from agent.core.timers import Timer
from chalicelib.wire.frames import Ack, ConfigChanged, Welcome
from tests.agent.builders import NETWORK_ID, a_bundle
from tests.agent.core.agents import HOST, MADE, NO_ANSWER, a_connected_agent

EVENTS = st.one_of(
    st.sampled_from(Timer).map(lambda timer: ev.TimerFired(timer=timer)),
    st.integers(1, 12).map(
        lambda revision: ev.FrameReceived(
            socket=1, frame=ConfigChanged(network_id=NETWORK_ID, generation=0, revision=revision)
        )
    ),
    st.integers(1, 12).map(
        lambda wanted: ev.FrameReceived(socket=1, frame=Ack(seq=1, generation=0, wanted=wanted, nonce="n"))
    ),
    st.sampled_from([None, 401, 500]).map(lambda status: ev.FetchFailed(status=status, reason="r")),
    st.sampled_from([None, 403]).map(lambda status: ev.SocketClosed(socket=1, status=status, reason="r")),
    st.just(ev.SessionFailed(status=None, reason="r")),
    st.just(ev.SessionOpened(lifetime_s=60)),
    st.just(ev.Observed(host=HOST, seen=())),
    st.just(ev.HostChanged()),
    st.just(ev.Reconciled(made=MADE)),
)


@given(st.lists(EVENTS, max_size=40), st.integers(1, 12))
def test_after_any_trouble_the_agent_ends_with_the_newest_bundle(trouble: list[ev.Event], newest: int) -> None:
    """Any order of hints, failures and timers; then the control plane is well again."""
    agent = a_connected_agent(revision=5)
    for event in trouble:
        agent.take(event)
    server = a_bundle(max(newest, agent.state.following.wanted.revision, 5))

    for _ in range(30):  # enough: every wait ends in at most one of these rounds
        if agent.state.following.is_fetching:
            agent.fetch(server)
        if agent.state.following.work is Work.APPLYING:
            agent.apply(server)
        if agent.state.following.work is Work.RECONCILING:
            agent.take(ev.Reconciled(made=MADE))
        if agent.state.link.session is Session.OPENING:
            agent.take(ev.SessionOpened(lifetime_s=3600))
        if agent.state.link.socket is Socket.OPENING:
            agent.take(ev.SocketOpened(socket=agent.state.link.number))
            agent.receive(Welcome(generation=0, wanted=server.revision, heartbeat_interval_s=30))
        if agent.state.link.socket is Socket.UP:
            agent.receive(Ack(seq=1, generation=0, wanted=server.revision, nonce="n"))
        agent.fire(Timer.CONNECT)
        agent.fire(Timer.FETCH)

    assert agent.state.following.applied == Version(0, server.revision)
    assert agent.state.link.socket is Socket.UP


CALLS = (ef.OpenSession, ef.Post, ef.Fetch, ef.TellKeys, ef.Probe)


@given(st.lists(st.one_of(EVENTS, st.sampled_from(CALLS)), max_size=80))
def test_of_each_kind_of_call_one_at_most_is_under_way(happenings: list[ev.Event | type[ef.Call]]) -> None:
    """Whatever happens meanwhile, and whichever of them ends first."""
    agent = a_connected_agent(revision=5)
    under_way: dict[type[ef.Call], ef.Call] = {}
    for happening in happenings:
        if isinstance(happening, type):
            call = under_way.pop(happening, None)
            if call is None:
                continue
            agent.take(call.failed(ef.Failure(NO_ANSWER)))
        elif isinstance(happening, ev.FetchFailed | ev.SessionFailed | ev.SessionOpened):
            continue  # nobody asked
        else:
            agent.take(happening)
        for effect in agent.effects:
            if isinstance(effect, CALLS):
                assert type(effect) not in under_way
                under_way[type(effect)] = effect
