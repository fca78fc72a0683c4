"""Reading pages from NetSuite ahead of the database, as many at once as there are slots."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TypeVar

from connectors.netsuite.sales_orders import OrderPage

Key = TypeVar("Key")
Result = TypeVar("Result")
Reads = tuple[Key, Iterator[OrderPage]]


@contextmanager
def beside(work: Callable[[], Result]) -> Iterator[Callable[[], Result]]:
    """Begin `work` in a thread of its own. What is handed out waits for its result, or raises its error."""
    executor = ThreadPoolExecutor(1, thread_name_prefix="beside")
    try:
        yield executor.submit(work).result
    finally:
        executor.shutdown(wait=False, cancel_futures=True)  # as below


@contextmanager
def prefetched(reads: Iterable[Reads[Key]], at_once: int) -> Iterator[Iterator[tuple[Key, OrderPage]]]:
    """Pages of several reads in the order they arrive, at most `at_once` requests in flight and twice that held.

    Twice as many reads are begun as there are requests at once, so that the next one goes out when an answer is
    in, not when the caller has dealt with it: the network never waits for the database. Pages of one read stay in
    order. An error of a read is raised to the caller.
    """
    executor = ThreadPoolExecutor(at_once, thread_name_prefix="fetch")
    try:
        yield _pages(executor, iter(reads), 2 * at_once)
    finally:
        # Not waiting: an answer still under way may take minutes, and whoever stops here has seconds.
        executor.shutdown(wait=False, cancel_futures=True)


def _pages(
    executor: ThreadPoolExecutor, reads: Iterator[Reads[Key]], begun: int
) -> Iterator[tuple[Key, OrderPage]]:
    waiting: dict[Future[OrderPage | None], Reads[Key]] = {}

    def start(read: Reads[Key] | None) -> None:
        if read is not None:
            waiting[executor.submit(next, read[1], None)] = read

    for _ in range(begun):
        start(next(reads, None))
    while waiting:
        arrived = _arrived(waiting)
        while arrived:
            future = arrived.pop(0)
            key, pages = waiting.pop(future)
            page = future.result()
            start((key, pages) if page is not None and not page.last else next(reads, None))
            if page is not None:
                yield key, page


def _arrived(waiting: Iterable[Future[OrderPage | None]]) -> list[Future[OrderPage | None]]:
    """Those that are done, in the order they were begun, so that an error loses no page that came before it."""
    done, _ = wait(waiting, return_when=FIRST_COMPLETED)
    return [future for future in waiting if future in done]
