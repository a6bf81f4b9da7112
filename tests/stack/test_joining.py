"""Machines join the deployed stack by a key, and an ephemeral peer whose agent is gone is ended by its own role."""

import json
from datetime import UTC, datetime, timedelta

import boto3
import pytest

from chalicelib.adapters.queues.messages import failover_task_text
from chalicelib.domain.ids import NetworkId, PeerId
from chalicelib.domain.peer.absence import GONE_AFTER, AbsenceCheck
from infra.stack.deploy import environment_of
from infra.stack.local_stack import LocalStack
from tests.stack.client import Operator, a_random_key

pytestmark = pytest.mark.stack


def test_an_ephemeral_peer_that_never_came_is_ended(stack: LocalStack) -> None:
    operator = Operator(stack)
    network = operator.network()
    made = operator.call("POST", f"/networks/{network}/join-keys", {"name": "runners", "ephemeral": True, "uses": 1})
    host = {"hostname": "runner", "os": "linux", "agent_version": "0"}
    keys = {"public_key": a_random_key(), "device_key": a_random_key()}

    joined = operator.call("POST", "/agent/join", {"key": made.json()["secret"], **keys, "host": host}).json()
    again = operator.call("POST", "/agent/join", {"key": made.json()["secret"], **keys, "host": host}).json()
    peer = f"/networks/{network}/peers/{joined['peer_id']}"
    behind = operator.call("PATCH", peer, {"additional_allowed_ips": ["192.168.177.0/24"]})
    since = datetime.now(UTC) - GONE_AFTER - timedelta(seconds=1)
    look_at(stack, AbsenceCheck(NetworkId(network), PeerId(joined["peer_id"]), None, since))

    assert again == joined
    assert behind.status_code == 200, behind.text
    assert operator.call("GET", peer).status_code == 404
    [key] = operator.call("GET", f"/networks/{network}/join-keys").json()["items"]
    assert (key["state"], key["used"]) == ("used_up", 1)
    counts = operator.call("GET", f"/networks/{network}/capacity").json()["ipv4"]
    assert (counts["allocated"], counts["quarantined"]) == (0, 0)


def look_at(stack: LocalStack, check: AbsenceCheck) -> None:
    """As its queue hands it over."""
    assert stack.deployed is not None
    function = stack.deployed.functions["Failover"]
    environment = environment_of(stack.cloud, function)
    session = boto3.Session(
        environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"], region_name="us-east-1"
    )
    records = [{"messageId": "1", "body": failover_task_text(check)}]
    answer = session.client("lambda", endpoint_url=stack.cloud.endpoint).invoke(
        FunctionName=function, Payload=json.dumps({"Records": records}).encode()
    )
    assert json.loads(answer["Payload"].read()) == {"batchItemFailures": []}
