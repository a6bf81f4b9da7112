"""The queues: deliver pushes, run failover tasks, take words on keys, remove networks; what fails comes again, then is
dead-lettered."""

from collections.abc import Mapping
from typing import Any, assert_never

from chalicelib.application.push.deliveries import without_stale
from chalicelib.application.retry import PATIENCE_S
from chalicelib.bootstrap.container import container
from chalicelib.domain.peer.absence import AbsenceCheck
from chalicelib.domain.peer.key_rotation import PskHeld
from chalicelib.entrypoints.batch import Record, RemainingSeconds, endless, work_off
from chalicelib.observability import logger
from chalicelib.ports.queues import Check, Push

WORD_S = 0.008  # a word: two batches at once make 250 changes of peers a second, of some 3 write units each
STEPS = 20  # of one message; a network that takes more is sent again
MOST_TURNS = 5_000  # of 200 peers each: far above any network
NEEDED_S = PATIENCE_S + 10  # for one failover task or step: deciding again, and its requests when they are slow


class RemovalEndless(Exception):
    """A network that took MOST_TURNS and is not gone: something brings back what is removed."""


def deliver(event: Mapping[str, Any], remaining_s: RemainingSeconds = endless) -> dict[str, Any]:
    """Deliver a batch of pushes, and look for agents that are late."""
    messages = {record["messageId"]: _message(record) for record in event["Records"]}
    pushes = {message_id: message for message_id, message in messages.items() if isinstance(message, Push)}
    fresh = dict(zip(pushes, without_stale(list(pushes.values())), strict=True))

    def last(record: Record) -> tuple[bool, bool]:
        """Who waits goes after those who need not, and who only looks after all."""
        message_id = record["messageId"]
        return message_id not in fresh, message_id in fresh and bool(fresh[message_id].after)

    def deliver_one(record: Record) -> bool:
        message_id = record["messageId"]
        return _deliver_one(message_id, fresh.get(message_id, messages[message_id]))

    answer = work_off(sorted(event["Records"], key=last), deliver_one, remaining_s, NEEDED_S)
    logger.info("delivered", extra={"messages": len(messages), "failed": len(answer["batchItemFailures"])})
    return answer


def failover(event: Mapping[str, Any], remaining_s: RemainingSeconds = endless) -> dict[str, Any]:
    """Look after jumps that may be dead, and ephemeral peers that may be gone."""
    answer = work_off(event["Records"], _run_task, remaining_s, NEEDED_S)
    logger.info(
        "failover_tasks_run", extra={"messages": len(event["Records"]), "failed": len(answer["batchItemFailures"])}
    )
    return answer


def _run_task(record: Record) -> bool:
    """Run one failover task; answers whether it succeeded."""
    try:
        task = container().messages.failover_task_from(record["body"])
        if isinstance(task, AbsenceCheck):
            container().absences.look(task)
        else:
            container().failover.run(task)
    except Exception:  # noqa: BLE001  one bad message must not fail the others of its batch
        logger.exception("failover_task_failed", extra={"message_id": record["messageId"]})
        return False
    return True


def hold(event: Mapping[str, Any], remaining_s: RemainingSeconds = endless) -> dict[str, Any]:
    """Take a batch of agents' words on preshared keys, no faster than the partition of a network's log takes them."""
    words = {record["messageId"]: _word(record) for record in event["Records"]}
    failed = {message_id for message_id, word in words.items() if word is None}
    try:
        container().rotations.hold(word for word in words.values() if word is not None)
    except Exception:  # noqa: BLE001  whatever it is, the words come again
        logger.exception("words_not_taken", extra={"messages": len(words)})
        failed = set(words)
    container().clock.sleep(len(words) * WORD_S)
    answer = work_off(event["Records"], lambda record: record["messageId"] not in failed, remaining_s, needed_s=0)
    logger.info("keys_held", extra={"messages": len(words), "failed": len(failed)})
    return answer


def _word(record: Record) -> PskHeld | None:
    """None: it cannot be read."""
    try:
        return container().messages.held_from(record["body"])
    except Exception:  # noqa: BLE001  one bad message must not fail the others of its batch
        logger.exception("word_unreadable", extra={"message_id": record["messageId"]})
        return None


def remove(event: Mapping[str, Any], remaining_s: RemainingSeconds = endless) -> dict[str, Any]:
    """Go on removing networks that are being deleted."""
    answer = work_off(event["Records"], lambda record: _remove_one(record, remaining_s), remaining_s, NEEDED_S)
    logger.info("removed", extra={"messages": len(event["Records"]), "failed": len(answer["batchItemFailures"])})
    return answer


def _remove_one(record: Record, remaining_s: RemainingSeconds) -> bool:
    """Do some steps of one removal, and have it gone on with; answers whether that succeeded."""
    try:
        network_id, turn = container().messages.removal_from(record["body"])
        if turn >= MOST_TURNS:
            raise RemovalEndless(network_id)
        for _ in range(STEPS):
            if not container().removals.step(network_id):
                return True
            if remaining_s() < NEEDED_S:
                break
        container().removal_queue.start(network_id, turn + 1)
    except Exception:  # noqa: BLE001  one bad message must not fail the others of its batch
        logger.exception("removal_failed", extra={"message_id": record["messageId"]})
        return False
    return True


def _message(record: Record) -> Push | Check | None:
    """None: it cannot be read."""
    try:
        return container().messages.message_from(record["body"])
    except Exception:  # noqa: BLE001  one bad message must not fail the others of its batch
        logger.exception("message_unreadable", extra={"message_id": record["messageId"]})
        return None


def _deliver_one(message_id: str, message: Push | Check | None) -> bool:
    """Deliver a push, or check for late agents; answers whether it succeeded."""
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
    late = container().rollouts.check(check)
    if late:
        fields = {"network_id": check.network_id, "revision": check.last, "agents": late}
        logger.warning("agents_late", extra=fields)
