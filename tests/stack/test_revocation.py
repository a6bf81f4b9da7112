"""On the deployed system a machine whose peer's token was re-issued is let in by no door."""

import pytest

from infra.stack.local_stack import LocalStack
from scripts.bench.revocation import Machine, Operator

pytestmark = pytest.mark.stack


def test_every_door_was_open_and_closes(stack: LocalStack) -> None:
    operator, machine = Operator(stack.info), Machine(stack.info)
    network = operator.network()
    peer = operator.call("POST", f"/networks/{network}/peers", {"kind": "dynamic", "name": "site"})
    machine.come(peer["enrollment_token"])

    machine.stays(lambda: operator.reissue(network, machine.peer_id))
    before = dict(machine.accepted)
    machine.accepted.clear()
    machine.tries_again()

    assert before.keys() == {"its socket", "a new socket", "a heartbeat by REST", "a bundle", "a new session"}
    assert machine.accepted == {}
