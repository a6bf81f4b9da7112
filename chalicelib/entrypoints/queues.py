"""The queue of pushes: deliver each; what fails is received again, then dead-lettered."""

from collections.abc import Mapping
from typing import Any

from chalicelib.adapters.messages import push_from
from chalicelib.bootstrap import container
from chalicelib.observability import logger


def deliver(event: Mapping[str, Any]) -> dict[str, Any]:
    failures = [record for record in event["Records"] if not _is_delivered(record)]
    logger.info("delivered", extra={"messages": len(event["Records"]), "failed": len(failures)})
    return {"batchItemFailures": [{"itemIdentifier": record["messageId"]} for record in failures]}


def _is_delivered(record: Mapping[str, Any]) -> bool:
    try:
        container().deliveries.deliver(push_from(record["body"]))
    except Exception:  # noqa: BLE001  one bad message must not fail the others of its batch
        logger.exception("delivery_failed", extra={"message_id": record["messageId"]})
        return False
    return True
