"""Requests that do not fit get a problem that says what to do."""

import json
from collections import defaultdict
from typing import Any

import pytest

from app import app
from chalicelib.bootstrap.container import Container, install
from chalicelib.domain.identity.errors import IdentityProviderUnreachable
from chalicelib.domain.identity.principal import Role
from chalicelib.domain.identity.user import Claims
from chalicelib.entrypoints.rest.routing import handling
from chalicelib.entrypoints.rest.routing.operation import OPERATIONS, Agents, Anybody, Operation, People
from chalicelib.entrypoints.rest.routing.route import METHODS
from chalicelib.settings import settings_from
from chalicelib.wire.problem import CONTENT_TYPE
from tests.builders import a_key
from tests.rest_function import Answer
from tests.world import HOST, World


@pytest.fixture
def world() -> World:
    return World()


def is_problem(answer: Answer, status: int, code: str) -> bool:
    body = answer.json
    return (
        (answer.status, body["status"], body["code"]) == (status, status, code)
        and answer.headers["Content-Type"] == CONTENT_TYPE
        and bool(body["detail"])
    )


def test_health_asks_for_nothing(world: World) -> None:
    assert world.api("GET", "/health", token="none").json == {"status": "ok", "version": "0.1.0"}


def test_me_says_who_asks(world: World) -> None:
    me = world.api("GET", "/me").json

    assert (me["kind"], me["name"], me["role"], me["networks"]) == ("api_token", "test", "administrator", None)


@pytest.mark.parametrize("path", ["/nothing", "/networks/n/peers/p/q/r", "/"])
def test_an_unknown_route_is_a_problem(world: World, path: str) -> None:
    assert is_problem(world.api("GET", path), 404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/networks", "GET, HEAD, POST"),
        ("OPTIONS", "/networks", "GET, HEAD, POST"),
        ("HEAD", "/agent/enroll", "POST"),
        ("OPTIONS", "/agent/enroll", "POST"),
    ],
)
def test_a_method_a_resource_does_not_take_is_a_problem(world: World, method: str, path: str, allowed: str) -> None:
    answer = world.api(method, path)

    assert (answer.status, answer.headers["Allow"]) == (405, allowed)
    assert answer.headers["Content-Type"] == CONTENT_TYPE
    assert method == "HEAD" or is_problem(answer, 405, "method_not_allowed")


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"])
def test_an_unknown_path_is_a_problem_by_any_method(world: World, method: str) -> None:
    answer = world.api(method, "/nothing/here")

    assert (answer.status, answer.headers["Content-Type"]) == (404, CONTENT_TYPE)
    assert (answer.text == "") is (method == "HEAD")


def test_the_root_is_no_gap() -> None:
    assert set(app.routes["/"]) == set(app.routes["/{proxy+}"]) == {*METHODS}


@pytest.mark.parametrize(
    "operation", [one for one in OPERATIONS if one.method == "GET"], ids=lambda operation: str(operation.path)
)
def test_head_is_get_without_the_body(world: World, operation: Operation) -> None:
    agent = world.agent(world.network(), "jump", "hub")
    agent.open_session()
    path = operation.path.replace("{network_id}", agent.network_id).replace("{peer_id}", agent.peer_id)
    token = agent.session if isinstance(operation.access, Agents) else world.token

    got, head = world.api("GET", path, token=token), world.api("HEAD", path, token=token)

    assert (head.status, head.headers, head.text) == (got.status, got.headers, "")
    assert world.api("HEAD", path, token="none").status == world.api("GET", path, token="none").status


@pytest.mark.parametrize(
    "operation", [one for one in OPERATIONS if one.method == "GET"], ids=lambda operation: str(operation.path)
)
def test_a_get_writes_nothing(world: World, operation: Operation) -> None:
    network = world.network()
    world.api("POST", f"/networks/{network}/peers", {"kind": "static", "name": "phone", "public_key": a_key("phone")})
    agent = world.agent(network, "jump", "hub")
    agent.open_session()
    phone = world.peers(network)["phone"]["id"]
    user = world.api("POST", "/users", {"email": "ana@example.com", "role": "member"}).json
    token = agent.session if isinstance(operation.access, Agents) else world.token
    before = world.outside.tables.snapshot()

    for peer in (agent.peer_id, phone):
        ids = {"network_id": network, "peer_id": peer, "revision": 3, "token_id": "tok_a_b", "user_id": user["id"]}
        path = operation.path.format_map(ids)
        assert world.api("GET", path, token=token).status in (200, 409)

    assert world.outside.tables.snapshot() == before


