"""What a control plane answers, as responses of the tests' own server."""

from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chalicelib.wire.bundle import Tombstone
from chalicelib.wire.codec import encode
from chalicelib.wire.problem import Problem
from chalicelib.wire.signing import SIGNATURE_HEADER, Subject
from tests.agent.builders import signature


def json_answer(body: object) -> web.Response:
    return web.Response(body=encode(body), content_type="application/json")


def problem(status: int, code: str) -> web.Response:
    problem = Problem(title="Refused", status=status, code=code, detail=f"because of {code}")
    return web.Response(status=status, body=encode(problem), content_type="application/problem+json")


def gone(tombstone: Tombstone, key: Ed25519PrivateKey) -> web.Response:
    body = encode(Problem(title="Gone", status=410, code="peer_deleted", detail="deleted", tombstone=tombstone))
    said = Subject("tombstone", tombstone.network_id, tombstone.peer_id, tombstone.generation, tombstone.revision)
    headers = {"Content-Type": "application/problem+json", SIGNATURE_HEADER: signature(said, body, key)}
    return web.Response(status=410, body=body, headers=headers)
