"""What the core does when the host took a bundle, or did not."""

from agent.bundle.received import Version
from agent.core import effects as ef
from agent.core import events as ev
from agent.core.timers import Timer
from chalicelib.wire.frames import Ack, Applied
from tests.agent.builders import a_bundle, fetched
from tests.agent.core.agents import a_connected_agent, a_started_agent


def test_a_bundle_from_disk_is_neither_saved_nor_reported() -> None:
    agent = a_started_agent(fetched(a_bundle(5)))
    agent.take(ev.SessionOpened(lifetime_s=3600))

    agent.apply(a_bundle(5))

    assert not agent.of(ef.Save)
    assert not agent.of(ef.Post)


def test_how_long_a_bundle_from_disk_took_runs_from_the_start() -> None:
    agent = a_started_agent(fetched(a_bundle(5)))
    agent.now_s += 0.065

    agent.apply(a_bundle(5))

    assert [log.fields["ms"] for log in agent.of(ef.Log) if log.event == "bundle_applied"] == [65]


def test_a_wrong_bundle_is_reported_once_and_not_asked_for_again() -> None:
    agent = a_connected_agent(revision=5)
    agent.hint(6)
    agent.fetch(a_bundle(6))

    agent.take(ev.ApplyFailed(fetched=fetched(a_bundle(6)), error="twice", is_refused=True, at_s=agent.now_s))

    (report,) = agent.sent()
    assert isinstance(report, Applied)
    assert (report.revision, report.ok, report.error) == (6, False, "twice")
    assert not agent.of(ef.Fetch)
    assert agent.receive(Ack(seq=1, generation=0, wanted=6, nonce="n"))[:1] != [ef.Fetch(since=Version(0, 5))]
    assert agent.hint(7) == [ef.Fetch(since=Version(0, 5))]


def test_a_wrong_bundle_that_comes_again_is_not_tried_again() -> None:
    agent = a_connected_agent(revision=5)
    agent.hint(6)
    agent.fetch(a_bundle(6))
    agent.take(ev.ApplyFailed(fetched=fetched(a_bundle(6)), error="twice", is_refused=True))
    agent.fire(Timer.FULL_FETCH)

    agent.fetch(a_bundle(6))

    assert not agent.of(ef.Try)


def test_a_host_that_refuses_is_asked_again_and_then_reported() -> None:
    agent = a_connected_agent(revision=5)
    agent.hint(6)
    agent.fetch(a_bundle(6))
    failed = ev.ApplyFailed(fetched=fetched(a_bundle(6)), error="nft", is_refused=False, at_s=agent.now_s)

    agent.take(failed)
    assert [frame.ok for frame in agent.sent() if isinstance(frame, Applied)] == [False]
    assert agent.fire(Timer.RECONCILE) == [ef.Try(fetched(a_bundle(6)), good=fetched(a_bundle(5)))]
    agent.take(failed)
    assert agent.sent() == []
    agent.fire(Timer.RECONCILE)
    agent.apply(a_bundle(6))

    assert [frame.ok for frame in agent.sent() if isinstance(frame, Applied)] == [True]


def test_a_bundle_that_came_while_the_one_before_was_tried_again_is_reported_and_saved() -> None:
    agent = a_connected_agent(revision=5)
    agent.hint(6)
    agent.fetch(a_bundle(6))
    agent.take(ev.ApplyFailed(fetched=fetched(a_bundle(6)), error="nft", is_refused=False, at_s=agent.now_s))
    agent.hint(7)
    agent.fire(Timer.RECONCILE)
    assert agent.of(ef.Try) == [ef.Try(fetched(a_bundle(6)), good=fetched(a_bundle(5)))]

    agent.apply(a_bundle(6))
    saved = agent.of(ef.Save)
    agent.fetch(a_bundle(7))
    agent.apply(a_bundle(7))

    assert [*saved, *agent.of(ef.Save)] == [ef.Save(fetched(a_bundle(6))), ef.Save(fetched(a_bundle(7)))]
    assert [(frame.revision, frame.ok) for frame in agent.sent() if isinstance(frame, Applied)] == [(7, True)]


def test_an_agent_that_learns_it_is_a_jump_looks_every_second_from_then_on() -> None:
    agent = a_connected_agent(revision=5)

    agent.apply(a_bundle(6, forward=True))
    assert agent.of(ef.Observe) == [ef.Observe(every_s=1.0)]
    agent.apply(a_bundle(7, forward=True))
    assert agent.of(ef.Observe) == []