@pytest.mark.parametrize("secret", ["", "origi", "originn", "ORIGIN", "öriginé", ",", "origin,former"])
@pytest.mark.parametrize("path", ["/health", "/networks", "/agent/bundle", "/nothing"])
def test_who_does_not_come_by_the_one_origin_is_refused_unseen(world: World, path: str, secret: str) -> None:
    install(Container(world.container.settings, Unasked()))  # type: ignore[arg-type]

    answer = world.api("GET", path, headers={"x-origin-secret": secret})

    assert is_problem(answer, 403, "wrong_origin")


class Unasked:
    """An outside of which nobody may take anything."""

    def __getattr__(self, name: str) -> object:
        raise AssertionError(f"{name} was asked")


def test_without_a_secret_nobody_is_let_in(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world.container, "settings", settings_from({"ORIGIN_SECRETS": ","}))

    assert is_problem(world.api("GET", "/health", headers={"x-origin-secret": ""}), 403, "wrong_origin")


def test_a_secret_counts_until_the_cdn_has_the_next(world: World) -> None:
    assert world.api("GET", "/me", headers={"x-origin-secret": "former"}).status == 200


@pytest.mark.parametrize(
    ("said", "fits"),
    [
        ("*", True),
        ('"{r}"', True),
        ('W/"{r}"', True),
        ('"x", "{r}"', True),
        ('"9999" , W/"{r}","x"', True),
        ('"9999"', False),
        ('"9999", "x"', False),
        ("{r}", False),
        ("", False),
        ('"*"', False),
    ],
)
def test_if_match_takes_lists_and_weak_tags_and_any(world: World, said: str, fits: bool) -> None:
    network = world.network()
    path = f"/networks/{network}/peers"
    peer = world.api("POST", path, {"kind": "dynamic", "name": "x"}).json["peer"]
    conditions = {
        f"{path}/{peer['id']}": {"name": "y"},
        f"/networks/{network}": {"name": "renamed"},
    }

    for target, body in conditions.items():
        tag = world.api("GET", target).headers["ETag"].strip('"')
        answer = world.api("PATCH", target, body, headers={"if-match": said.format(r=tag)})
        assert answer.status == 200 if fits else is_problem(answer, 412, "stale")
    tag = world.api("GET", f"/networks/{network}/acl").headers["ETag"].strip('"')
    answer = world.api("PUT", f"/networks/{network}/acl", {"rules": []}, headers={"if-match": said.format(r=tag)})
    assert answer.status == 200 if fits else is_problem(answer, 412, "stale")
    tag = world.api("GET", f"{path}/{peer['id']}").headers["ETag"].strip('"')
    assert world.api("DELETE", f"{path}/{peer['id']}", headers={"if-match": said.format(r=tag)}).status == (
        204 if fits else 412
    )


