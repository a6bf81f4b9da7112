"""What the CDN adds to every answer, whoever made it."""

import pytest
import requests

from infra.stack.front import MAX_BODY_BYTES

ANSWERS = [
    ("GET", "/api/v1/health", 200),
    ("GET", "/api/v1/networks", 401),
    ("POST", "/api/v1/networks", 401),
    ("PUT", "/api/v1/networks", 405),
    ("GET", "/api/v1/none", 404),
    ("GET", "/", 200),
    ("GET", "/networks/net_1", 200),
    ("GET", "/config.json", 200),
    ("GET", "/none.txt", 404),
]


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
@pytest.mark.parametrize("path", ["/api/v1/health", "/api/v1/networks", "/", "/config.json"])
def test_no_other_origin_is_allowed_anything(origin: str, method: str, path: str) -> None:
    """A browser keeps from another origin's page whatever names no origin, and asks no more after such a preflight."""
    asks = {
        "Origin": "https://elsewhere.example.com",
        "Access-Control-Request-Method": "DELETE",
        "Access-Control-Request-Headers": "authorization",
    }
    answer = requests.request(method, origin + path, headers=asks, timeout=10)

    assert [name for name in answer.headers if name.lower().startswith("access-control-")] == []
    assert method != "OPTIONS" or answer.status_code in (403, 405)


def test_a_body_that_is_too_large_is_answered_with_the_security_headers(origin: str) -> None:
    answer = requests.post(f"{origin}/api/v1/networks", data=b" " * (MAX_BODY_BYTES + 1), timeout=30)

    assert (answer.status_code, answer.headers["X-Content-Type-Options"]) == (413, "nosniff")


@pytest.mark.parametrize(("method", "path", "status"), ANSWERS)
def test_every_answer_has_the_security_headers(origin: str, method: str, path: str, status: int) -> None:
    answer = requests.request(method, origin + path, timeout=10)
    headers = answer.headers

    assert answer.status_code == status
    assert headers["Referrer-Policy"] == "no-referrer"
    assert ("no-store" in headers["Cache-Control"]) if path.startswith("/api/") else True
    assert headers["Strict-Transport-Security"] == "max-age=31536000"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
