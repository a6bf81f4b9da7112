"""The streams: plan the pushes of each change, announce facts of presence.

The changes of a network are planned together, or each by itself when that fails. One that
cannot be planned concerns every agent of its network, goes whole to the dead-letter queue, and
never blocks the ones behind it. A fact that cannot be announced is dropped: browsers read anew
what they show whenever they connect. A report that cannot be counted comes again, and at last the
check a minute after the plan counts it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from tenacity import Retrying, stop_after_attempt, wait_random_exponential

from chalicelib.adapters.dynamodb.streams import change_from, fact_from, key_of
from chalicelib.application.plans import by_network
from chalicelib.bootstrap import container
from chalicelib.domain.change import Change
from chalicelib.domain.presence import Fact
from chalicelib.observability import logger

ATTEMPTS = 3


def plan(event: Mapping[str, Any]) -> dict[str, Any]:
    """Plan a batch; reports only what could not even be buried, for the stream to retry."""
    records = event["Records"]
    changes = [_change(record) for record in records]
    planned = {network_id for network_id, own in by_network(filter(None, changes)).items() if _is_planned(own)}
    left = [
        record
        for record, change in zip(records, changes, strict=True)
        if change is None or change.network_id not in planned
    ]
    failures = [record for record in left if not _is_settled(record)]
    logger.info("planned", extra={"records": len(records), "alone": len(left), "failed": len(failures)})
    return {"batchItemFailures": [{"itemIdentifier": record["dynamodb"]["SequenceNumber"]} for record in failures]}


def announce(event: Mapping[str, Any]) -> dict[str, Any]:
    """Count the reports of a batch of facts, then announce it to browsers; reports what was not counted."""
    facts = [fact for record in event["Records"] if (fact := _fact(record)) is not None]
    is_counted = _is_counted(facts)
    try:
        _patiently(lambda: container().announcements.announce(facts))
    except Exception:  # noqa: BLE001  a hint to browsers is not worth blocking the stream
        logger.exception("announcement_failed", extra={"facts": len(facts)})
    logger.info("announced", extra={"facts": len(facts)})
    again = [] if is_counted else [{"itemIdentifier": event["Records"][0]["dynamodb"]["SequenceNumber"]}]
    return {"batchItemFailures": again}


def _is_counted(facts: Sequence[Fact]) -> bool:
    """To be counted again: each report counts once."""
    try:
        _patiently(lambda: container().proofs.count(facts))
    except Exception:  # noqa: BLE001  browsers hear of the facts all the same
        logger.exception("reports_not_counted", extra={"facts": len(facts)})
        return False
    return True


def _fact(record: Mapping[str, Any]) -> Fact | None:
    try:
        return fact_from(record)
    except Exception:  # noqa: BLE001  one bad record must not hide the others of its batch
        logger.exception("fact_unreadable")
        return None


def _change(record: Mapping[str, Any]) -> Change | None:
    """None: it cannot be read; what then has to be done is up to who settles it by itself."""
    try:
        return change_from(record)
    except Exception:  # noqa: BLE001  one bad record must not hinder the others of its batch
        return None


def _is_planned(changes: Sequence[Change]) -> bool:
    try:
        _patiently(lambda: container().plans.plan(changes))
    except Exception:  # noqa: BLE001  one bad change must not hinder the others of its network
        logger.exception("plan_together_failed", extra={"changes": len(changes)})
        return False
    return True


def _is_settled(record: Mapping[str, Any]) -> bool:
    try:
        _patiently(lambda: container().plans.plan([change_from(record)]))
    except Exception as error:  # noqa: BLE001  whatever it is, the records behind it must go on
        logger.exception("plan_failed")
        return _is_buried(record, error)
    return True


def _is_buried(record: Mapping[str, Any], reason: Exception) -> bool:
    try:
        network_id, revision = key_of(record)
        _patiently(lambda: container().plans.plan_for_everyone(network_id, revision))
    except Exception:  # noqa: BLE001  burying comes first: an operator redrives it
        logger.exception("plan_for_everyone_failed")
    try:
        container().dead_letters.bury(record, repr(reason))
    except Exception:  # noqa: BLE001  the stream keeps the record and tries again
        logger.exception("burial_failed")
        return False
    return True


def _patiently(act: Any) -> None:
    Retrying(stop=stop_after_attempt(ATTEMPTS), wait=wait_random_exponential(multiplier=0.05, max=0.5), reraise=True)(
        act
    )
