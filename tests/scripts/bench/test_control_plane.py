"""The control plane is measured; how fast it is, no test asks."""

from collections.abc import Iterator

import pytest

from infra.stack.dynamodb_local import dynamodb_local
from scripts.bench import control_plane

SIZES = (4, 30)


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[str]:
    with dynamodb_local() as url:
        yield url


@pytest.mark.root
@pytest.mark.node
def test_the_control_plane_is_measured_at_every_size(dynamodb: str) -> None:
    said: list[str] = []

    figures = control_plane.measured_on(dynamodb, said.append, SIZES, rounds=1)

    assert said
    assert all(figure.value > 0 for figure in figures)
    assert {bar.name for bar in control_plane.BARS} <= {figure.name for figure in figures}
    for name in ("create_peer_ms", "bundle_regular_ms", "bundle_jump_ms", "bundle_jump_read_ms", "delta_jump_ms"):
        assert [figure.n for figure in figures if figure.name == name] == list(SIZES)
    constant = {"create_peer_requests", "change_audience_requests"}
    assert {(one.name, one.value) for one in figures if one.name in constant} == {
        ("create_peer_requests", 3),  # network, allocations; one transaction
        ("change_audience_requests", 7),  # browsers twice, jumps, sockets of two; wanted, and who they are: see costs
    }
