"""A key from one pair to the next: in steps, with answers lost, and killed at every point."""

from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from agent.core import effects as ef
from agent.core import events as ev
from agent.core.state import Rotation, State
from agent.core.step import initial, step
from agent.core.timers import Timer
from agent.errors import StateUnusable
from agent.host.results import ApplyResult
from agent.identity.enrollment import Enrollment, Keys
from agent.identity.keys import wireguard_public_key
from chalicelib.wire.agent import KeysKnown
from chalicelib.wire.frames import Welcome
from tests.agent.builders import (
    NETWORK_ID,
    PEER_ID,
    SIGNING_KEY,
    a_bundle,
    a_private_key,
    a_public_key,
    fetched,
    public_text,
)
from tests.agent.core.rotating import ME, NEXT, Accidents, Agent, Disk, Interface, Killed, Server


@pytest.fixture
def agents(tmp_path: Path) -> Callable[[Accidents], Agent]:
    numbers = count()

    def made(accidents: Accidents) -> Agent:
        disk = Disk(tmp_path / str(next(numbers)), accidents)
        disk.lock.hold()
        keys = Keys(private_key=a_private_key("me"), device_key="")
        signing_key = public_text(SIGNING_KEY)
        disk.save_enrollment(
            Enrollment(server="https://x", network_id=NETWORK_ID, peer_id=PEER_ID, signing_key=signing_key, keys=keys)
        )
        server = Server(accidents)
        return Agent(server, disk, Interface(server, keys.private_key))

    return made


Agents = Callable[[Accidents], Agent]


def test_a_key_nobody_asks_about_stays(agents: Agents) -> None:
    agent = agents(Accidents())

    agent.run()

    assert (agent.server.told, agent.server.public_key) == (0, ME)


def test_an_asked_agent_changes_its_key_once(agents: Agents) -> None:
    agent = agents(Accidents())
    agent.server.is_asked = True

    agent.run()

    agent.assert_settled()
    assert agent.server.public_key != ME
    assert len(set(agent.interface.used)) == 2


def test_lost_answers_are_asked_for_again(agents: Agents) -> None:
    agent = agents(Accidents())
    agent.server.is_asked, agent.server.lost_answers = True, 3

    agent.run()

    agent.assert_settled()
    assert agent.server.public_key != ME


def test_killed_at_any_point_it_goes_on_where_it_was(agents: Agents) -> None:
    """Every danger of a whole change, one after the other, until there are no more."""
    kills = 0
    for at in count():
        agent = agents(Accidents(kill_at=at))
        agent.server.is_asked = True
        try:
            agent.run()
        except Killed:
            kills += 1
            agent.run()
        agent.assert_settled()
        assert agent.server.public_key != ME
        if kills <= at:
            break
    assert kills > 10


def test_killed_again_and_again_it_arrives(agents: Agents) -> None:
    accidents = Accidents(kill_at=3)
    agent = agents(accidents)
    agent.server.is_asked = True
    for kill_at in (3, 4, 5, 6, 2, 4, None):
        accidents.kill_at, accidents.passed = kill_at, count()
        try:
            agent.run()
        except Killed:
            continue

    agent.assert_settled()
    assert agent.server.public_key != ME


def test_the_next_key_is_not_used_before_it_is_held(agents: Agents) -> None:
    agent = agents(Accidents())
    agent.server.is_asked, agent.server.held_after = True, 10_000

    agent.run()

    assert set(agent.interface.used) == {ME}
    assert agent.server.staged_key == wireguard_public_key(str(agent.keys.next_private_key))

    agent.server.held_after = 0
    agent.run()
    agent.assert_settled()


def test_a_key_that_is_anothers_is_thrown_away_for_a_new_one(agents: Agents) -> None:
    agent = agents(Accidents())
    keys = Keys(private_key=a_private_key("me"), device_key="", next_private_key=a_private_key("next"))
    agent.disk.save_keys(keys)
    agent.server.others.add(NEXT)

    agent.run()

    agent.assert_settled()
    assert agent.server.public_key not in (ME, NEXT)


def test_an_agent_whose_key_is_nobodys_comes_back_with_another(agents: Agents) -> None:
    agent = agents(Accidents())
    agent.server.public_key = a_public_key("what it was before the backup")
    agent.interface.apply = lambda wanted: ApplyResult(is_changed=True)  # type: ignore[method-assign]

    agent.run()

    agent.assert_settled()


