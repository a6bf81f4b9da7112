"""How the core keeps bundles on the disk."""

from agent.core import effects as ef
from agent.core import events as ev
from agent.core.timers import Timer
from tests.agent.builders import a_bundle, fetched
from tests.agent.core.agents import a_connected_agent


def test_a_bundle_that_could_not_be_saved_is_saved_later() -> None:
    agent = a_connected_agent(revision=5)
    agent.take(ev.SaveFailed(fetched=fetched(a_bundle(5)), error="disk full"))

    assert agent.fire(Timer.SAVE) == [ef.Save(fetched(a_bundle(5)))]
    agent.take(ev.BundleSaved(fetched=fetched(a_bundle(5))))
    assert agent.fire(Timer.SAVE) == []
