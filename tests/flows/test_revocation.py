"""Access that was revoked ends, in whatever order its end meets what is on the way."""

import random
from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.adapters.queues.messages import message_of
from chalicelib.domain.errors import Refusal
from chalicelib.domain.ids import ConnectionId, PeerId
from chalicelib.entrypoints import queues
from tests.flows.revoked import ENDS, LOOKS, Denied, a_site, in_stretches, require_over, speak
from tests.turns import Turns
from tests.world import SimulatedAgent


@given(how=st.sampled_from(ENDS), order=st.integers(0, 2**32), is_ill=st.booleans(), is_mute=st.booleans())
def test_nothing_of_the_machine_before_is_taken_once_its_end_was_delivered(
    how: str, order: int, is_ill: bool, is_mute: bool
) -> None:
    site = a_site()
    world, out = site.world, site.world.outside
    turns = Turns(in_stretches(random.Random(order)))
    turns.interrupts(out.sessions, "open", "get", "end_all")
    turns.interrupts(out.connections, "add", "remove", "of_agent", "of_agents")
    turns.interrupts(out.presence, "note_connected", "note_heartbeat")
    turns.interrupts(out.progress, "raise_wanted")
    turns.interrupts(out.sightings, "keep")
    turns.interrupts(out.gateway, "tell", "dismiss")
    turns.interrupts(out.transactions, "commit")
    if is_ill:
        out.gateway.ill = {ConnectionId(str(site.hub.connection))}

    def stream() -> None:
        for _ in range(LOOKS):
            if site.plan():
                break
            turns.pause()
        site.deliver(each=timedelta(0))  # nobody takes half a minute for one request

    def heal() -> None:
        out.gateway.ill.clear()

    acts: list[Callable[[], None]] = [
        lambda: site.end(how),
        stream,
        heal,
        lambda: site.comes_again(None),
        lambda: site.comes_again(site.hub.session, is_silent=True),
        lambda: site.comes_again(site.hub.session),
        lambda: speak(site.hub, 5, site.peer),
    ]
    if is_mute:
        acts.pop()  # it only listens
    turns.run(acts)
    out.gateway.ill.clear()
    site.plan()
    site.deliver()

    assert [error for error in turns.raised if not isinstance(error, Refusal | Denied)] == []
    require_over(site)
    if site.fresh is not None:  # the next machine is let in
        after = SimulatedAgent(world, "after")
        assert after.enroll(site.fresh).status == 200
        after.connect()
        world.settle()
        require_over(site)
        seen = len(after.frames)
        speak(after, 3, site.peer)
        assert len(after.frames) == seen + 1


@pytest.mark.parametrize("how", ENDS)
def test_a_socket_that_was_opened_while_its_end_was_on_the_way_is_closed_with_the_others(how: str) -> None:
    site = a_site()
    site.end(how)
    site.plan()
    site.comes_again(site.hub.session)

    site.deliver()

    require_over(site)


@pytest.mark.parametrize("how", ENDS)
def test_a_gateway_that_fails_keeps_no_session_alive(how: str) -> None:
    site = a_site()
    site.world.outside.gateway.ill.add(ConnectionId(str(site.hub.connection)))
    site.end(how)
    site.plan()
    messages, site.world.outside.queue.messages = site.world.outside.queue.messages, []
    for push in messages:
        site.world.container.deliveries.deliver(push)

    assert site.world.api("GET", "/agent/bundle", token=site.hub.session).status == 401
    speak(site.hub, 7, site.peer)
    assert site.world.outside.tables.sightings == {}

    site.world.outside.gateway.ill.clear()
    site.deliver()
    require_over(site)


@pytest.mark.parametrize("how", ENDS)
def test_what_the_machine_before_says_counts_no_more_from_the_commit_on(how: str) -> None:
    """Before anything was planned: a stream that is late keeps nobody in."""
    site = a_site()
    site.end(how)
    world, session = site.world, site.hub.session
    beat = {"instance_id": "i", "seq": 3, "generation": 1, "revision": 1, "hash": "", "type": "heartbeat"}
    seen = {"peer_id": site.peer.peer_id, "endpoint": "6.6.6.6:6", "handshake_at": 9, "rx": 0, "tx": 0}
    gone = {"reissue": 401, "leave": 404, "delete": 404}[how]

    assert world.api("POST", "/agent/heartbeat", {**beat, "observations": [seen]}, token=session).status == gone
    assert world.api("POST", "/agent/keys", {"public_key": site.hub.public_key}, token=session).status in (401, 404)
    assert world.api("GET", "/agent/bundle", token=session).status in (401, 410)
    speak(site.hub, 4, site.peer)
    assert world.outside.tables.sightings == {}
    assert site.hub.frames[-1] == ("bye", "session_ended" if how == "reissue" else "peer_deleted")


def test_what_is_known_of_a_peer_outlives_its_token() -> None:
    """A jump that is being moved to another machine can still be found dead, and its peers with it."""
    site = a_site()
    site.end("reissue")

    liveness = site.world.outside.liveness.accuse(PeerId(site.hub.peer_id), site.world.outside.clock.now())

    assert liveness is not None
    assert liveness.last_seen is not None


def test_an_end_that_is_told_in_vain_goes_to_the_operator_after_some_tries() -> None:
    site = a_site()
    queue, clock = site.world.outside.queue, site.world.outside.clock
    site.world.outside.gateway.ill.add(ConnectionId(str(site.hub.connection)))
    site.end("reissue")
    site.plan()
    failed, tries = 0, 0
    while queue.messages or queue.delayed:
        tries += 1
        messages, queue.messages, queue.delayed = [*queue.messages, *queue.delayed], [], []
        clock.advance(timedelta(seconds=1))
        records = [{"messageId": str(n), "body": message_of(push)} for n, push in enumerate(messages)]
        failed += len(queues.deliver({"Records": records})["batchItemFailures"])

    assert (tries, failed) == (7, 1)


def test_leaving_by_a_session_of_before_a_new_token_is_refused_whatever_device_key_it_names() -> None:
    site = a_site()
    site.end("reissue")
    before = site.world.outside.tables.peers[site.network, PeerId(site.hub.peer_id)]

    for device_key in (site.hub.device_key, site.peer.device_key):
        body = {"device_key": device_key, "void_files": True}
        assert site.world.api("POST", "/agent/leave", body, site.hub.session).status == 401

    assert site.world.outside.tables.peers[site.network, PeerId(site.hub.peer_id)] == before


def test_only_the_present_admission_leaves() -> None:
    """Though the session of before names the device key of the machine after it."""
    site = a_site()
    site.end("reissue")
    after = SimulatedAgent(site.world, "after")
    assert site.fresh is not None
    after.enroll(site.fresh)

    body = {"device_key": after.device_key, "void_files": True}
    refused = site.world.api("POST", "/agent/leave", body, site.hub.session)

    assert refused.status == 401
    assert site.world.peers(site.network)["hub"]["public_key"] == after.public_key
