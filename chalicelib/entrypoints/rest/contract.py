"""`/openapi.json`: this API's contract."""

from chalice.app import Blueprint

from chalicelib.entrypoints.rest.routing.openapi import document
from chalicelib.entrypoints.rest.routing.operation import Anybody, Call, Json
from chalicelib.entrypoints.rest.routing.route import route

contract = Blueprint(__name__)


@route(contract, "GET", "/openapi.json", Anybody())
def openapi(_call: Call[None, None]) -> Json:
    """The OpenAPI document of this API."""
    return Json(document())