@pytest.mark.parametrize("raw", ["", "{", "\x00", '{"name": "a"'])
def test_what_is_not_json_is_a_400(world: World, raw: str) -> None:
    assert is_problem(world.api("POST", "/networks", raw=raw), 400, "not_json")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "lab"}, "cidr"),
        ({"name": "lab", "cidr": 7}, "cidr"),
        ({"name": "lab", "cidr": "10.0.0.0/24", "color": "red"}, "color"),
        ({"name": "Lab", "cidr": "10.0.0.0/24"}, "name"),
        ({"name": "lab", "cidr": "10.0.0.1/24"}, "cidr"),
        ({"name": "lab", "cidr": "10.0.0.0/24", "dns": ["9.9.9.9", "x"]}, "dns[1]"),
        ({"name": "lab", "cidr": "10.0.0.0/24", "domain": "a b"}, "domain"),
        ({"name": "lab", "cidr": "10.0.0.0/24", "cidr_v6": "2001:db8::/64"}, "cidr_v6"),
        ([], ""),
    ],
)
def test_a_field_that_does_not_fit_is_named(world: World, body: Any, field: str) -> None:
    answer = world.api("POST", "/networks", body)

    assert is_problem(answer, 422, "invalid")
    assert [error["field"] for error in answer.json["errors"]] == [field]
    assert world.outside.tables.networks == {}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "server", "name": "x"}, "kind"),
        ({"name": "x"}, "kind"),
        ({"kind": "jump", "name": "x", "endpoint": "host:1"}, "endpoint"),
        ({"kind": "jump", "name": "x", "listen_port": 0}, "listen_port"),
        ({"kind": "jump", "name": "x", "listen_port": 65536}, "listen_port"),
        ({"kind": "jump", "name": "x", "published_port": 0}, "published_port"),
        ({"kind": "dynamic", "name": "x", "published_port": 443}, "published_port"),
        ({"kind": "static", "name": "x", "public_key": a_key(), "published_port": 443}, "published_port"),
        ({"kind": "jump", "name": "x", "routed_cidrs": ["192.168.1.0/24"]}, "routed_cidrs[0]"),
        ({"kind": "jump", "name": "x", "is_isolated": True}, "is_isolated"),
        ({"kind": "dynamic", "name": "x", "tags": ["Web"]}, "tags[0]"),
        (
            {"kind": "dynamic", "name": "x", "additional_allowed_ips": ["fd09::%x\n[Interface]\nPostUp = id/64"]},
            "additional_allowed_ips[0]",
        ),
        ({"kind": "jump", "name": "x", "endpoint": "fe80::1%x\nPostUp = id"}, "endpoint"),
        ({"kind": "static", "name": "x", "public_key": a_key(), "dns": ["fe80::1%x\nPostUp = id"]}, "dns[0]"),
        ({"kind": "dynamic", "name": "x", "metadata": {str(n): "" for n in range(17)}}, "metadata"),
        ({"kind": "dynamic", "name": "x", "owner_id": "ana"}, "owner_id"),
        ({"kind": "dynamic", "name": "x", "preferred_jump_id": "jmp_none"}, "preferred_jump_id"),
        ({"kind": "static", "name": "x", "public_key": a_key(), "dns": ["lab.internal"]}, "dns"),
        ({"kind": "static", "name": "x", "public_key": a_key(), "dns": ["9.9.9.9", "Lab"]}, "dns[1]"),
        ({"kind": "static", "name": "x", "public_key": a_key(), "dns": ["9.9.9.9"] * 5}, "dns"),
        ({"kind": "static", "name": "x", "public_key": a_key(), "dns": ["9.9.9.9", *"abcde"]}, "dns"),
        ({"kind": "dynamic", "name": "x", "dns": ["9.9.9.9", "lab.internal"]}, "dns"),
        ({"kind": "dynamic", "name": "x", "public_key": a_key()}, "public_key"),
        ({"kind": "dynamic", "name": "x\nPostUp = id"}, "name"),
        ({"kind": "dynamic", "name": "x", "mtu": 575}, "mtu"),
        ({"kind": "dynamic", "name": "x", "persistent_keepalive": 65536}, "persistent_keepalive"),
        ({"kind": "dynamic", "name": "x", "address": "10.1.0.1"}, "address"),
        ({"kind": "dynamic", "name": "x", "additional_allowed_ips": ["0.0.0.0/0"]}, "additional_allowed_ips[0]"),
        ({"kind": "dynamic", "name": "x", "additional_allowed_ips": ["192.168.1.1/24"]}, "additional_allowed_ips[0]"),
        ({"kind": "static", "name": "x"}, "public_key"),
        ({"kind": "static", "name": "x", "public_key": a_key(), "generate_key": True}, "public_key"),
        ({"kind": "static", "name": "x", "public_key": "short"}, "public_key"),
    ],
)
def test_a_peer_that_does_not_fit_is_refused_whole(world: World, body: dict[str, object], field: str) -> None:
    answer = world.api("POST", f"/networks/{world.network()}/peers", body)

    assert is_problem(answer, 422, "invalid")
    assert field in answer.json["errors"][0]["field"] or field in answer.json["detail"]
    assert world.outside.tables.peers == {}
    assert world.outside.tables.allocations == {}


def test_a_body_over_256_kib_is_refused(world: World) -> None:
    fits = json.dumps({"name": "lab", "cidr": "10.0.0.0/24"})

    assert world.api("POST", "/networks", raw=fits + " " * (256 * 1024 - len(fits))).status == 201
    assert is_problem(world.api("POST", "/networks", raw=fits + " " * (256 * 1024)), 413, "body_too_large")


