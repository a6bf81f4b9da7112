"""At the door: calls are counted where they cost something, and refusals worth knowing are kept."""

from collections.abc import Mapping

from chalice.app import Request

from chalicelib.bootstrap.container import container
from chalicelib.domain.errors import Forbidden, Refusal, Unauthenticated
from chalicelib.domain.identity.audit import Actor, RefusedAction, Target, TargetKind
from chalicelib.domain.identity.errors import (
    CredentialRefused,
    JoinKeyRefused,
    NotAllowed,
    NotInvited,
    Suspended,
    TooManyRequests,
)
from chalicelib.domain.identity.limits import Limit, subject_of
from chalicelib.domain.identity.principal import Agent, Caller, Principal
from chalicelib.domain.ids import NetworkId
from chalicelib.domain.peer.errors import EnrollmentRefused
from chalicelib.entrypoints.rest.routing.operation import Anybody, Operation
from chalicelib.entrypoints.rest.routing.request import request_id_of, source_of
from chalicelib.entrypoints.shapes.parsing import NETWORK_ID
from chalicelib.observability import logger

By = Principal | Agent | None


def require_allowance(operation: Operation, by: By, request: Request) -> None:
    """Count a call that writes, by its caller or else by its address. Raises TooManyRequests."""
    limit = operation.counted
    if limit is None:
        return
    if isinstance(by, Principal):
        container().limits.require(limit, by.id)
    else:
        _require_of_source(limit, request)


def turned_away(operation: Operation, by: By, refusal: Refusal, request: Request, path: Mapping[str, str]) -> Refusal:
    """What a refused caller is told: of refused credentials, that they were too many when they are. Kept in the audit
    log when it is worth knowing. Best effort: whatever the store does, the refusal is answered."""
    told = refusal
    try:
        if by is None and _is_of_a_credential(operation, refusal):
            _require_of_source(Limit.REFUSALS, request)
    except TooManyRequests as too_many:
        told = too_many
    except Exception:  # noqa: BLE001  best effort
        logger.warning("refusal_not_counted", exc_info=True)
    try:
        if (found := _worth_knowing(by, refusal)) is not None:
            action, actor = found
            caller = Caller(actor, source_of(request), request_id_of(request))
            asked = f"{operation.method} {operation.path}"
            network_id = (
                refusal.network_id if isinstance(refusal, EnrollmentRefused | JoinKeyRefused) else _network(by, path)
            )
            container().refusals.note(action, Target(TargetKind.ROUTE, asked, asked), network_id, caller)
    except Exception:  # noqa: BLE001  best effort
        logger.warning("refusal_not_noted", exc_info=True)
    return told


def _is_of_a_credential(operation: Operation, refusal: Refusal) -> bool:
    """Whether somebody signed in in vain; calls that anybody may make are counted as they come in."""
    is_of_one = isinstance(refusal, Unauthenticated | NotInvited | Suspended)
    return is_of_one and not isinstance(operation.access, Anybody)


def _require_of_source(limit: Limit, request: Request) -> None:
    """An address that cannot be believed is nobody's: it is not counted."""
    source = source_of(request)
    if source is not None:
        container().limits.require(limit, subject_of(source))


def _worth_knowing(by: By, refusal: Refusal) -> tuple[RefusedAction, Actor] | None:
    match refusal:
        case EnrollmentRefused() if refusal.actor is not None:
            return RefusedAction.CREDENTIAL, refusal.actor
        case JoinKeyRefused() if refusal.actor is not None:
            return RefusedAction.CREDENTIAL, refusal.actor
        case CredentialRefused():
            return RefusedAction.CREDENTIAL, refusal.actor
        case NotInvited() | Suspended():
            return RefusedAction.SIGN_IN, refusal.actor
        case NotAllowed():
            return RefusedAction.REQUEST, refusal.actor
        case Forbidden() if isinstance(by, Principal):
            return RefusedAction.REQUEST, by.caller.actor
        case TooManyRequests() if isinstance(by, Principal):
            return RefusedAction.LIMIT, by.caller.actor
        case _:
            return None


def _network(by: By, path: Mapping[str, str]) -> NetworkId | None:
    """The network that was asked for, where the caller may see it."""
    text = path.get("network_id", "")
    if isinstance(by, Principal) and NETWORK_ID.match(text) and by.sees(NetworkId(text)):
        return NetworkId(text)
    return None
