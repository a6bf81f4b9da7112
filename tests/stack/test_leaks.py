"""No log of the deployed system holds a secret; and a line that leaks one would be found."""

import base64
import json
import os
from pathlib import Path

import pytest

from infra.stack.local_stack import LocalStack
from tests.leaks import Leaks, logs_of
from tests.stack.client import Operator, SocketAgent, a_random_key

KEY = base64.b64encode(bytes(range(32))).decode()
SECRET = "abcdefghijklmnopqrstuvwxyz0123456789-_ABCDE"
SAID = {
    "an API token": f"Authorization: Bearer wirety_api.ada:tok_1.{SECRET}",
    "a session": json.dumps({"session": f"wirety_agent.dyn_1:ses_1.{SECRET}"}),
    "an enrolment token": json.dumps({"enrollment_token": f"wirety_enroll.net_1:dyn_1.{SECRET}"}),
    "a ticket": f"/ws?ticket=wirety_ticket.usr_1:tkt_1.{SECRET}",
    "a person's token": f"Bearer eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ4In0abc.{SECRET}",
    "a file": json.dumps({"config": f"[Interface]\nPrivateKey = {KEY}\nAddress = 10.0.0.2/32"}),
    "a preshared key": json.dumps({"preshared_key": KEY}),
}


@pytest.mark.parametrize("said", SAID.values(), ids=SAID)
def test_a_line_that_leaks_what_was_said_is_found_and_not_repeated(said: str, tmp_path: Path) -> None:
    leaks, log = Leaks(), tmp_path / "functions.log"
    leaks.hear(said)
    secret = KEY if KEY in said else SECRET

    log.write_text(f'api\t{{"message":"ok"}}\napi\t{{"message":"key={secret}"}}\n')
    with pytest.raises(AssertionError, match=r"functions.log: a .* in line 2") as found:
        leaks.require_none([log])

    assert secret.rstrip("=") not in str(found.value)
    log.write_text('api\t{"message":"ok","peer_id":"dyn_1"}\n')
    leaks.require_none([log])


def test_what_is_public_is_no_leak(tmp_path: Path) -> None:
    leaks, log = Leaks(), tmp_path / "agent.log"
    leaks.hear(json.dumps({"public_key": KEY, "device_key": KEY, "peer_id": "dyn_" + SECRET}))
    log.write_text(KEY + SECRET)

    leaks.require_none([log])


def test_keys_of_a_host_are_read_from_its_disk(tmp_path: Path) -> None:
    leaks, log = Leaks(), tmp_path / "agent.log"
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "keys.json").write_text(json.dumps({"private_key": KEY, "device_key": KEY[::-1]}))
    log.write_text(f"wg set wg0 private-key {KEY}")

    leaks.hear_host(tmp_path / "state")

    with pytest.raises(AssertionError, match="a private key in line 1"):
        leaks.require_none([log])


@pytest.mark.stack
def test_each_secret_that_a_system_makes_is_known_and_would_be_found(
    stack: LocalStack, leaks: Leaks, tmp_path: Path
) -> None:
    operator, agent = Operator(stack), SocketAgent(Operator(stack))
    network = operator.network()
    token = operator.peer(network, kind="jump", name="hub", endpoint="198.51.100.1")["enrollment_token"]
    agent.enroll(token)
    agent.connect()
    operator.peer(network, kind="static", name="phone", public_key=a_random_key())
    bundle = agent.bundle().json()
    file = operator.peer(network, kind="static", name="tablet", generate_key=True)["config"]
    private_key = file.partition("PrivateKey = ")[2].partition("\n")[0]
    ticket = operator.call("POST", "/ws/tickets").json()["ticket"]
    made = (
        *(text.rpartition(".")[2] for text in (stack.info["api_token"], token, agent.session, ticket)),
        *(stack.info["admin_password"], private_key, bundle["peers"][0]["preshared_key"]),
    )

    logs = logs_of(stack.directory)
    assert any(log.stat().st_size for log in logs)
    for secret in made:
        leak = tmp_path / f"{os.urandom(4).hex()}.log"
        leak.write_text(f'wirety-api\t{{"message":"request","body":"x={secret};"}}\n')
        with pytest.raises(AssertionError, match="secrets in logs"):
            leaks.require_none([leak])
    leaks.require_none(logs)
