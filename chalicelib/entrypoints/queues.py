"""The queues: deliver pushes, remove networks; what fails is received again, then dead-lettered."""

import json
from collections.abc import Mapping
from typing import Any

from chalicelib.adapters.messages import push_from
from chalicelib.bootstrap import container
from chalicelib.domain.ids import NetworkId
from chalicelib.observability import logger

STEPS = 20  # of one message; a network that takes more is sent again


def deliver(event: Mapping[str, Any]) -> dict[str, Any]:
    failures = [record for record in event["Records"] if not _is_delivered(record)]
    logger.info("delivered", extra={"messages": len(event["Records"]), "failed": len(failures)})
    return {"batchItemFailures": [{"itemIdentifier": record["messageId"]} for record in failures]}


def remove(event: Mapping[str, Any]) -> dict[str, Any]:
    """Go on removing networks that are being deleted."""
    failures = [record for record in event["Records"] if not _is_removed(record)]
    logger.info("removed", extra={"messages": len(event["Records"]), "failed": len(failures)})
    return {"batchItemFailures": [{"itemIdentifier": record["messageId"]} for record in failures]}


def _is_removed(record: Mapping[str, Any]) -> bool:
    try:
        network_id = NetworkId(json.loads(record["body"])["network_id"])
        if all(container().removals.step(network_id) for _ in range(STEPS)):
            container().removal_queue.start(network_id)
    except Exception:  # noqa: BLE001  one bad message must not fail the others of its batch
        logger.exception("removal_failed", extra={"message_id": record["messageId"]})
        return False
    return True


def _is_delivered(record: Mapping[str, Any]) -> bool:
    try:
        container().deliveries.deliver(push_from(record["body"]))
    except Exception:  # noqa: BLE001  one bad message must not fail the others of its batch
        logger.exception("delivery_failed", extra={"message_id": record["messageId"]})
        return False
    return True
