"""Leaving breaks off anywhere and is gone on with: nothing is lost before it is done."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from agent.errors import LeaveRefused, Outage, PeerDeleted, StateUnusable, ToolFailed
from agent.run.leaving import Departure, Leaving
from tests.agent.builders import a_tombstone

GIVEN_BACK = "net.ipv4.ip_forward is 0 again"
GONE = Departure(settings=(GIVEN_BACK, GIVEN_BACK))


@dataclass
class Scene:
    """`fails`: what each step does once, by its name; `done`: the steps made."""

    fails: dict[str, Exception] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)

    def open_session(self) -> float:
        self._do("session")
        return 60.0

    def leave(self, void_files: bool) -> None:
        self._do("told")

    def remove(self) -> Sequence[str]:
        self._do("down")
        return (GIVEN_BACK,)

    def forget(self) -> None:
        self._do("forgotten")

    def leaving(self) -> Leaving:
        return Leaving(control_plane=self, tunnels=[self, self], files=self)

    def _do(self, step: str) -> None:
        if step in self.fails:
            raise self.fails.pop(step)
        self.done.append(step)


def test_the_control_plane_is_told_first_and_the_files_go_last() -> None:
    scene = Scene()

    assert scene.leaving().leave() == GONE

    assert scene.done == ["session", "told", "down", "down", "forgotten"]


@pytest.mark.parametrize("step", ["session", "told"])
@pytest.mark.parametrize("fault", [Outage("away"), Outage("refused", 401)])
def test_untold_is_undone(step: str, fault: Outage) -> None:
    scene = Scene({step: fault})

    with pytest.raises(Outage):
        scene.leaving().leave()

    assert "down" not in scene.done


def test_a_refusal_is_not_overridden_by_force() -> None:
    scene = Scene({"told": LeaveRefused("files")})

    with pytest.raises(LeaveRefused):
        scene.leaving().leave(is_forced=True)

    assert "down" not in scene.done


@pytest.mark.parametrize("step", ["session", "told"])
def test_by_force_this_host_is_cleaned_up_and_the_reason_is_said(step: str) -> None:
    scene = Scene({step: Outage("no answer")})

    assert scene.leaving().leave(is_forced=True).untold == "no answer"

    assert scene.done[-3:] == ["down", "down", "forgotten"]


def test_the_old_host_of_a_moved_identity_is_cleaned_up_and_tells_nobody() -> None:
    scene = Scene()

    assert scene.leaving().leave(is_local=True) == GONE

    assert scene.done == ["down", "down", "forgotten"]


@pytest.mark.parametrize("step", ["session", "told"])
@pytest.mark.parametrize("gone", [PeerDeleted(a_tombstone()), Outage("410", 410, "peer_left")])
def test_who_left_before_or_is_deleted_needs_not_tell_it(step: str, gone: Exception) -> None:
    scene = Scene({step: gone})

    assert scene.leaving().leave() == GONE

    assert scene.done[-1] == "forgotten"


@pytest.mark.parametrize(("step", "fault"), [("down", ToolFailed("ip")), ("forgotten", StateUnusable("disk"))])
def test_what_broke_off_on_this_host_is_gone_on_with(step: str, fault: Exception) -> None:
    scene = Scene({step: fault})
    with pytest.raises(type(fault)):
        scene.leaving().leave()
    assert "forgotten" not in scene.done

    scene.fails["session"] = Outage("410", 410, "peer_left")  # what it is answered then

    assert scene.leaving().leave() == GONE
    assert scene.done[-1] == "forgotten"
