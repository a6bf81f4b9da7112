"""People sign in through the pool's hosted page, and the deployed API knows what they may do."""

import json

import pytest
import requests
import websocket

from infra.stack.local_stack import LocalStack
from infra.stack.passwords import new_password
from tests.stack.client import Operator
from tests.stack.person import Browser, Pool
from tests.stack.test_browsers import connect

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def operator(stack: LocalStack) -> Operator:
    return Operator(stack)


@pytest.fixture(scope="module")
def tokens(stack: LocalStack) -> dict[str, str]:
    return Browser(stack).sign_in(stack.info["admin_email"], stack.info["admin_password"])


@pytest.mark.parametrize("kind", ["id_token", "access_token"])
def test_the_administrator_signs_in(operator: Operator, tokens: dict[str, str], kind: str) -> None:
    answer = operator.call("GET", "/me", token=tokens[kind])

    me = answer.json()
    assert (answer.status_code, me["kind"], me["role"], me["networks"]) == (200, "user", "administrator", None), me
    assert me["id"].startswith("usr_")
    assert me["id"] == operator.call("GET", "/me", token=tokens["id_token"]).json()["id"]


def test_a_session_goes_on_without_the_page(operator: Operator, tokens: dict[str, str]) -> None:
    renewed = Browser(operator.stack).token(grant_type="refresh_token", refresh_token=tokens["refresh_token"]).json()

    assert operator.call("GET", "/me", token=renewed["id_token"]).status_code == 200


def test_a_person_may_open_a_socket(operator: Operator, tokens: dict[str, str]) -> None:
    assert operator.call("POST", "/ws/tickets", token=tokens["id_token"]).status_code == 201


def test_who_is_in_no_group_stays_outside_until_an_administrator_says_otherwise(operator: Operator) -> None:
    pool, browser, password = Pool(operator.stack), Browser(operator.stack), new_password()
    pool.invite("eve@wirety.local", password)

    refused = operator.call("GET", "/me", token=browser.sign_in("eve@wirety.local", password)["id_token"])
    pool.put_into("wirety-auditor", "eve@wirety.local")
    token = browser.sign_in("eve@wirety.local", password)["id_token"]

    assert (refused.status_code, refused.json()["code"]) == (403, "not_invited")
    assert operator.call("GET", "/me", token=token).json()["role"] == "auditor"
    assert operator.call("POST", "/networks", {"name": "eves", "cidr": "10.99.0.0/24"}, token).status_code == 403


def test_who_is_invited_gets_a_mail_comes_by_it_and_is_cut_off_at_once_when_suspended(operator: Operator) -> None:
    network, email = operator.network(), "ivy@wirety.local"
    body = {"email": "Ivy@Wirety.local", "role": "operator", "networks": [network]}
    made = operator.call("POST", "/users", body)
    assert (made.status_code, made.json()["email"], made.json()["is_mailed"]) == (201, email, True), made.text
    assert operator.call("POST", "/users", body).json()["code"] == "email_in_use"

    token = Browser(operator.stack).sign_in(email, Pool(operator.stack).mailed(email), new_password())["id_token"]
    me = operator.call("GET", "/me", token=token).json()
    assert (me["role"], me["role_source"], me["networks"]) == ("operator", "record", [network])
    socket = connect(operator, operator.call("POST", "/ws/tickets", token=token).json()["ticket"])
    socket.send('{"type": "hello"}')
    assert json.loads(socket.recv())["type"] == "welcome"
    ticket = operator.call("POST", "/ws/tickets", token=token).json()["ticket"]
    people = operator.call("GET", "/users?limit=200").json()["items"]
    [ivy] = [user for user in people if user["email"] == email]
    assert (ivy["state"], ivy["owned_peers"]) == ("active", 0)

    assert operator.call("PATCH", f"/users/{ivy['id']}", {"is_suspended": True}).status_code == 200

    assert operator.call("GET", "/me", token=token).json()["code"] == "suspended"
    assert [json.loads(socket.recv())["type"] for _ in range(2)] == ["account_changed", "bye"]
    with pytest.raises(websocket.WebSocketException):
        socket.recv() or socket.recv()
    with pytest.raises(websocket.WebSocketBadStatusException):
        connect(operator, ticket)
    assert operator.call("DELETE", f"/users/{ivy['id']}").status_code == 204


def test_the_settings_of_the_deployment_are_kept(operator: Operator) -> None:
    before = operator.call("GET", "/settings").json()

    made = operator.call("PUT", "/settings", {"default_role": before["default_role"], "member_peer_limit": 7})

    assert (made.status_code, made.json()["member_peer_limit"]) == (200, 7)


def test_a_wrong_password_signs_nobody_in(stack: LocalStack) -> None:
    with pytest.raises(AssertionError):
        Browser(stack).sign_in(stack.info["admin_email"], "wrong")


def test_a_token_for_another_application_of_the_same_pool_is_refused(operator: Operator) -> None:
    pool, password = Pool(operator.stack), new_password()
    pool.invite("bob@wirety.local", password)
    pool.put_into("wirety-administrator", "bob@wirety.local")
    other = pool.cognito.create_user_pool_client(
        UserPoolId=pool.id, ClientName="other", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"]
    )["UserPoolClient"]["ClientId"]
    answer = pool.cognito.initiate_auth(
        ClientId=other,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "bob@wirety.local", "PASSWORD": password},
    )["AuthenticationResult"]

    for kind in ("IdToken", "AccessToken"):
        assert operator.call("GET", "/me", token=answer[kind]).status_code == 401


def test_a_token_that_was_changed_is_refused(operator: Operator, tokens: dict[str, str]) -> None:
    header, payload, signature = tokens["id_token"].split(".")
    changed = f"{header}.{payload}.{signature[:-8]}AAAAAAAA"

    assert operator.call("GET", "/me", token=changed).status_code == 401


def test_console_and_api_name_the_same_place_to_sign_in(operator: Operator) -> None:
    config = Browser(operator.stack).config
    said = operator.call("GET", "/auth/config").json()

    assert config.keys() == {
        *("product", "api", "sockets"),
        *("issuer", "discovery_url", "client_id", "audience", "scope"),
    }
    assert said == {
        **{name: config[name] for name in ("issuer", "discovery_url", "client_id")},
        "audience": config["audience"] or None,
        "findings": None,
    }
    assert (config["issuer"], config["client_id"]) == (operator.stack.info["issuer"], operator.stack.info["client_id"])


def test_another_origin_gets_no_code(stack: LocalStack) -> None:
    browser = Browser(stack)
    asked = {"client_id": browser.config["client_id"], "redirect_uri": "https://evil.example.com", "scope": "openid"}

    answer = requests.get(
        browser.provider["authorization_endpoint"],
        {**asked, "response_type": "code", "code_challenge": "x" * 43, "code_challenge_method": "S256"},
        allow_redirects=False,
        timeout=30,
    )

    assert answer.status_code == 400


def test_no_token_and_no_password_is_in_a_log(operator: Operator, tokens: dict[str, str]) -> None:
    info = operator.stack.info
    assert operator.call("GET", "/me", token=tokens["id_token"]).status_code == 200

    log = operator.stack.cloud.function_log.read_text()

    assert "/me" in log
    assert [secret for secret in (*tokens.values(), info["admin_password"], info["api_token"]) if secret in log] == []
