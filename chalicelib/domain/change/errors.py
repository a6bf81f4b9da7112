"""Why something about changes and their replay is refused."""

from chalicelib.domain.errors import Conflict, NotFound, Refusal


class KeyReused(Refusal):
    """An idempotency key stands for one request."""

    code = "idempotency_key_reused"

    def __init__(self, key: str) -> None:
        super().__init__(f"The Idempotency-Key {key!r} was used for another request. Make a new key for this one.")


class ChangeNotFound(NotFound):
    """No such revision of a network."""

    code = "change_not_found"

    def __init__(self, revision: object) -> None:
        super().__init__(f"This network has no revision {revision}.")


class RequestRunning(Conflict):
    """The first request with this idempotency key has not ended yet."""

    code = "request_running"

    def __init__(self, key: str) -> None:
        super().__init__(f"A request with the Idempotency-Key {key!r} is still running. Ask again in a minute.")
