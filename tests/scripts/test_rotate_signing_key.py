"""The signing key is rotated by a command, and no second time by mistake."""

import json

import pytest

from scripts.rotate_signing_key import main
from tests.world import World


def test_agents_follow_a_rotation_and_the_same_command_again_does_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    world = World()
    agent = world.agent(world.network(), "dynamic", "site")
    agent.open_session()
    agent.fetch()
    assert main([]) == 0
    before = json.loads(capsys.readouterr().out)

    first, again = main(["--rotate", "1"]), main(["--rotate", "1"])
    said = capsys.readouterr()

    assert (before["number"], first, again) == (1, 0, 1)
    after = json.loads(said.out)
    assert (after["number"], after["current"]) == (2, before["successor"])
    assert "number is 2, not 1" in said.err
    agent.signing_key = before["successor"]
    assert agent.fetch_whole().status == 200  # signed by it
    assert agent.bundle is not None
    assert agent.bundle["next_signing_key"] == after["successor"]
