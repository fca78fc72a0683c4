"""Rings for workers: "look now". The row is the work; a ring that gets lost delays it a little.

Every function returns whether a message was sent. When Redis cannot be reached that is logged, not raised: the
scheduler rings again for whatever is still due.
"""

import redis
from dramatiq import Message

from worker.logs import get_logger
from worker.queue.broker import CALLS, LONG, SHORT, broker

log = get_logger(__name__)

# With this many messages waiting nobody is listening, and more would only fill Redis.
MOST_WAITING = 1000


def ring_run(run_id: int) -> bool:
    """For a run that is queued or has lost its worker."""
    return _ring(LONG, "perform_run", run_id)


def ring_reconcile(tenant_id: int) -> bool:
    """For a tenant whose landing rows wait to be accepted."""
    return _ring(SHORT, "reconcile_tenant", tenant_id)


def ring_expire() -> bool:
    """For enrollments whose boundary has passed."""
    return _ring(SHORT, "expire_due")


def ring_retry() -> bool:
    """For rejected rows that are to be asked for again."""
    return _ring(SHORT, "retry_rejected")


def ring_names() -> bool:
    """For customers whose names were not asked for lately."""
    return _ring(SHORT, "name_customers")


def ring_mails() -> bool:
    """For mails that are to be sent."""
    return _ring(CALLS, "send_mails")


def ring_digest() -> bool:
    """For the weekly list of orders that end."""
    return _ring(SHORT, "write_digest")


def ring_look() -> bool:
    """For ticks that wait to be turned into runs."""
    return _ring(SHORT, "look_for_work")


def ring_webhook(webhook_id: int) -> bool:
    """For a webhook that is to be called."""
    return _ring(CALLS, "call_webhook", webhook_id)


def _ring(queue: str, actor: str, *arguments: int) -> bool:
    message: Message[None] = Message(queue_name=queue, actor_name=actor, args=arguments, kwargs={}, options={})
    try:
        if waiting(queue) >= MOST_WAITING:
            log.warning("not-rung-queue-is-long", actor=actor, arguments=arguments)
            return False
        broker.enqueue(message)
    except redis.RedisError as error:
        log.warning("not-rung", actor=actor, arguments=arguments, reason=type(error).__name__)
        return False
    log.debug("rung", actor=actor, arguments=arguments)
    return True


def waiting(queue: str) -> int:
    """Messages of a queue that no worker has acknowledged yet."""
    return int(broker.client.hlen(f"{broker.namespace}:{queue}.msgs"))
