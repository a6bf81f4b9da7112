"""The streams: plan the pushes of each change, announce facts of presence, end sockets of changed accounts.

The changes of a network are planned together, or each by itself when that fails. One that
cannot be planned concerns every agent of its network, goes whole to the dead-letter queue, and
never blocks the ones behind it. If even that cannot be told, it is the store that is ill, not the
change: the stream keeps it and all behind it, and tries again. The stream may hand over changes
of one network at the same time and out of order; plans mind neither. A fact that cannot be
announced is dropped: browsers read anew what they show whenever they connect. A report that cannot
be counted comes again, and at last the check a minute after the plan counts it. Sockets whose end cannot be queued are
tried again until they can be; they would end by themselves within the hour.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tenacity import Retrying, stop_after_attempt, wait_random_exponential

from chalicelib.application.push.plans import by_network
from chalicelib.bootstrap.container import container
from chalicelib.domain.change.change import Change
from chalicelib.domain.identity.account_change import AccountChange
from chalicelib.domain.ids import NetworkId
from chalicelib.domain.peer.presence import Fact
from chalicelib.entrypoints.batch import RemainingSeconds, endless
from chalicelib.observability import logger

ATTEMPTS, LAST_ATTEMPTS = 3, 8  # the last may take some seconds: what follows is the stream's own retry
FIRST_WAIT_S, LONGEST_WAIT_S = 0.05, 1.0
NEEDED_S = 20.0  # for one network's plan when the store is slow


def plan(event: Mapping[str, Any], remaining_s: RemainingSeconds = endless) -> dict[str, Any]:
    """Plan a batch; reports what could neither be planned nor told to everyone and put aside: it comes again."""
    records = event["Records"]
    changes = [_change(record) for record in records]
    planned: set[NetworkId] = set()
    for network_id, own in by_network(filter(None, changes)).items():
        if remaining_s() >= NEEDED_S and _plan_together(own):
            planned.add(network_id)
    left = [
        record
        for record, change in zip(records, changes, strict=True)
        if change is None or change.network_id not in planned
    ]
    failures = _settle_in_turn(left, remaining_s)
    logger.info("planned", extra={"records": len(records), "alone": len(left), "failed": len(failures)})
    return {"batchItemFailures": [{"itemIdentifier": record["dynamodb"]["SequenceNumber"]} for record in failures]}


def announce(event: Mapping[str, Any]) -> dict[str, Any]:
    """Count the reports of a batch of facts, then announce it to browsers; reports what was not counted."""
    facts = [fact for record in event["Records"] if (fact := _fact(record)) is not None]
    is_counted = _count(facts)
    try:
        _patiently(lambda: container().announcements.announce(facts))
    except Exception:  # noqa: BLE001  a hint to browsers is not worth blocking the stream
        logger.exception("announcement_failed", extra={"facts": len(facts)})
    logger.info("announced", extra={"facts": len(facts)})
    again = [] if is_counted else [{"itemIdentifier": event["Records"][0]["dynamodb"]["SequenceNumber"]}]
    return {"batchItemFailures": again}


def revoke(event: Mapping[str, Any]) -> dict[str, Any]:
    """Have the sockets ended that changed accounts hold; reports where the stream goes on, if it failed."""
    records = event["Records"]
    try:
        changes = [change for record in records if (change := _account_change(record)) is not None]
        _patiently(lambda: container().revocations.revoke(changes))
    except Exception:  # noqa: BLE001  whatever it is, the stream keeps the records and tries again
        logger.exception("not_revoked", extra={"records": len(records)})
        return {"batchItemFailures": [{"itemIdentifier": records[0]["dynamodb"]["SequenceNumber"]}]}
    logger.info("revoked", extra={"records": len(records), "changes": len(changes)})
    return {"batchItemFailures": []}


def _account_change(record: Mapping[str, Any]) -> AccountChange | None:
    try:
        return container().records.account_change_from(record)
    except Exception:  # noqa: BLE001  one bad record must not hinder the others of its batch
        logger.exception("account_change_unreadable")
        return None


def _count(facts: Sequence[Fact]) -> bool:
    """Count reports, each once however often it comes; answers whether it succeeded."""
    try:
        _patiently(lambda: container().rollouts.count(facts))
    except Exception:  # noqa: BLE001  browsers hear of the facts all the same
        logger.exception("reports_not_counted", extra={"facts": len(facts)})
        return False
    return True


def _fact(record: Mapping[str, Any]) -> Fact | None:
    try:
        return container().records.fact_from(record)
    except Exception:  # noqa: BLE001  one bad record must not hide the others of its batch
        logger.exception("fact_unreadable")
        return None


def _change(record: Mapping[str, Any]) -> Change | None:
    """None: the record cannot be read. `_settle` says what is to be done then."""
    try:
        return container().records.change_from(record)
    except Exception:  # noqa: BLE001  one bad record must not hinder the others of its batch
        return None


def _plan_together(changes: Sequence[Change]) -> bool:
    """Plan the changes of one network; answers whether it succeeded."""
    try:
        _patiently(lambda: container().plans.plan(changes))
    except Exception:  # noqa: BLE001  one bad change must not hinder the others of its network
        logger.exception("plan_together_failed", extra={"changes": len(changes)})
        return False
    return True


def _settle_in_turn(records: Sequence[Mapping[str, Any]], remaining_s: RemainingSeconds) -> Sequence[Mapping[str, Any]]:
    """Settle one record after the other; answers the first that fails with all behind it, where the stream goes on."""
    for at, record in enumerate(records):
        if remaining_s() < NEEDED_S or not _settle(record):
            return records[at:]
    return ()


def _settle(record: Mapping[str, Any]) -> bool:
    """Plan one change by itself, or tell everyone and put the record aside; answers whether one of both succeeded."""
    try:
        _patiently(lambda: container().plans.plan([container().records.change_from(record)]))
    except Exception as error:  # noqa: BLE001  whatever it is, the records behind it must go on
        logger.exception("plan_failed")
        return _tell_everyone(record) and _put_aside(record, error)
    return True


def _tell_everyone(record: Mapping[str, Any]) -> bool:
    """Plan a change for all agents of its network; answers whether it succeeded.

    True as well for a record that does not say which change it is: no other try would succeed.
    """
    try:
        network_id, revision = container().records.key_of(record)
    except (KeyError, ValueError):
        logger.exception("change_without_keys")
        return True
    change = _change(record)
    try:
        _patiently(lambda: container().plans.plan_for_everyone(network_id, revision, change), LAST_ATTEMPTS)
    except Exception:  # noqa: BLE001  the stream keeps the record and tries again
        logger.exception("plan_for_everyone_failed")
        return False
    return True


def _put_aside(record: Mapping[str, Any], reason: Exception) -> bool:
    """Send a record to the dead-letter queue; answers whether it succeeded."""
    try:
        _patiently(lambda: container().dead_letters.put(record, repr(reason)), LAST_ATTEMPTS)
    except Exception:  # noqa: BLE001  the stream keeps the record and tries again
        logger.exception("record_not_put_aside")
        return False
    return True


def _patiently(act: Callable[[], None], attempts: int = ATTEMPTS) -> None:
    retrying = Retrying(
        sleep=container().clock.sleep,
        stop=stop_after_attempt(attempts),
        wait=wait_random_exponential(multiplier=FIRST_WAIT_S, max=LONGEST_WAIT_S),
        reraise=True,
    )
    retrying(act)
