"""API Gateway's management API, `@connections`: signed by botocore, sent by urllib3.

Not by botocore's client: what it puts around each request is most of what a post takes of a processor, and
a change for everyone is a post a socket.
"""

from http import HTTPStatus
from urllib.parse import quote, urlsplit

import boto3
import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import NoCredentialsError

from chalicelib.domain.ids import ConnectionId
from chalicelib.settings import Settings

SERVICE = "execute-api"  # Amazon API Gateway developer guide, "Use @connections commands in your backend service"
CONNECT_S, READ_S = 2, 5
TRIES = 3
RETRIES = urllib3.Retry(
    total=TRIES - 1,
    backoff_factor=0.1,
    backoff_jitter=0.2,
    status_forcelist=(
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    ),
    allowed_methods=None,  # a frame that comes twice is harmless
    raise_on_status=False,
    respect_retry_after_header=False,  # it could be longer than the function may run
)


class GatewayRefused(Exception):
    """API Gateway answered a request with an error: may the function's role `execute-api:ManageConnections` there?"""


class ManagementApi:
    """Requests about one connection each; they keep up to `at_once` of their own connections open. Thread-safe.

    Its methods answer whether the gateway knows the connection.

    Raises:
        GatewayRefused: another error than that.
        urllib3.exceptions.HTTPError: no answer, in several tries.
    """

    def __init__(self, settings: Settings, at_once: int) -> None:
        endpoint = urlsplit(settings.websocket_endpoint)
        self._origin, self._stage = f"{endpoint.scheme}://{endpoint.netloc}", endpoint.path
        timeout = urllib3.Timeout(connect=CONNECT_S, read=READ_S)
        self._pool = urllib3.connection_from_url(self._origin, maxsize=at_once, timeout=timeout, retries=RETRIES)
        credentials = boto3.Session().get_credentials()
        if credentials is None:
            raise NoCredentialsError
        self._credentials, self._region = credentials, settings.region

    def post(self, connection_id: ConnectionId, data: bytes) -> bool:
        return self._request("POST", connection_id, data)

    def delete(self, connection_id: ConnectionId) -> bool:
        return self._request("DELETE", connection_id, b"")

    def _request(self, method: str, connection_id: ConnectionId, data: bytes) -> bool:
        path = f"{self._stage}/@connections/{quote(connection_id, safe='')}"
        signed = AWSRequest(method, self._origin + path, data=data)
        SigV4Auth(self._credentials.get_frozen_credentials(), SERVICE, self._region).add_auth(signed)
        answer = self._pool.urlopen(method, path, data, dict(signed.headers.items()), redirect=False)
        if answer.status == HTTPStatus.GONE:
            return False
        if answer.status >= HTTPStatus.MULTIPLE_CHOICES:
            raise GatewayRefused(f"{answer.status} {answer.headers.get('x-amzn-ErrorType', '')}".rstrip())
        return True
