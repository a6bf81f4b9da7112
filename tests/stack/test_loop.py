"""The deployed template, from outside: change → stream → queue → socket → fetch."""

import contextlib
import json
import socket
import time
from typing import Any

import boto3
import pytest
import requests
import websocket

from chalicelib.wire.codec import decode
from chalicelib.wire.delta import Delta, patched
from infra.stack.deploy import environment_of
from infra.stack.local_stack import LocalStack
from tests.stack.client import Operator, SocketAgent, a_random_key
from tests.stack.person import Browser

pytestmark = pytest.mark.stack


@pytest.fixture
def operator(stack: LocalStack) -> Operator:
    return Operator(stack)


@pytest.fixture
def hub(operator: Operator) -> SocketAgent:
    """A jump peer's agent, connected, in a network of its own."""
    network = operator.network()
    agent = SocketAgent(operator)
    agent.enroll(operator.peer(network, kind="jump", name="hub", endpoint="198.51.100.1")["enrollment_token"])
    welcome = agent.connect()
    assert welcome["type"] == "welcome"
    return agent


def phone(operator: Operator, network: str, name: str = "phone") -> Any:
    return operator.peer(network, kind="static", name=name, public_key=a_random_key())


def test_a_change_reaches_the_agent_and_its_bundle(operator: Operator, hub: SocketAgent) -> None:
    before = hub.bundle().json()

    made = phone(operator, hub.network_id)

    hint = hub.frame("config_changed", revision=made["peer"]["revision"])
    assert hint["network_id"] == hub.network_id
    after = patched(before, decode(hub.bundle(since=before["revision"]).content, Delta))
    assert after["revision"] >= hint["revision"]
    assert [peer["allowed_ips"] for peer in after["peers"]] == [[made["peer"]["address"] + "/32"]]
    assert hub.bundle(since=after["revision"]).status_code == 304


def test_a_heartbeat_is_answered_with_what_is_wanted(operator: Operator, hub: SocketAgent) -> None:
    beat = {"type": "heartbeat", "instance_id": "i", "seq": 7, "generation": 1, "revision": 1, "hash": "x"}

    ack = hub.ask(beat, "ack")

    assert (ack["type"], ack["seq"]) == ("ack", 7)
    assert ack["wanted"] == hub.bundle().json()["revision"]
    by_rest = operator.call("POST", "/agent/heartbeat", {**beat, "seq": 8}, token=hub.session).json()
    assert (by_rest["seq"], by_rest["wanted"]) == (8, ack["wanted"])
    peer = operator.call("GET", f"/networks/{hub.network_id}/peers/{hub.peer_id}").json()
    assert peer["status"] == "online"


def test_a_report_is_counted_as_proof_of_its_change(operator: Operator, hub: SocketAgent) -> None:
    revision = phone(operator, hub.network_id)["peer"]["revision"]
    hub.frame("config_changed", revision=revision)
    changes = f"/networks/{hub.network_id}/changes"
    assert operator.call("GET", f"{changes}/{revision}/missing").json()["peer_ids"] == [hub.peer_id]

    said = {"type": "applied", "generation": 1, "revision": revision, "hash": "h", "ok": True, "ms": 1}
    hub.socket.send(json.dumps(said))

    def counted() -> tuple[int, int]:
        [item] = [one for one in operator.call("GET", changes).json()["items"] if one["revision"] == revision]
        return item["applied"]["applied"], item["applied"]["agents"]

    end = time.monotonic() + 15
    while counted() != (1, 1):
        assert time.monotonic() < end
        time.sleep(0.2)
    assert operator.call("GET", f"{changes}/{revision}/missing").json()["peer_ids"] == []


def test_a_word_on_preshared_keys_is_taken_and_told(operator: Operator, hub: SocketAgent) -> None:
    renewed = operator.call("POST", f"/networks/{hub.network_id}/rotate-psk").json()["revision"]
    hub.frame("config_changed", revision=renewed)
    interface = hub.bundle().json()["interface"]

    said = {"public_key": interface["public_key"], "psk_epoch": interface["psk_epoch"]}
    assert operator.call("POST", "/agent/keys", said, token=hub.session).status_code == 200

    hub.frame("config_changed", revision=renewed + 1)
    assert hub.bundle().json()["interface"]["psk_held"] == interface["psk_epoch"] > interface["psk_held"]


def test_a_closed_socket_shows_the_agent_offline(operator: Operator, hub: SocketAgent) -> None:
    hub.socket.close()

    end = time.monotonic() + 15
    while operator.call("GET", f"/networks/{hub.network_id}/peers/{hub.peer_id}").json()["status"] != "offline":
        assert time.monotonic() < end
        time.sleep(0.2)


def test_a_deleted_peer_gets_the_hint_then_goodbye_then_its_tombstone(operator: Operator, hub: SocketAgent) -> None:
    deleted = operator.call("GET", f"/networks/{hub.network_id}").json()["revision"] + 1
    assert operator.call("DELETE", f"/networks/{hub.network_id}/peers/{hub.peer_id}").status_code == 204

    assert hub.frame("config_changed", revision=deleted)["network_id"] == hub.network_id
    assert hub.frame("bye")["reason"] == "peer_deleted"
    gone = hub.open_session()
    assert (gone.status_code, gone.json()["code"]) == (410, "peer_deleted")
    assert gone.json()["tombstone"]["peer_id"] == hub.peer_id


