"""Only time awake and with a default route counts against a bundle."""

import pytest

from agent.core.trial_window import Window


@pytest.mark.parametrize(("passed_s", "is_over"), [(59.9, False), (60.0, True)])
def test_a_window_is_over_when_its_time_has_passed(passed_s: float, is_over: bool) -> None:
    assert Window(60.0, looked_at_s=100.0).looked(100.0 + passed_s, has_route=True).is_over == is_over


@pytest.mark.parametrize(
    "looks",
    [
        [(200.0, False)],
        [(100.0, False), (200.0, True)],
        [(110.0, True), (170.0, False), (500.0, True), (549.0, True)],
    ],
    ids=["now", "then", "between"],
)
def test_time_without_a_default_route_at_either_end_does_not_count(looks: list[tuple[float, bool]]) -> None:
    window = Window(60.0, looked_at_s=100.0)
    for at_s, has_route in looks:
        window = window.looked(at_s, has_route)

    assert not window.is_over


def test_time_with_a_route_adds_up_around_time_without() -> None:
    window = Window(60.0, looked_at_s=100.0)
    for at_s, has_route in [(130.0, True), (140.0, False), (500.0, True), (530.0, True)]:
        window = window.looked(at_s, has_route)

    assert window.is_over