@pytest.mark.parametrize("limit", ["0", "201", "x", "-1"])
def test_a_limit_that_does_not_fit_is_refused(world: World, limit: str) -> None:
    assert is_problem(world.api("GET", f"/networks?limit={limit}"), 422, "invalid")


def test_lists_are_read_page_by_page(world: World) -> None:
    made = [world.network(f"n{n}", f"10.{n}.0.0/24") for n in range(5)]

    first = world.api("GET", "/networks?limit=3").json
    second = world.api("GET", f"/networks?limit=3&cursor={first['next_cursor']}").json

    assert [network["id"] for network in first["items"] + second["items"]] == made
    assert second["next_cursor"] is None


def test_a_network_with_peers_is_not_deleted(world: World) -> None:
    network = world.network()
    peer = world.api("POST", f"/networks/{network}/peers", {"kind": "dynamic", "name": "x"}).json["peer"]

    assert is_problem(world.api("DELETE", f"/networks/{network}"), 409, "network_not_empty")
    assert world.api("DELETE", f"/networks/{network}/peers/{peer['id']}").status == 204
    assert world.api("DELETE", f"/networks/{network}").status == 204
    assert is_problem(world.api("GET", f"/networks/{network}"), 404, "network_not_found")
    assert world.network() != network


def test_the_last_jump_of_a_network_with_peers_stays(world: World) -> None:
    network = world.network()
    hub = world.agent(network, "jump", "hub")
    world.agent(network, "dynamic", "left")

    assert is_problem(world.api("DELETE", f"/networks/{network}/peers/{hub.peer_id}"), 409, "last_jump")


def test_a_jump_that_files_name_stays(world: World) -> None:
    network = world.network()
    hub = world.agent(network, "jump", "hub")
    world.agent(network, "jump", "spare", endpoint="198.51.100.2")
    world.api("POST", f"/networks/{network}/peers", {"kind": "static", "name": "phone", "public_key": a_key("phone")})

    answer = world.api("DELETE", f"/networks/{network}/peers/{hub.peer_id}")

    assert is_problem(answer, 409, "jump_in_use")
    assert "phone" in answer.json["detail"]


def test_a_complete_file_is_given_once_and_never_kept(world: World) -> None:
    network = world.network()
    path = f"/networks/{network}/peers"
    early = world.api("POST", path, {"kind": "static", "name": "phone", "generate_key": True})
    assert is_problem(early, 409, "jump_not_ready")
    world.agent(network, "jump", "hub")

    made = world.api("POST", path, {"kind": "static", "name": "phone", "generate_key": True}).json
    shown = world.api("GET", f"{path}/{made['peer']['id']}/config")

    private_key = next(line for line in made["config"].splitlines() if line.startswith("PrivateKey")).split(" = ")[1]
    assert shown.headers["Content-Type"].startswith("text/plain")
    assert shown.text == made["config"].replace(f"PrivateKey = {private_key}\n", "")
    assert private_key not in repr(world.outside.tables)


def test_a_config_waits_for_its_keys(world: World) -> None:
    network = world.network()
    path = f"/networks/{network}/peers"
    pending = world.api("POST", path, {"kind": "dynamic", "name": "x"}).json["peer"]["id"]
    phone = world.api("POST", path, {"kind": "static", "name": "phone", "public_key": a_key("phone")}).json

    assert phone["config"] is None
    assert is_problem(world.api("GET", f"{path}/{pending}/config"), 409, "peer_not_enrolled")
    assert is_problem(world.api("GET", f"{path}/{phone['peer']['id']}/config"), 409, "jump_not_ready")


def test_a_lan_that_would_swallow_a_jumps_endpoint_is_refused(world: World) -> None:
    network = world.network()
    world.agent(network, "jump", "hub", endpoint="192.168.7.9")
    body = {"kind": "dynamic", "name": "x", "additional_allowed_ips": ["192.168.7.0/24"]}

    assert is_problem(world.api("POST", f"/networks/{network}/peers", body), 409, "cidr_in_use")


