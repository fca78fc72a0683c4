"""Telling workers, from a page, that something is due."""

from collections.abc import Callable
from functools import lru_cache

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from worker.pages.context import web_of
from worker.queue.broker import broker


async def ring(request: Request, bell: Callable[..., bool], *ids: int) -> None:
    """Ring one of `worker.queue.doorbell`. Nobody to be rung: the scheduler finds what is due by itself."""
    url = web_of(request).redis_url
    if url is not None:
        await run_in_threadpool(_ring, url, bell, ids)


def _ring(url: str, bell: Callable[..., bool], ids: tuple[int, ...]) -> None:
    _connect(url)
    bell(*ids)


@lru_cache(maxsize=1)
def _connect(url: str) -> None:
    broker.connect(url)
