"""The one origin's files: the page for every path, a nonce a time, nothing outside the directory."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from infra.stack.cdn_template import TEMPLATE, cdn_of, template_of
from infra.stack.front import Front, Upstream
from infra.stack.pages import Pages
from infra.stack.tcp_ports import free_port

CONFIG = {"product": "wirety", "api": "/api/v1"}


@pytest.fixture
def origin(tmp_path: Path) -> Iterator[str]:
    """A front over a built console, with no API behind it."""
    console = tmp_path / "console"
    (console / "assets").mkdir(parents=True)
    (tmp_path / "secret.txt").write_text("secret")
    (console / "index.html").write_text('<meta name="csp-nonce" content="__CSP_NONCE__">')
    (console / "favicon.svg").write_text("<svg/>")
    (console / "assets" / "index-1a.js").write_text("start()")
    port = free_port()
    gone = f"127.0.0.1:{free_port()}"
    pages = Pages(console, ["https://idp.example.com"])
    cdn = cdn_of(template_of(TEMPLATE.read_text()), {"OriginSecret": "secret"})
    with Front(port, Upstream(f"http://{gone}", f"ws://{gone}", cdn, CONFIG, pages)):
        yield f"http://127.0.0.1:{port}"


def get(url: str) -> requests.Response:
    return requests.get(url, timeout=10)


@pytest.mark.parametrize(
    "path", ["/", "/networks/net_1/peers", "/auth/callback?code=a.b", "/index.html", "/a/index.html"]
)
def test_every_path_of_the_app_is_the_page(origin: str, path: str) -> None:
    answer = get(origin + path)

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert answer.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("path", ["/", "/config.json", "/assets/index-1a.js"])
def test_head_is_get_without_the_body(origin: str, path: str) -> None:
    answer = requests.head(origin + path, timeout=10)

    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Content-Type"] == get(origin + path).headers["Content-Type"]


def test_each_answer_has_a_nonce_of_its_own_in_page_and_policy(origin: str) -> None:
    answers = [get(origin + "/") for _ in range(2)]

    nonces = [answer.text.partition('content="')[2].partition('"')[0] for answer in answers]
    assert nonces[0] != nonces[1]
    for answer, nonce in zip(answers, nonces, strict=True):
        assert f"style-src 'self' 'nonce-{nonce}';" in answer.headers["Content-Security-Policy"]


def test_nothing_inline_runs_and_only_the_api_and_the_identity_provider_are_asked(origin: str) -> None:
    directives = get(origin + "/").headers["Content-Security-Policy"].split("; ")

    assert "default-src 'none'" in directives
    assert "script-src 'self'" in directives
    assert "connect-src 'self' https://idp.example.com" in directives
    assert "unsafe" not in "; ".join(directives)


def test_a_file_with_a_hash_in_its_name_is_kept_for_ever_and_no_other(origin: str) -> None:
    assert "immutable" in get(origin + "/assets/index-1a.js").headers["Cache-Control"]
    assert get(origin + "/favicon.svg").headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    "path", ["/assets/index-2b.js", "/../secret.txt", "/%2e%2e/secret.txt", "/assets/..%2f..%2fsecret.txt", "/.env"]
)
def test_what_is_no_file_of_the_console_is_not_found(origin: str, path: str) -> None:
    request = requests.Request("GET", origin).prepare()
    request.url = origin + path  # as it is, not made tidy

    answer = requests.Session().send(request, timeout=10)

    assert answer.status_code == 404
    assert "secret" not in answer.text


def test_the_console_is_told_where_everything_is(origin: str) -> None:
    answer = get(origin + "/config.json")

    assert (answer.json(), answer.headers["Cache-Control"]) == (CONFIG, "no-cache")


def test_an_api_that_is_gone_is_a_problem_and_no_page(origin: str) -> None:
    answer = get(origin + "/api/v1/health")

    assert (answer.status_code, answer.json()["code"]) == (502, "bad_gateway")
