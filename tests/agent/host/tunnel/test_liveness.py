"""Whether a tunnel is alive: what proves it dead, and what never does."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.host.tunnel.liveness import LOOK_EVERY_S, UNPROVED_S, Sample, Target, Watch, look, pace_s

IDLE_S = 25.0
HOME = Target("jmp_1", "10.0.0.1", "203.0.113.1:51820", is_home=True, idle_s=IDLE_S)
OTHER = Target("jmp_2", "10.0.0.2", "203.0.113.2:51820", is_home=False, idle_s=IDLE_S)
TICK_S = LOOK_EVERY_S


@dataclass
class Tunnel:
    """A tunnel that answers or not, looked at ten times a second."""

    target: Target = HOME
    answers: bool = True
    has_way: bool = True
    at_s: float = 100.0
    rx: int = 0
    tx: int = 0
    echoes: list[float] = field(default_factory=list)
    _is_awaited: bool = False

    def __post_init__(self) -> None:
        self.watch = Watch.begin(self.target, self.sample())

    def sample(self, is_answered: bool = False) -> Sample:
        return Sample(self.at_s, self.rx, self.tx, is_answered, self.has_way)

    def tick(self, sends: int = 0, receives: int = 0, after_s: float = TICK_S) -> None:
        self.at_s += after_s
        answered = self._is_awaited and self.answers
        self.tx += sends
        self.rx += receives + answered
        self.watch, is_due = look(self.watch, self.sample(answered))
        self._is_awaited = is_due
        if is_due:
            self.echoes.append(self.at_s)
            self.tx += 1

    def run(self, seconds: float, sends: int = 0, receives: int = 0) -> None:
        for _ in range(round(seconds / TICK_S)):
            self.tick(sends, receives)


def a_proved_tunnel(target: Target = HOME) -> Tunnel:
    tunnel = Tunnel(target)
    tunnel.run(2.0)
    assert tunnel.watch.is_proved
    return tunnel


def test_a_dead_home_under_traffic_is_found_after_three_lost_echoes() -> None:
    tunnel = a_proved_tunnel()
    tunnel.run(1.0, sends=3, receives=3)
    tunnel.answers = False
    died_at_s = tunnel.at_s

    while not tunnel.watch.is_dead:
        tunnel.tick(sends=3)

    assert tunnel.at_s - died_at_s <= 1.0 + 1e-6
    assert len([at_s for at_s in tunnel.echoes if at_s > died_at_s]) == 3


def test_a_dead_home_of_an_idle_peer_is_found_too_but_later() -> None:
    tunnel = a_proved_tunnel()
    tunnel.answers = False

    tunnel.run(IDLE_S - 3)
    early = tunnel.watch.is_dead
    tunnel.run(5)

    assert (early, tunnel.watch.is_dead) == (False, True)


def test_a_dead_home_of_who_only_answers_is_found_when_the_questions_cease() -> None:
    tunnel = a_proved_tunnel()
    tunnel.run(3.0, sends=3, receives=3)
    tunnel.answers = False
    died_at_s = tunnel.at_s

    while not tunnel.watch.is_dead:
        tunnel.tick(after_s=pace_s(tunnel.watch))

    assert tunnel.at_s - died_at_s <= 1.5 + 1e-6
    assert len([at_s for at_s in tunnel.echoes if at_s > died_at_s]) == 4


def test_traffic_that_ceases_costs_one_echo_and_its_answer_no_other() -> None:
    tunnel = a_proved_tunnel()
    tunnel.run(3.0, sends=3, receives=3)
    before = len(tunnel.echoes)

    tunnel.run(IDLE_S - 5)

    assert len(tunnel.echoes) - before == 1


def test_traffic_in_bursts_costs_an_echo_a_second_at_most() -> None:
    tunnel = a_proved_tunnel()
    before = len(tunnel.echoes)
    for _ in range(100):
        tunnel.tick(sends=1, receives=1)
        tunnel.run(0.5)

    assert len(tunnel.echoes) - before <= 60


def test_three_lost_echoes_of_a_tunnel_that_nobody_uses_are_no_death() -> None:
    tunnel = a_proved_tunnel()
    tunnel.run(3.0, sends=3, receives=3)
    tunnel.answers = False
    while tunnel.watch.lost < 3:
        tunnel.tick()

    tunnel.answers = True
    tunnel.run(3.0)

    assert not tunnel.watch.is_dead


def test_traffic_one_way_proves_nothing_while_echoes_come_back() -> None:
    tunnel = a_proved_tunnel()

    tunnel.run(60.0, sends=5)

    assert not tunnel.watch.is_dead


def test_a_first_echo_that_is_lost_is_sent_again_though_traffic_flows() -> None:
    tunnel = Tunnel(answers=False)
    tunnel.run(1.0, sends=3, receives=3)
    tunnel.answers = True

    tunnel.run(3.0, sends=3, receives=3)

    assert tunnel.watch.is_proved


def test_whatever_comes_in_is_a_sign_of_life_though_no_echo_does() -> None:
    tunnel = a_proved_tunnel()
    tunnel.answers = False

    tunnel.run(60.0, sends=5, receives=1)

    assert not tunnel.watch.is_dead


def test_without_a_way_to_the_jump_nothing_is_proved() -> None:
    tunnel = a_proved_tunnel()
    tunnel.answers = tunnel.has_way = False
    tunnel.run(60.0, sends=5)
    gone = tunnel.watch.is_dead

    tunnel.has_way = tunnel.answers = True
    tunnel.run(5.0, sends=5)

    assert (gone, tunnel.watch.is_dead) == (False, False)


def test_a_moment_in_which_nobody_looked_counts_for_nothing() -> None:
    tunnel = a_proved_tunnel()
    tunnel.answers = False
    for _ in range(20):
        tunnel.tick(sends=5)
        if tunnel.watch.lost == 2:
            break
    tunnel.answers = True

    tunnel._is_awaited = False  # its answer came while the host slept
    tunnel.tick(sends=5, after_s=30.0)
    tunnel.run(5.0, sends=5)

    assert not tunnel.watch.is_dead


def test_a_home_that_never_answered_an_echo_is_given_the_time_of_wireguard() -> None:
    tunnel = Tunnel(answers=False)

    tunnel.run(UNPROVED_S - 2, sends=5)
    early = tunnel.watch.is_dead
    tunnel.run(5.0, sends=5)

    assert (early, tunnel.watch.is_dead) == (False, True)


def test_a_dead_home_that_answers_again_is_alive() -> None:
    tunnel = a_proved_tunnel()
    tunnel.answers = False
    tunnel.run(3.0, sends=3)
    assert tunnel.watch.is_dead

    tunnel.answers = True
    tunnel.run(2.0)

    assert not tunnel.watch.is_dead


@pytest.mark.parametrize("rtt_ticks", [3, 5, 8, 14])
def test_a_long_way_there_and_back_is_no_silence(rtt_ticks: int) -> None:
    tunnel = Tunnel(answers=False)
    on_the_way: list[int] = []
    for tick in range(300):
        tunnel.at_s += TICK_S
        tunnel.tx += 2
        back = bool(on_the_way) and on_the_way[0] <= tick
        if back:
            on_the_way.pop(0)
        tunnel.watch, is_due = look(tunnel.watch, tunnel.sample(back))
        if is_due:
            on_the_way.append(tick + rtt_ticks)
        assert not tunnel.watch.is_dead, tick


def test_another_jump_is_asked_each_second_and_found_dead_soon() -> None:
    tunnel = a_proved_tunnel(OTHER)
    before = len(tunnel.echoes)
    tunnel.run(10.0, sends=9, receives=9)  # of others
    asked = len(tunnel.echoes) - before
    tunnel.answers = False
    tunnel.run(2.0, sends=9, receives=9)

    assert 8 <= asked <= 11
    assert tunnel.watch.is_dead


TICKS = st.tuples(st.integers(0, 3), st.integers(0, 3), st.sampled_from([TICK_S, TICK_S, 0.9, 40.0]))


@given(st.lists(TICKS, max_size=200))
def test_a_tunnel_whose_echoes_come_back_is_never_called_dead(steps: list[tuple[int, int, float]]) -> None:
    tunnel = Tunnel()
    for sends, receives, after_s in steps:
        tunnel.tick(sends, receives, after_s)
        assert not tunnel.watch.is_dead
