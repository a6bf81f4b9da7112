"""The deployed control plane: what only real KMS, SQS and streams show."""

import time

import pytest

from infra.stack.local_stack import LocalStack
from tests.stack.client import Operator, SocketAgent, a_random_key

pytestmark = pytest.mark.stack

PATIENCE_S = 60


@pytest.fixture
def operator(stack: LocalStack) -> Operator:
    return Operator(stack)


def enrolled(operator: Operator, network: str, **body: object) -> SocketAgent:
    agent = SocketAgent(operator)
    agent.enroll(operator.peer(network, **body)["enrollment_token"])
    agent.connect()
    return agent


def test_both_ends_of_a_tunnel_derive_one_preshared_key_from_the_sealed_secret(operator: Operator) -> None:
    network = operator.network()
    hub = enrolled(operator, network, kind="jump", name="hub", endpoint="198.51.100.1")
    web = enrolled(operator, network, kind="dynamic", name="web")

    [seen_by_hub], [seen_by_web] = hub.bundle().json()["peers"], web.bundle().json()["peers"]

    assert seen_by_hub["preshared_key"] == seen_by_web["preshared_key"] is not None
    config = operator.call("GET", f"/networks/{network}/peers/{web.peer_id}/config").text
    assert f"PresharedKey = {seen_by_web['preshared_key']}\n" in config


def test_an_address_in_quarantine_is_given_to_who_asks_for_it(operator: Operator) -> None:
    network = operator.network()
    phone = operator.peer(network, kind="static", name="phone", public_key=a_random_key())["peer"]
    assert operator.call("DELETE", f"/networks/{network}/peers/{phone['id']}").status_code == 204

    other = operator.peer(network, kind="static", name="other", public_key=a_random_key(), address=phone["address"])

    assert other["peer"]["address"] == phone["address"]


def test_an_agent_without_a_socket_asks_for_a_reset_by_rest(operator: Operator) -> None:
    network = operator.network()
    hub = enrolled(operator, network, kind="jump", name="hub", endpoint="198.51.100.1")
    web = enrolled(operator, network, kind="dynamic", name="web")
    web.socket.close()

    beat = {"type": "heartbeat", "instance_id": "i", "seq": 1, "generation": 1, "revision": 1, "hash": "x"}
    said = operator.call("POST", "/agent/heartbeat", {**beat, "reset": hub.peer_id}, token=web.session)

    assert said.status_code == 200
    assert hub.frame("reset")["peer_id"] == web.peer_id


def test_a_moved_range_is_told_to_every_agent(operator: Operator) -> None:
    network = operator.network()
    agents = [
        enrolled(operator, network, kind="jump", name="hub", endpoint="198.51.100.1"),
        enrolled(operator, network, kind="dynamic", name="web"),
    ]
    [free] = operator.call("GET", "/ipam/suggestions?base=10.99.0.0/16&peers=254&count=1").json()["items"]

    moved = operator.call("PATCH", f"/networks/{network}", {"cidr": free}).json()

    for agent in agents:
        agent.frame("config_changed", revision=moved["revision"])
        assert agent.bundle().json()["interface"]["addresses"][0].endswith(free.partition("/")[2])


def test_a_forced_delete_ends_agents_and_frees_the_range(operator: Operator) -> None:
    network = operator.network()
    cidr = operator.call("GET", f"/networks/{network}").json()["cidr"]
    hub = enrolled(operator, network, kind="jump", name="hub", endpoint="198.51.100.1")
    phones = [{"kind": "static", "name": f"p{n}", "public_key": a_random_key()} for n in range(30)]
    assert operator.call("POST", f"/networks/{network}/peers/bulk", {"peers": phones}).json()["created"] == 30
    member = operator.call("POST", "/tokens", {"name": "t", "role": "member", "networks": [network]}).json()["secret"]
    own = {"kind": "dynamic", "name": "a member's own"}
    assert operator.call("POST", f"/networks/{network}/peers", own, member).status_code == 201

    assert operator.call("DELETE", f"/networks/{network}?force=true").status_code == 204

    assert operator.call("GET", f"/networks/{network}").status_code == 404
    assert hub.frame("bye")["reason"] == "peer_deleted"
    assert hub.open_session().status_code == 410
    end = time.monotonic() + PATIENCE_S
    while operator.call("POST", "/networks", {"name": network.replace("_", "-"), "cidr": cidr}).status_code != 201:
        assert time.monotonic() < end
        time.sleep(0.5)
