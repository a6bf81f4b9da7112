"""What posts to sockets take without the product: requests made before, sent by the standard library's client.

`python -m scripts.bench.bare_posts NETWORK`, in a process of its own, with the environment of the function that
delivers. Each line in is a frame; it goes to every agent's socket of the network, over AT_ONCE connections that stay
open, and out comes the second, by the system's monotonic clock, at which the first was sent.
"""

import http.client
import os
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import SplitResult, quote, urlsplit

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from chalicelib.adapters.sockets.apigateway import AT_ONCE
from chalicelib.bootstrap.aws import Aws
from chalicelib.domain.ids import NetworkId
from chalicelib.settings import Settings, settings_from


@dataclass(frozen=True, slots=True)
class Request:
    path: str
    headers: dict[str, str]


class Poster:
    """A connection for each thread."""

    def __init__(self, endpoint: SplitResult) -> None:
        self._endpoint, self._own = endpoint, threading.local()

    def post(self, request: Request, frame: bytes) -> None:
        if not hasattr(self._own, "connection"):
            self._own.connection = http.client.HTTPConnection(self._endpoint.netloc, timeout=10)
        connection: http.client.HTTPConnection = self._own.connection
        connection.request("POST", request.path, frame, request.headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status != HTTPStatus.OK:
            raise RuntimeError(f"a post was answered {answer.status}")


def signed(settings: Settings, connection_ids: Iterator[str], frame: bytes) -> Iterator[Request]:
    credentials = boto3.Session().get_credentials()
    assert credentials is not None
    signer = SigV4Auth(credentials, "execute-api", settings.region)
    endpoint = urlsplit(settings.websocket_endpoint)
    for connection_id in connection_ids:
        path = f"{endpoint.path}/@connections/{quote(connection_id, safe='')}"
        request = AWSRequest("POST", f"{endpoint.scheme}://{endpoint.netloc}{path}", data=frame)
        signer.add_auth(request)
        yield Request(path, dict(request.headers.items()))


def main(network_id: NetworkId) -> None:
    settings = settings_from(os.environ)
    sockets = Aws(settings).connections.of_agents(network_id)
    poster = Poster(urlsplit(settings.websocket_endpoint))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for line in sys.stdin:
            frame = line.strip().encode()
            requests = list(signed(settings, (known.connection_id for known in sockets), frame))
            began = time.monotonic()
            list(pool.map(lambda request, frame=frame: poster.post(request, frame), requests))
            print(began, flush=True)


if __name__ == "__main__":
    main(NetworkId(sys.argv[1]))
