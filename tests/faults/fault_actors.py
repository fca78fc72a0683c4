"""Actors for workers that are killed in tests; loaded by real worker processes."""

import math
import os
import signal
import threading

import dramatiq

from worker.queue.broker import LONG, SHORT, broker, resources


@dramatiq.actor(broker=broker, queue_name=SHORT)
def note(label: str) -> None:
    """Leaves a mark in Redis with the process that did it."""
    broker.client.rpush("noted", f"{label} {os.getpid()}")


@dramatiq.actor(broker=broker, queue_name=SHORT)
def hang(label: str) -> None:
    """Says that it has begun, then goes on until `let-go` is set."""
    broker.client.rpush("begun", f"{label} {os.getpid()}")
    while not broker.client.exists("let-go"):
        threading.Event().wait(0.02)
    broker.client.rpush("ended", f"{label} {os.getpid()}")


@dramatiq.actor(broker=broker, queue_name=SHORT)
def poison() -> None:
    """Kills its worker, as running out of memory does."""
    broker.client.rpush("poisoned", str(os.getpid()))
    os.kill(os.getpid(), signal.SIGKILL)


@dramatiq.actor(broker=broker, queue_name=LONG)
def pages(label: str) -> None:
    """Works page by page until it is told to stop."""
    broker.client.rpush("begun", f"{label} {os.getpid()}")
    page = 0
    while not resources.stopping():
        page += 1
        broker.client.set("page-begun", page)
        threading.Event().wait(0.05)
        broker.client.set("page-ended", page)
    broker.client.rpush("stopped", label)


@dramatiq.actor(broker=broker, queue_name=SHORT, time_limit=300)
def stuck(label: str) -> None:
    """Is stuck at its first try, beyond its time limit."""
    _read_for_ever(label)


@dramatiq.actor(broker=broker, queue_name=LONG, time_limit=math.inf)
def stuck_without_limit(label: str) -> None:
    """Is stuck at its first try, silently."""
    _read_for_ever(label)


def _read_for_ever(label: str) -> None:
    """As a socket without a timeout: no exception reaches a thread in there."""
    broker.client.rpush("begun", f"{label} {os.getpid()}")
    if broker.client.incr(f"tries {label}") == 1:
        reading, _ = os.pipe()
        os.read(reading, 1)
