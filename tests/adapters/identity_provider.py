"""An identity provider on loopback: real keys, real HTTP, tokens made to order."""

import json
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from chalicelib.ports.outside import Clock
from chalicelib.settings import Oidc, settings_from

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | Ed25519PrivateKey
KEYS: dict[str, Key] = {
    "rsa": rsa.generate_private_key(65537, 2048),
    "ec": ec.generate_private_key(ec.SECP256R1()),
    "other": rsa.generate_private_key(65537, 2048),
    "ed": Ed25519PrivateKey.generate(),
}


def jwk(name: str, key: Key, **fields: object) -> dict[str, Any]:
    """As a provider publishes it; a field that is None is left out."""
    algorithms: dict[type, Any] = {rsa.RSAPrivateKey: RSAAlgorithm, Ed25519PrivateKey: OKPAlgorithm}
    algorithm: Any = next((made for kind, made in algorithms.items() if isinstance(key, kind)), ECAlgorithm)
    said = {**json.loads(algorithm.to_jwk(key.public_key())), "kid": name, **fields}
    return {name: value for name, value in said.items() if value is not None}


@dataclass
class IdentityProvider:
    """`keys` are published, `requests` counts what was asked for; `is_down`: every answer is a 500;
    `raw` is answered as it is; /moved is a redirect to the discovery document."""

    url: str
    clock: Clock
    keys: list[dict[str, Any]] = field(
        default_factory=lambda: [jwk("rsa", KEYS["rsa"], use="sig", alg="RS256"), jwk("ec", KEYS["ec"])]
    )
    requests: list[str] = field(default_factory=list)
    is_down: bool = False
    raw: dict[str, bytes] = field(default_factory=dict)
    issuer: str = "https://idp.example.com"

    def claims(self, **changed: object) -> dict[str, Any]:
        """Good ones of an ID token; None takes one away."""
        now = int(self.clock.now().timestamp())
        good = {
            "iss": self.issuer,
            "sub": "ana",
            "aud": "console",
            "iat": now,
            "exp": now + 300,
            "jti": uuid.uuid4().hex,
        }
        return {name: value for name, value in {**good, **changed}.items() if value is not None}

    def token(self, key: str = "rsa", algorithm: str = "RS256", headers: Any = None, **changed: object) -> str:
        signed_by = KEYS.get(key, KEYS["other"])
        return jwt.encode(self.claims(**changed), signed_by, algorithm, {"kid": key, **(headers or {})})

    def answer(self, path: str) -> dict[str, Any] | None:
        documents: dict[str, dict[str, Any]] = {
            "/discovery": {"issuer": self.issuer, "jwks_uri": f"{self.url}/jwks"},
            "/jwks": {"keys": self.keys},
        }
        return documents.get(path)


def oidc_settings(provider: IdentityProvider, **more: str) -> Oidc:
    """Of a deployment that takes its tokens; `more`: as in the environment."""
    environment = {
        "OIDC_ISSUER": provider.issuer,
        "OIDC_DISCOVERY_URL": f"{provider.url}/discovery",
        "OIDC_CLIENT_ID": "console",
    }
    return settings_from({**environment, **more}).oidc


@contextmanager
def identity_provider(clock: Clock) -> Iterator[IdentityProvider]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            provider.requests.append(self.path)
            found = None if provider.is_down else provider.answer(self.path)
            body = provider.raw.get(self.path) or json.dumps(found or {}).encode()
            self.send_response(302 if self.path == "/moved" else 200 if found or self.path in provider.raw else 500)
            self.send_header("Location", "/discovery")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider = IdentityProvider(f"http://127.0.0.1:{server.server_port}", clock)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