def a_core() -> State:
    """Connected, and runs a bundle that knows its key."""
    state = initial(NETWORK_ID, PEER_ID, "i", keys=Rotation(in_use=ME, due_in_s=1000.0, lifetime_s=5000.0))
    bundle = fetched(a_bundle(peers=[], public_key=ME))
    for event in (
        ev.Started(saved=bundle),
        ev.BundleApplied(fetched=bundle, made=ApplyResult(is_changed=False)),
        ev.SessionOpened(lifetime_s=60.0),
        ev.FrameReceived(socket=1, frame=Welcome(generation=0, wanted=1, heartbeat_interval_s=240)),
    ):
        state, _ = step(state, event)
    return state


def test_an_old_key_is_replaced_without_being_asked() -> None:
    state, effects = step(a_core(), ev.TimerFired(timer=Timer.KEY_AGE))

    assert ef.MakeKey() in effects
    assert state.rotation.is_due


def test_the_age_of_a_key_counts_from_the_disk_and_then_anew() -> None:
    _, first = step(
        initial(NETWORK_ID, PEER_ID, "i", keys=Rotation(in_use=ME, due_in_s=1000.0, lifetime_s=5000.0)),
        ev.Started(saved=None),
    )
    _, again = step(a_core(), ev.KeySwitched(public_key=NEXT))

    ages = [effect for effect in (*first, *again) if isinstance(effect, ef.SetTimer) and effect.timer is Timer.KEY_AGE]
    assert [(age.low_s, age.high_s) for age in ages] == [(950.0, 1050.0), (4750.0, 5250.0)]


def test_a_key_that_is_overdue_waits_a_little_so_that_a_fleet_does_not_come_in_step() -> None:
    state = initial(NETWORK_ID, PEER_ID, "i", keys=Rotation(in_use=ME, due_in_s=-9e9, lifetime_s=5000.0))

    _, effects = step(state, ev.Started(saved=None))

    assert ef.SetTimer(Timer.KEY_AGE, 60.0, 600.0) in effects


def test_a_disk_that_is_full_changes_no_key() -> None:
    failed, effects = step(a_core(), ev.TimerFired(timer=Timer.KEY_AGE))
    failed, effects = step(failed, ev.KeysFailed(status=None, error="full"))

    assert not any(isinstance(effect, ef.MakeKey) for effect in effects)
    assert any(isinstance(effect, ef.SetTimer) and effect.timer is Timer.KEYS for effect in effects)
    _, effects = step(failed, ev.TimerFired(timer=Timer.KEYS))
    assert ef.MakeKey() in effects


def test_without_the_secrets_on_the_disk_the_next_key_waits() -> None:
    staged = fetched(a_bundle(2, peers=[], public_key=ME, staged_key=NEXT))
    state, _ = step(a_core(), ev.KeyMade(next_key=NEXT))
    state, _ = step(state, ev.BundleApplied(fetched=staged, made=ApplyResult(is_changed=False)))
    state, _ = step(state, ev.SaveFailed(fetched=staged, error="full"))
    held = KeysKnown(public_key=ME, staged_key=NEXT, is_held=True)

    state, waits = step(state, ev.KeysTold(known=held))
    _, goes = step(state, ev.BundleSaved(fetched=staged))

    assert ef.SwitchKey(NEXT) not in waits
    assert ef.SwitchKey(NEXT) in goes


def test_a_session_that_is_refused_while_telling_is_opened_anew() -> None:
    state, _ = step(a_core(), ev.KeysFailed(status=401, error="unauthenticated"))

    assert state.link.session.value == "absent"


def test_a_disk_that_cannot_keep_the_switch_leaves_the_old_key_in_use(agents: Agents) -> None:
    agent = agents(Accidents())
    agent.server.is_asked = True
    save, saves = Disk.save_keys, count()

    class Full(Disk):
        def save_keys(self, keys: Keys) -> None:
            if next(saves) == 1:
                raise StateUnusable("full")
            save(self, keys)

    agent.disk = Full(agent.disk.path, agent.server.accidents)
    agent.run()

    agent.assert_settled()
