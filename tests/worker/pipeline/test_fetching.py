"""Reading ahead: pages of one read in order, never more at once than allowed, errors to the caller."""

from collections.abc import Iterator
from datetime import UTC, datetime
from threading import Condition, Event

import pytest

from connectors.errors import TryAgain
from connectors.netsuite.sales_orders import OrderPage
from worker.pipeline.fetching import prefetched

NOW = datetime(2026, 3, 10, tzinfo=UTC)
PATIENCE = 20.0  # seconds


def page(number: int, last: bool = False) -> OrderPage:
    return OrderPage([], [], number, None, None, last, NOW)


def pages(count: int, announced: bool = True) -> Iterator[OrderPage]:
    """`count` pages; the last one says so, or the read just ends."""
    for number in range(count):
        yield page(number, announced and number == count - 1)


@pytest.mark.parametrize("announced", [True, False])
@pytest.mark.parametrize("at_once", [1, 3])
def test_every_page_arrives_once_and_those_of_a_read_in_order(at_once: int, announced: bool) -> None:
    reads = {"a": 4, "b": 1, "c": 7, "d": 0 if not announced else 2}
    with prefetched(((key, pages(count, announced)) for key, count in reads.items()), at_once) as arriving:
        arrived = [(key, found.low) for key, found in arriving]
    assert {key: [low for name, low in arrived if name == key] for key in reads} == {
        key: list(range(count)) for key, count in reads.items()
    }


def test_no_more_at_once_than_allowed() -> None:
    crowd = Crowd()
    with prefetched(((n, crowd.pages(3)) for n in range(6)), 2) as arriving:
        assert len(list(arriving)) == 18
    assert crowd.most == 2


class Crowd:
    """Counts who is inside at once; nobody leaves before the second has come, but for the very last."""

    def __init__(self) -> None:
        self.changed = Condition()
        self.inside = self.most = 0

    def pages(self, count: int) -> Iterator[OrderPage]:
        for found in pages(count):
            with self.changed:
                self.inside += 1
                self.most = max(self.most, self.inside)
                self.changed.notify_all()
                self.changed.wait_for(lambda: self.most >= 2, PATIENCE)
                self.inside -= 1
            yield found


def test_the_next_page_is_asked_for_before_the_caller_has_this_one() -> None:
    asked = Event()

    def reading() -> Iterator[OrderPage]:
        yield page(0)
        asked.set()
        yield page(1, last=True)

    with prefetched([("a", reading())], 1) as arriving:
        next(arriving)
        assert asked.wait(PATIENCE)


def test_the_error_of_a_read_reaches_the_caller_behind_its_pages() -> None:
    def breaking() -> Iterator[OrderPage]:
        yield page(0)
        raise TryAgain("netsuite-unavailable", "NetSuite does not answer.", "Wait.")

    arrived = []
    with pytest.raises(TryAgain), prefetched([("a", breaking())], 2) as arriving:
        arrived += [found.low for _, found in arriving]
    assert arrived in ([], [0])


def test_whoever_leaves_early_waits_for_no_answer() -> None:
    released = Event()

    def slow() -> Iterator[OrderPage]:
        yield page(0)
        released.wait(PATIENCE)
        yield page(1, last=True)

    with prefetched([("a", slow())], 1) as arriving:
        next(arriving)
    assert not released.is_set()
    released.set()
