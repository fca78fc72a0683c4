"""Every benchmark at tiny sizes: that it does its work and counts right. Never how long it takes."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from worker.embedded import Addresses

from .__main__ import BENCHMARKS
from .bench import TINY, Bench
from .figures import Figure, Spread, ratios, table
from .pages import LISTS
from .world import Worlds

RIGHTS = Path(__file__).parent.parent / "worker/web/rights_expected.txt"
# No lists or details: files, parts of a page that is measured whole, forms, signing in, a page that only leads on.
NO_LIST = re.compile(
    r"/(\{form\}|csv|json|rows|now|strip|calls|live|new|edit|enroll|preview|undo|expire|map)$|\.(csv|xlsx)$"
    r"|^/(login|password)|^/console$|^/console/attention$"
)

# The killing of workers is tested in tests/faults; it takes its ten seconds at any size.
NAMES = [name for name in BENCHMARKS if name != "Q10"]
COUNTED = {
    "Q3": [0.0, 0.0],  # rows written, in either size
    "Q4": [3.0, 0.0],  # calls, rows written
}


@pytest.fixture(scope="module")
def bench(servers: Addresses) -> Bench:
    return Bench(servers, TINY)


@pytest.fixture(scope="module")
def worlds(bench: Bench) -> Iterator[Worlds]:
    with ExitStack() as stack:
        yield Worlds(bench, stack)


@pytest.mark.parametrize("name", NAMES)
def test_each_benchmark_does_its_work(bench: Bench, worlds: Worlds, name: str) -> None:
    figures = BENCHMARKS[name](bench, worlds)
    assert {figure.name for figure in figures} == {name}
    assert all(figure.value.values for figure in figures)
    counted = [figure.judged for figure in figures]
    assert counted == COUNTED.get(name, counted)
    idle = [figure for figure in figures if "transaction id" in figure.work]
    assert all(figure.judged == 0 for figure in idle)
    in_flight = [figure for figure in figures if "in flight" in figure.work]
    assert all(figure.judged <= TINY.slots for figure in in_flight)


def test_every_list_and_detail_of_the_pages_is_measured() -> None:
    """A page that comes to the console or the portal comes to Q12 too."""
    measured = {address.partition("?")[0] for lists in LISTS.values() for address in lists.values()}
    missing = [path for path in _lists() if not any(map(re.compile(path).fullmatch, measured))]
    assert missing == []


def _lists() -> Iterator[str]:
    """Addresses of lists and details that only some people may open, as patterns."""
    for line in RIGHTS.read_text().splitlines():
        method, path, roles = [*line.split(maxsplit=2), "", "", ""][:3]
        if method == "GET" and roles not in ("anybody", "nobody") and not NO_LIST.search(path):
            yield re.sub(r"\{\w+\}", "[^/]+", path)


def test_a_figure_is_judged_by_its_median_or_its_worst_run() -> None:
    runs = Spread.of([1.0, 1.1, 1.5], "×")
    assert Figure("Q0", "median", runs, 1.2).reached
    assert not Figure("Q0", "worst", runs, 1.2, worst=True).reached
    assert not Figure("Q0", "at least", runs, 1.2, at_least=True).reached


def test_the_table_shows_median_least_and_most() -> None:
    figure = Figure("Q0", "work", ratios([2.0, 3.0, 1.0], [2.0, 2.0, 2.0]), 0.8, floor=Spread.of([2.0], " s"))
    line = table([figure]).splitlines()[-1]
    assert line == "| Q0 | work | ≤ 0.8× | 1× (0.5 … 1.5) | 2 s   |      | MISS |"
