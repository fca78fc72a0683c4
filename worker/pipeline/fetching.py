"""Reading pages from NetSuite ahead of the database, as many at once as there are slots."""

from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TypeVar

from connectors.netsuite.sales_orders import OrderPage

Key = TypeVar("Key")
Reads = tuple[Key, Iterator[OrderPage]]


@contextmanager
def prefetched(reads: Iterable[Reads[Key]], at_once: int) -> Iterator[Iterator[tuple[Key, OrderPage]]]:
    """Pages of several reads in the order they arrive, at most `at_once` requests in flight and twice that held.

    A read's next page is asked for as soon as one arrives, before the caller has it, so that the network never
    waits for the database. Pages of one read stay in order. An error of a read is raised to the caller.
    """
    executor = ThreadPoolExecutor(at_once, thread_name_prefix="fetch")
    try:
        yield _pages(executor, iter(reads), at_once)
    finally:
        # Not waiting: an answer still under way may take minutes, and whoever stops here has seconds.
        executor.shutdown(wait=False, cancel_futures=True)


def _pages(
    executor: ThreadPoolExecutor, reads: Iterator[Reads[Key]], at_once: int
) -> Iterator[tuple[Key, OrderPage]]:
    waiting: dict[Future[OrderPage | None], Reads[Key]] = {}

    def start(read: Reads[Key] | None) -> None:
        if read is not None:
            waiting[executor.submit(next, read[1], None)] = read

    for _ in range(at_once):
        start(next(reads, None))
    while waiting:
        arrived, _ = wait(waiting, return_when=FIRST_COMPLETED)
        for future in arrived:
            key, pages = waiting.pop(future)
            page = future.result()
            start((key, pages) if page is not None and not page.last else next(reads, None))
            if page is not None:
                yield key, page
