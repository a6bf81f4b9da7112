"""The queues: deliver pushes, run errands, take words on keys, remove networks; what fails comes again, then is
dead-lettered."""

import json
from collections.abc import Mapping
from typing import Any, assert_never

from chalicelib.adapters.messages import errand_from, held_from, message_from
from chalicelib.application.deliveries import without_stale
from chalicelib.bootstrap import container
from chalicelib.domain.ids import NetworkId
from chalicelib.domain.rotation import PskHeld
from chalicelib.observability import logger
from chalicelib.ports import Check, Push

WORD_S = 0.008  # a word: two batches at once make 250 changes of peers a second, of some 3 write units each
STEPS = 20  # of one message; a network that takes more is sent again


def deliver(event: Mapping[str, Any]) -> dict[str, Any]:
    """Deliver a batch of pushes, and look for agents that are late."""
    messages = {record["messageId"]: _message(record) for record in event["Records"]}
    pushes = {known: message for known, message in messages.items() if isinstance(message, Push)}
    fresh = dict(zip(pushes, without_stale(list(pushes.values())), strict=True))
    in_turn = sorted(messages, key=lambda known: known in fresh and bool(fresh[known].after))  # who waits goes last
    failed = [known for known in in_turn if not _is_done(known, fresh.get(known, messages[known]))]
    logger.info("delivered", extra={"messages": len(messages), "failed": len(failed)})
    return {"batchItemFailures": [{"itemIdentifier": known} for known in failed]}


def failover(event: Mapping[str, Any]) -> dict[str, Any]:
    """Look after jumps that may be dead."""
    failures = [record for record in event["Records"] if not _is_run(record)]
    logger.info("errands_run", extra={"messages": len(event["Records"]), "failed": len(failures)})
    return {"batchItemFailures": [{"itemIdentifier": record["messageId"]} for record in failures]}


def _is_run(record: Mapping[str, Any]) -> bool:
    try:
        container().failover.run(errand_from(record["body"]))
    except Exception:  # noqa: BLE001  one bad message must not fail the others of its batch
        logger.exception("errand_failed", extra={"message_id": record["messageId"]})
        return False
    return True


def hold(event: Mapping[str, Any]) -> dict[str, Any]:
    """Take a batch of agents' words on preshared keys, no faster than the partition of a network's log takes them."""
    words = {record["messageId"]: _word(record) for record in event["Records"]}
    failed = [known for known, word in words.items() if word is None]
    try:
        container().rotations.hold(word for word in words.values() if word is not None)
    except Exception:  # noqa: BLE001  whatever it is, the words come again
        logger.exception("words_not_taken", extra={"messages": len(words)})
        failed = list(words)
    container().clock.sleep(len(words) * WORD_S)
    logger.info("keys_held", extra={"messages": len(words), "failed": len(failed)})
    return {"batchItemFailures": [{"itemIdentifier": known} for known in failed]}


def _word(record: Mapping[str, Any]) -> PskHeld | None:
    """None: it cannot be read."""
    try:
        return held_from(record["body"])
    except Exception:  # noqa: BLE001  one bad message must not fail the others of its batch
        logger.exception("word_unreadable", extra={"message_id": record["messageId"]})
        return None


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


def _message(record: Mapping[str, Any]) -> Push | Check | None:
    """None: it cannot be read."""
    try:
        return message_from(record["body"])
    except Exception:  # noqa: BLE001  one bad message must not fail the others of its batch
        logger.exception("message_unreadable", extra={"message_id": record["messageId"]})
        return None


def _is_done(message_id: str, message: Push | Check | None) -> bool:
    try:
        match message:
            case None:
                return False
            case Check():
                _check(message)
            case Push():
                container().deliveries.deliver(message)
            case _:
                assert_never(message)
    except Exception:  # noqa: BLE001  one bad message must not fail the others of its batch
        logger.exception("delivery_failed", extra={"message_id": message_id})
        return False
    return True


def _check(check: Check) -> None:
    late = container().proofs.check(check)
    if late:
        fields = {"network_id": check.network_id, "revision": check.last, "agents": late}
        logger.warning("agents_late", extra=fields)