def test_what_nobody_foresaw_is_counted_and_a_problem_without_details(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise RuntimeError("hunter2")

    counted: list[str] = []
    monkeypatch.setattr(handling, "count", lambda metric, **_: counted.append(metric))
    assert is_problem(world.api("GET", "/networks/net_00000000000000000000000000"), 404, "network_not_found")
    monkeypatch.setattr(world.outside.networks, "ids", broken)

    answer = world.api("GET", "/networks")

    assert is_problem(answer, 500, "internal")
    assert "hunter2" not in answer.text
    assert counted == ["RequestFailed"]


@pytest.mark.parametrize(
    ("viewer", "source"),
    [("198.51.100.7:4711", "198.51.100.7"), ("2001:db8::1:4711", "2001:db8::1"), ("", None)],
    ids=["IPv4", "IPv6", "the CDN does not say"],
)
def test_the_callers_address_is_the_one_that_the_cdn_wrote(world: World, viewer: str, source: str | None) -> None:
    path = f"/networks/{world.network()}/peers"
    made = world.api("POST", path, {"kind": "jump", "name": "hub"}).json
    body = {"token": made["enrollment_token"], "public_key": a_key("x"), "device_key": a_key("y"), "host": HOST}

    world.api("POST", "/agent/enroll", body, headers={"cloudfront-viewer-address": viewer})

    assert world.api("GET", f"{path}/{made['peer']['id']}").json["endpoint"] == source  # guessed


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: f"{operation.method} {operation.path}")
def test_who_was_not_invited_gets_past_no_door(world: World, operation: Operation) -> None:
    path = operation.path.format_map(defaultdict(lambda: "net_1"))

    status = world.api(operation.method, path, body={}, token=world.person("eve", None)).status

    match operation.access:
        case Anybody():
            assert status not in (401, 403)
        case Agents():
            assert status == 401
        case People():
            assert status == 403


def test_a_token_for_one_network_sees_no_other(world: World) -> None:
    mine, other = world.network("mine", "10.0.0.0/24"), world.network("other", "10.1.0.0/24")
    token = world.container.api_tokens.create_for_deployment("t", Role.OPERATOR, [mine]).text()  # type: ignore[list-item]

    assert [n["id"] for n in world.api("GET", "/networks", token=token).json["items"]] == [mine]
    for method, path in [("GET", ""), ("DELETE", ""), ("GET", "/peers"), ("POST", "/peers"), ("GET", "/peers/dyn_1")]:
        body = {"kind": "dynamic", "name": "x"} if method == "POST" else None
        assert is_problem(world.api(method, f"/networks/{other}{path}", body, token), 404, "network_not_found")
    assert world.api("POST", "/networks", {"name": "x", "cidr": "10.9.0.0/24"}, token).status == 403


@pytest.mark.parametrize("role", list(Role))
def test_a_person_may_what_their_role_may(world: World, role: Role) -> None:
    token = world.person("ana", role)

    me = world.api("GET", "/me", token=token).json
    made = world.api("POST", "/networks", {"name": "lab", "cidr": "10.0.0.0/24"}, token)

    assert (me["kind"], me["name"], me["role"]) == ("user", "ana", role.value)
    assert me["id"].startswith("usr_")
    assert me["networks"] == ([] if role is Role.MEMBER else None)
    assert (made.status == 201) is (role in (Role.ADMINISTRATOR, Role.OPERATOR))


def test_a_person_nobody_invited_is_told_whom_to_ask_and_leaves_no_trace(world: World) -> None:
    answer = world.api("GET", "/me", token=world.person("eve", None))

    assert is_problem(answer, 403, "not_invited")
    assert "administrator" in answer.json["detail"]
    assert world.outside.tables.users == {}


def test_a_provider_that_cannot_be_reached_is_a_503_with_a_time_to_come_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(_token: str) -> Claims:
        raise IdentityProviderUnreachable

    monkeypatch.setattr(world.outside.identities, "verify", unreachable)
    answer = world.api("GET", "/me", token="a.b.c")

    assert is_problem(answer, 503, "identity_provider_unreachable")
    assert answer.headers["Retry-After"] == "30"


def test_anybody_may_ask_where_to_sign_in(world: World) -> None:
    answer = world.api("GET", "/auth/config", token="none")

    assert answer.status == 200
    assert answer.json.keys() == {"issuer", "discovery_url", "client_id", "audience", "findings"}
    assert answer.json["findings"] is None
