"""The CDN of console.yaml as the local front imitates it: what passes, what is refused, what is kept."""

import re
from typing import Any

import pytest

from chalicelib.wire.codec import encode
from infra.package import ROOT
from infra.stack.cdn import ERROR_S, Cdn
from infra.stack.cdn_template import TEMPLATE, NotModelled, cdn_of, template_of

VIEWER = ("203.0.113.7", 4711)
MOST_HEADERS = 10  # CloudFront's quota of an origin request policy, and of a cache policy
READ = re.compile(r"""headers\.get\(\s*"([a-z-]+)\"""")
ASKED = [
    ("Host", "wirety.example.com"),
    ("Accept", "*/*"),
    ("Accept-Encoding", "br;q=1.0, gzip;q=0.8"),
    ("Authorization", "Bearer x"),
    ("Content-Type", "application/json"),
    ("Cookie", "a=b"),
    ("If-None-Match", '"1"'),
    ("User-Agent", "wirety-agent"),
    ("X-Made-Up", "x"),
    ("CloudFront-Viewer-Address", "198.51.100.66:1"),
    ("X-Origin-Secret", "forged"),
    ("X-Forwarded-For", "198.51.100.66"),
]


@pytest.fixture
def template() -> Any:
    return template_of(TEMPLATE.read_text())


def read(template: Any) -> Cdn:
    return cdn_of(template, {"OriginSecret": "secret"})


def distribution(template: Any) -> Any:
    return template["Resources"]["Origin"]["Properties"]["DistributionConfig"]


def to_api(template: Any) -> list[str]:
    config = template["Resources"]["ToApi"]["Properties"]["OriginRequestPolicyConfig"]
    headers: list[str] = config["HeadersConfig"]["Headers"]
    return headers


@pytest.mark.parametrize(
    ("path", "origin"),
    [
        ("/api/v1/health", "rest"),
        ("/api/", "rest"),
        ("/api", "files"),
        ("/ws", "sockets"),
        ("/ws/", "files"),
        ("/", "files"),
        ("/a\nb", "files"),
    ],
)
def test_a_path_goes_to_its_origin(template: Any, path: str, origin: str) -> None:
    assert read(template).behaviour(path).origin == origin


def test_only_what_the_template_lists_passes_to_the_api(template: Any) -> None:
    cdn = read(template)

    sent = cdn.sent(cdn.behaviour("/api/v1/me"), ASKED, VIEWER)

    said = {name.lower(): value for name, value in sent}
    assert len(said) == len(sent)  # none twice
    del said["x-amz-cf-id"]
    assert said == {
        "accept": "*/*",
        "accept-encoding": "gzip",
        "authorization": "Bearer x",
        "content-type": "application/json",
        "if-none-match": '"1"',
        "user-agent": "Amazon CloudFront",
        "cloudfront-viewer-address": "203.0.113.7:4711",
        "x-forwarded-for": "198.51.100.66, 203.0.113.7",
        "x-origin-secret": "secret",
        "via": "1.1 front (CloudFront)",
    }


@pytest.mark.parametrize("header", ["Accept", "If-None-Match", "Content-Type", "CloudFront-Viewer-Address"])
def test_what_the_template_lists_no_more_does_not_pass(template: Any, header: str) -> None:
    to_api(template).remove(header)
    cdn = read(template)

    sent = cdn.sent(cdn.behaviour("/api/v1/me"), ASKED, VIEWER)

    assert header.lower() not in {name.lower() for name, _ in sent}


def test_every_header_that_the_api_reads_passes(template: Any) -> None:
    cdn = read(template)
    of_the_api = cdn.behaviour("/api/v1/me")
    rooms = [*(ROOT / "chalicelib" / "entrypoints").rglob("*.py"), *(ROOT / "chalicelib" / "application").rglob("*.py")]
    wanted = {name for path in rooms for name in READ.findall(path.read_text())}

    sent = cdn.sent(of_the_api, [(name, "gzip") for name in wanted], VIEWER)

    assert {"authorization", "if-match", "if-none-match", "idempotency-key", "x-origin-secret"} <= wanted
    assert wanted <= {name.lower() for name, _ in sent}


def test_a_handshakes_headers_and_the_session_pass_to_the_sockets(template: Any) -> None:
    cdn = read(template)

    sockets = cdn.behaviour("/ws")

    for name in ("Authorization", "Sec-WebSocket-Key", "Sec-WebSocket-Version", "Sec-WebSocket-Protocol"):
        assert sockets.lets_pass(name)
    assert sockets.target("/ws?ticket=t") == "/ws?ticket=t"


def test_no_policy_is_larger_than_cloudfront_takes(template: Any) -> None:
    for name, resource in template["Resources"].items():
        for kind in ("OriginRequestPolicyConfig", "CachePolicyConfig"):
            policy = resource["Properties"].get(kind, {})
            headers = policy.get("ParametersInCacheKeyAndForwardedToOrigin", policy).get("HeadersConfig", {})
            assert len(headers.get("Headers", ())) <= MOST_HEADERS, name


