"""Index of every Lambda function. REST is one function; the others are one line each.

Socket, stream and queue handlers stand here because Chalice deploys those of a blueprint
without this file. Event sources and permissions: infra/resources.yaml.
"""

from typing import Any

from chalice.app import Chalice, WebsocketEvent

from chalicelib.entrypoints import queues, sockets, streams
from chalicelib.entrypoints.batch import Context, remaining_of
from chalicelib.entrypoints.rest import BLUEPRINTS

app = Chalice(app_name="wirety")
app.experimental_feature_flags.update(["BLUEPRINTS", "WEBSOCKETS"])
for blueprint in BLUEPRINTS:
    app.register_blueprint(blueprint)


@app.lambda_function(name="authorizer")
def authorizer(event: dict[str, Any], _context: object) -> dict[str, Any]:
    return sockets.authorize(event)


@app.on_ws_connect()
def websocket_connect(event: WebsocketEvent) -> dict[str, Any]:
    return sockets.connect(event.to_dict())


@app.on_ws_message()
def websocket_message(event: WebsocketEvent) -> dict[str, Any]:
    return sockets.message(event.to_dict())


@app.on_ws_disconnect()
def websocket_disconnect(event: WebsocketEvent) -> dict[str, Any]:
    return sockets.disconnect(event.to_dict())


@app.lambda_function(name="plan")
def plan(event: dict[str, Any], context: Context) -> dict[str, Any]:
    return streams.plan(event, remaining_of(context))


@app.lambda_function(name="announce")
def announce(event: dict[str, Any], _context: object) -> dict[str, Any]:
    return streams.announce(event)


@app.lambda_function(name="revoke")
def revoke(event: dict[str, Any], _context: object) -> dict[str, Any]:
    return streams.revoke(event)


@app.lambda_function(name="deliver")
def deliver(event: dict[str, Any], context: Context) -> dict[str, Any]:
    return queues.deliver(event, remaining_of(context))


@app.lambda_function(name="failover")
def failover(event: dict[str, Any], context: Context) -> dict[str, Any]:
    return queues.failover(event, remaining_of(context))


@app.lambda_function(name="remove")
def remove(event: dict[str, Any], context: Context) -> dict[str, Any]:
    return queues.remove(event, remaining_of(context))


@app.lambda_function(name="hold")
def hold(event: dict[str, Any], context: Context) -> dict[str, Any]:
    return queues.hold(event, remaining_of(context))
