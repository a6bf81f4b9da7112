"""The running stack that the demo talks to."""

import pytest

from infra.demo.deployment import Deployment, NotRunning


def test_without_a_stack_the_demo_says_how_to_start_one(tmp_path_factory: pytest.TempPathFactory) -> None:
    nowhere = tmp_path_factory.mktemp("empty") / "wirety.json"

    with pytest.raises(NotRunning, match="make run"):
        Deployment.running(nowhere)
