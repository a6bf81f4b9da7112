"""A test stands where its module does, and whoever changes a decision finds its test by the name of the file.

`tests/domain/peer/test_home.py` is of `chalicelib/domain/peer/home.py`; the agent's are under `tests/agent`, and
those of `infra` and `scripts` under `tests/infra` and `tests/scripts`.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"
WHOLE = {  # of the whole system, or of a whole floor: no code has a room of their name
    "tests/architecture",
    "tests/console",
    "tests/contracts",
    "tests/dataplane",
    "tests/dialects",
    "tests/fleet",
    "tests/flows",
    "tests/stack",
    "tests/traces",
}
DECIDING = ("chalicelib/domain", "chalicelib/application", "agent/core", "agent/host")

ELSEWHERE = {  # modules without a test of their name: by what they are tested
    # values that decide nothing, seen wherever they travel
    "chalicelib/domain/bundle/bundle.py": "tests/domain/bundle/test_snapshot.py",
    "chalicelib/domain/change/change.py": "tests/domain/change/test_audience.py",
    "chalicelib/domain/change/agent_notices.py": "tests/application/push/test_deliveries.py",
    "chalicelib/domain/change/browser_notices.py": "tests/application/push/test_deliveries.py",
    "chalicelib/domain/change/notices.py": "tests/application/push/test_deliveries.py",
    "chalicelib/domain/change/writes.py": "tests/contracts/test_transactions.py",
    "chalicelib/domain/identity/api_token.py": "tests/application/identity/test_api_tokens.py",
    "chalicelib/domain/identity/deployment.py": "tests/contracts/test_accounts.py",
    "chalicelib/domain/identity/doubt.py": "tests/entrypoints/test_sign_in.py",
    "chalicelib/domain/identity/writes.py": "tests/contracts/test_users.py",
    "chalicelib/domain/incident/timeline.py": "tests/domain/incident/test_incident.py",
    "chalicelib/domain/incident/writes.py": "tests/contracts/test_incidents.py",
    "chalicelib/domain/webhook/writes.py": "tests/contracts/test_webhooks.py",
    "chalicelib/domain/network/patch.py": "tests/application/networks/test_networks.py",
    "chalicelib/domain/unset.py": "tests/domain/peer/test_patch.py",
    "agent/core/effects.py": "tests/agent/core/test_step.py",
    "agent/core/events.py": "tests/agent/core/test_step.py",
    "agent/core/state.py": "tests/agent/core/test_step.py",
    "agent/core/timers.py": "tests/agent/core/test_step.py",
    "agent/host/results.py": "tests/agent/commands/test_planning.py",
    "agent/host/tunnel/live.py": "tests/agent/host/tunnel/test_difference.py",
    # refusals, each by who refuses; their sentences together
    "chalicelib/domain/bundle/errors.py": "tests/domain/test_errors.py",
    "chalicelib/domain/change/errors.py": "tests/domain/change/test_replay.py",
    "chalicelib/domain/identity/errors.py": "tests/domain/identity/test_user.py",
    "chalicelib/domain/incident/errors.py": "tests/domain/incident/test_incident.py",
    "chalicelib/domain/webhook/errors.py": "tests/application/notifications/test_hooks.py",
    "chalicelib/domain/network/errors.py": "tests/domain/test_errors.py",
    "chalicelib/domain/peer/errors.py": "tests/domain/test_errors.py",
    # use cases that are one step of a way through the whole control plane
    "chalicelib/application/agents/heartbeats.py": "tests/flows/test_loop.py",
    "chalicelib/application/agents/signing.py": "tests/flows/test_signing_keys.py",
    "chalicelib/application/agents/snapshots.py": "tests/flows/test_torn.py",
    "chalicelib/application/agents/sockets.py": "tests/flows/test_loop.py",
    "chalicelib/application/network_edit.py": "tests/application/networks/test_networks.py",
    "chalicelib/application/peers/allocation.py": "tests/contracts/test_allocation.py",
    "chalicelib/application/peers/new_peer.py": "tests/flows/test_names.py",
    "chalicelib/application/peers/peer_view.py": "tests/application/peers/test_peers.py",
    "chalicelib/application/push/lost_revocations.py": "tests/scripts/test_redrive.py",
    "chalicelib/application/push/replans.py": "tests/scripts/test_redrive.py",
    # lines of nftables: what they do is seen in a kernel, of the whole table
    "agent/host/firewall/judging.py": "tests/agent/host/firewall/test_other_tables.py",
    "agent/host/firewall/passing.py": "tests/agent/host/firewall/test_ruleset.py",
    "agent/host/firewall/routing.py": "tests/agent/adapters/linux/test_forwarding.py",
    "agent/host/firewall/views.py": "tests/agent/host/firewall/test_ruleset.py",
}


def rooms() -> Iterator[str]:
    """Folders of the repository that hold tests, below `tests`."""
    for test in TESTS.rglob("test_*.py"):
        yield str(test.parent.relative_to(ROOT))


def test_tests_stand_in_rooms_of_the_code() -> None:
    lost = {
        room
        for room in rooms()
        if not any(room == whole or room.startswith(f"{whole}/") for whole in WHOLE) and not is_a_room(room)
    }

    assert lost == set()


def is_a_room(room: str) -> bool:
    below = room.removeprefix("tests/")
    return (ROOT / below).is_dir() or (ROOT / "chalicelib" / below).is_dir()


def modules() -> Iterator[str]:
    for floor in DECIDING:
        for module in sorted((ROOT / floor).rglob("*.py")):
            if module.name != "__init__.py":
                yield str(module.relative_to(ROOT))


def own_test(module: str) -> str:
    room, _, name = module.removeprefix("chalicelib/").rpartition("/")
    return f"tests/{room}/test_{name}"


@pytest.mark.parametrize("module", list(modules()))
def test_a_decision_has_a_test_of_its_name(module: str) -> None:
    own, elsewhere = (ROOT / own_test(module)).exists(), ELSEWHERE.get(module)

    assert own or elsewhere, f"{module}: write {own_test(module)}, or say in ELSEWHERE by what it is tested"
    assert not (own and elsewhere), f"{module} has {own_test(module)}: take it out of ELSEWHERE"


@pytest.mark.parametrize(("module", "test"), ELSEWHERE.items())
def test_what_is_tested_elsewhere_is_there(module: str, test: str) -> None:
    assert (ROOT / module).exists()
    assert (ROOT / test).exists()