@pytest.mark.parametrize("header", [[], ["Authorization: Bearer wirety_agent.dyn_1:ses_1.secret"]])
def test_without_a_session_the_upgrade_is_refused(stack: LocalStack, header: list[str]) -> None:
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        websocket.create_connection(stack.info["ws_url"], header=header, timeout=15)

    assert refused.value.status_code in (401, 403)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "not_found"),
        ("GET", "/networks/net_none", 404, "network_not_found"),
        ("PUT", "/networks", 405, "method_not_allowed"),
        ("POST", "/networks", 422, "invalid"),
    ],
)
def test_every_error_is_a_problem(operator: Operator, method: str, path: str, status: int, code: str) -> None:
    answer = operator.call(method, path, body={} if method == "POST" else None)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("token", ["x", "wirety_api.tok_none.secret"])
def test_a_wrong_token_is_a_401(operator: Operator, token: str) -> None:
    answer = operator.call("GET", "/me", token=token)

    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


def test_an_oversized_body_is_a_413(operator: Operator, stack: LocalStack) -> None:
    headers = {"Authorization": f"Bearer {stack.info['api_token']}"}

    answer = requests.post(stack.info["api_url"] + "/networks", data=b" " * 300_000, headers=headers, timeout=30)

    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


def test_the_origin_serves_its_page_and_config(stack: LocalStack) -> None:
    page = requests.get(stack.info["origin"] + "/", timeout=30)
    config = requests.get(stack.info["origin"] + "/config.json", timeout=30).json()

    assert page.headers["Content-Type"].startswith("text/html")
    assert "script-src 'self';" in page.headers["Content-Security-Policy"]
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert all(isinstance(value, str) for value in config.values())


def test_a_viewer_cannot_say_who_it_is(operator: Operator, stack: LocalStack) -> None:
    network = operator.network()
    token = operator.peer(network, kind="jump", name="hub")["enrollment_token"]
    host = {"hostname": "h", "os": "linux", "agent_version": "0"}
    body = {"token": token, "public_key": a_random_key(), "device_key": a_random_key(), "host": host}
    forged = {"CloudFront-Viewer-Address": "198.51.100.66:1"}

    requests.post(stack.info["api_url"] + "/agent/enroll", json=body, headers=forged, timeout=30)

    peer = operator.call("GET", f"/networks/{network}/peers").json()["items"][0]
    assert (peer["endpoint"], peer["endpoint_guessed"]) == (None, False)  # it came by loopback: nobody could reach that


def test_poison_goes_whole_to_the_dead_letter_queue(stack: LocalStack) -> None:
    assert stack.deployed is not None
    environment = environment_of(stack.cloud, stack.deployed.functions["Plan"])
    keys = {"network_id": {"S": "net_poison"}, "item": {"S": "000000000009"}}
    record = {"dynamodb": {"SequenceNumber": "1", "Keys": keys, "NewImage": {**keys, "type": {"S": "change"}}}}
    session = boto3.Session(
        environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"], region_name="us-east-1"
    )

    answer = session.client("lambda", endpoint_url=stack.cloud.endpoint).invoke(
        FunctionName=stack.deployed.functions["Plan"], Payload=json.dumps({"Records": [record]}).encode()
    )

    assert json.loads(answer["Payload"].read()) == {"batchItemFailures": []}
    letters = session.client("sqs", endpoint_url=stack.cloud.endpoint).receive_message(
        QueueUrl=environment["PLAN_DEAD_LETTER_QUEUE_URL"], WaitTimeSeconds=10
    )
    assert json.loads(letters["Messages"][0]["Body"])["record"] == record


def test_the_system_listens_on_loopback_alone(stack: LocalStack) -> None:
    for port in (stack.port, stack.cloud.port):
        with contextlib.closing(socket.socket()) as probe:
            assert probe.connect_ex(("127.0.0.1", port)) == 0
        with contextlib.closing(socket.socket()) as elsewhere:
            elsewhere.bind(("127.0.0.2", port))  # free: nobody holds every address


def test_a_stop_keeps_everything_and_later_changes_still_arrive(operator: Operator, hub: SocketAgent) -> None:
    stack = operator.stack
    before = operator.call("GET", f"/networks/{hub.network_id}/peers").json()["items"]
    kept = {name: stack.info[name] for name in ("api_token", "issuer", "client_id", "admin_password")}
    hub.socket.close()

    stack.restart()

    assert {name: stack.info[name] for name in kept} == kept
    person = Browser(stack).sign_in(stack.info["admin_email"], kept["admin_password"])
    assert operator.call("GET", "/me", token=person["id_token"]).json()["role"] == "administrator"
    after = operator.call("GET", f"/networks/{hub.network_id}/peers").json()["items"]
    assert [peer["id"] for peer in after] == [peer["id"] for peer in before]
    assert hub.connect()["type"] == "welcome"
    made = phone(operator, hub.network_id, "after the restart")
    assert hub.frame("config_changed", revision=made["peer"]["revision"])["network_id"] == hub.network_id