@pytest.mark.parametrize(
    ("asked", "passes"),
    [("gzip", "gzip"), ("gzip, deflate, br", "gzip"), ("GZIP;q=0.5", "gzip"), ("br", None), ("", None)],
)
def test_encodings_are_made_uniform(template: Any, asked: str, passes: str | None) -> None:
    cdn = read(template)

    sent = cdn.sent(cdn.behaviour("/api/v1/me"), [("accept-encoding", asked)], VIEWER)

    assert dict(sent).get("Accept-Encoding") == passes


def test_the_page_that_the_cdn_makes_itself_has_the_headers_of_every_answer(template: Any) -> None:
    """Whether the policy's headers are added to what a function answers is not documented."""
    code = template["Resources"]["PageOfTheApp"]["Properties"]["FunctionCode"]
    own = dict(re.findall(r"'([a-z-]+)': \{ value: '([^']+)' \}", str(code)))

    expected = read(template).behaviour("/").answered
    assert expected
    assert {name.lower(): value for name, value in expected.items()}.items() <= own.items()


def test_no_policy_lets_another_origin_in(template: Any) -> None:
    assert "Cors" not in TEMPLATE.read_text()
    for behaviour in read(template).behaviours:
        assert not [name for name in behaviour.answered if name.lower().startswith("access-control-")]


def test_answers_lose_cookies_and_what_is_of_the_connection_and_gain_the_policys_headers(template: Any) -> None:
    cdn = read(template)
    answer = [("ETag", '"1"'), ("Set-Cookie", "a=b"), ("Connection", "close"), ("Referrer-Policy", "unsafe-url")]

    got = cdn.behaviour("/api/v1/me").answer(answer)

    assert dict(got) == {
        "ETag": '"1"',
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        "Strict-Transport-Security": "max-age=31536000",
    }
    assert len(got) == 5


@pytest.mark.parametrize("status", [200, 304, 400, 401, 403, 404, 405, 409, 412, 414, 429, 500, 502, 503, 504])
def test_no_answer_of_the_api_is_kept(template: Any, status: int) -> None:
    cdn = read(template)

    assert cdn.kept_s(cdn.behaviour("/api/v1/me"), "GET", status, "no-store") == 0


@pytest.mark.parametrize("status", [404, 405, 414, 500, 501, 502, 503, 504])
def test_without_a_setting_errors_of_a_get_are_kept_though_they_say_no_store(template: Any, status: int) -> None:
    del distribution(template)["CustomErrorResponses"]
    cdn = read(template)
    behaviour = cdn.behaviour("/api/v1/me")

    assert cdn.kept_s(behaviour, "GET", status, "no-store") == ERROR_S
    assert cdn.kept_s(behaviour, "HEAD", status, "no-store") == ERROR_S
    assert cdn.kept_s(behaviour, "POST", status, "no-store") == 0


@pytest.mark.parametrize(
    ("said", "kept_s"),
    [("max-age=0", 0), ("max-age=1", 1), ("public, s-maxage=60", 1), ("", 0), ("private, max-age=60", 0)],
)
def test_an_answer_is_kept_within_the_bounds_of_the_policy(template: Any, said: str, kept_s: int) -> None:
    cdn = read(template)

    assert cdn.kept_s(cdn.behaviour("/api/v1/me"), "GET", 200, said) == kept_s


def test_answers_are_kept_apart_by_session_query_and_method(template: Any) -> None:
    cdn = read(template)
    behaviour = cdn.behaviour("/api/v1/me")

    keys = {
        behaviour.key("GET", "/api/v1/me", [("Authorization", "a")]),
        behaviour.key("GET", "/api/v1/me", [("Authorization", "b")]),
        behaviour.key("GET", "/api/v1/me?x=1", [("Authorization", "a")]),
        behaviour.key("HEAD", "/api/v1/me", [("Authorization", "a")]),
    }

    assert len(keys) == 4
    same = behaviour.key("GET", "/api/v1/me", [("authorization", "a"), ("If-None-Match", '"1"')])
    assert same in keys


def forward_all(template: Any) -> None:
    config = template["Resources"]["ToApi"]["Properties"]["OriginRequestPolicyConfig"]
    config["HeadersConfig"]["HeaderBehavior"] = "allViewer"


def pass_cookies(template: Any) -> None:
    config = template["Resources"]["ToApi"]["Properties"]["OriginRequestPolicyConfig"]
    config["CookiesConfig"]["CookieBehavior"] = "all"


def use_a_managed_policy(template: Any) -> None:
    distribution(template)["CacheBehaviors"][0]["CachePolicyId"] = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"


def associate_a_function(template: Any) -> None:
    distribution(template)["CacheBehaviors"][0]["LambdaFunctionAssociations"] = []


def show_a_page_for_errors(template: Any) -> None:
    distribution(template)["CustomErrorResponses"][0]["ResponsePagePath"] = "/400.html"


@pytest.mark.parametrize(
    "change", [forward_all, pass_cookies, use_a_managed_policy, associate_a_function, show_a_page_for_errors]
)
def test_a_setting_that_the_front_does_not_imitate_refuses_the_start(template: Any, change: Any) -> None:
    change(template)

    with pytest.raises(NotModelled):
        read(template)


def test_the_two_apis_and_no_other_origin_get_the_secret(template: Any) -> None:
    assert read(template).origin_headers == {
        "files": {},
        "rest": {"X-Origin-Secret": "secret"},
        "sockets": {"X-Origin-Secret": "secret"},
    }
    assert encode(template)  # plain values only: no function of the template is left unread
