"""The local template differs from that of AWS only in what the emulator needs."""

import copy
import json
from typing import Any

from infra.package import package
from infra.stack.deploy import UNKNOWN_TYPES, local_template

ENDPOINT = "http://127.0.0.1:1"


def the_template() -> dict[str, Any]:
    template: dict[str, Any] = json.loads((package() / "sam.json").read_text())
    return template


def test_every_start_gives_the_stream_another_logical_id_and_the_queue_the_same() -> None:
    first, second = (local_template(the_template(), ENDPOINT, "k")["Resources"] for _ in range(2))

    assert set(first["Plan"]["Properties"]["Events"]) != set(second["Plan"]["Properties"]["Events"])
    assert set(first["Deliver"]["Properties"]["Events"]) == set(second["Deliver"]["Properties"]["Events"])


def test_the_template_of_aws_is_left_as_it_is() -> None:
    template = the_template()
    before = copy.deepcopy(template)

    local_template(template, ENDPOINT, "k")

    assert template == before


def test_sockets_are_answered_at_the_local_address() -> None:
    deliver = local_template(the_template(), ENDPOINT, "k")["Resources"]["Deliver"]["Properties"]

    endpoint = deliver["Environment"]["Variables"]["WEBSOCKET_ENDPOINT"]["Fn::Sub"]
    assert endpoint == ENDPOINT + "/_aws/execute-api/${WebsocketAPI}/ws"


def test_the_pools_discovery_document_is_at_the_local_address_and_another_issuers_where_it_says() -> None:
    variables = [
        template["Resources"]["APIHandler"]["Properties"]["Environment"]["Variables"]
        for template in (the_template(), local_template(the_template(), ENDPOINT, "k"))
    ]

    has_own_pool, own, others = variables[1]["OIDC_DISCOVERY_URL"]["Fn::If"]
    assert (has_own_pool, others) == ("HasOwnPool", variables[0]["OIDC_DISCOVERY_URL"])
    assert own == {"Fn::Sub": ENDPOINT + "/${UserPool}/.well-known/openid-configuration"}


def test_only_the_invited_administrator_is_left_out() -> None:
    template, local = the_template(), local_template(the_template(), ENDPOINT, "k")

    assert template["Resources"].keys() - local["Resources"].keys() == {"FirstAdministrator", "FirstAdministratorIsOne"}


def test_nothing_else_differs() -> None:
    template = the_template()
    local = local_template(template, ENDPOINT, "k")

    for name, resource in template["Resources"].items():
        if resource["Type"] not in ("AWS::Serverless::Function", "AWS::ApiGatewayV2::Integration", *UNKNOWN_TYPES):
            assert local["Resources"][name] == resource
    assert {key: value for key, value in local.items() if key != "Resources"} == {
        key: value for key, value in template.items() if key != "Resources"
    }
