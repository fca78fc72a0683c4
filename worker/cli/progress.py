"""How far a run is, on stderr: a bar on a terminal, a line now and then elsewhere."""

import sys
import time
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

LINE_SECONDS = 5.0


class Bar:
    """`show` takes the number done, the total if it is known, and what else there is to say."""

    def __init__(self, title: str, *, quiet: bool = False) -> None:
        self._title = title
        self._quiet = quiet
        self._progress = _bar() if sys.stderr.isatty() and not quiet else None
        self._task = self._progress.add_task(title, total=None, detail="") if self._progress else None
        self._started = self._said = time.monotonic()

    def __enter__(self) -> Self:
        if self._progress:
            self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._progress:
            self._progress.stop()

    def show(self, done: float, total: float | None, detail: str) -> None:
        if self._progress and self._task is not None:
            self._progress.update(self._task, completed=done, total=total, detail=detail)
        elif not self._quiet and time.monotonic() - self._said >= LINE_SECONDS:
            self._said = time.monotonic()
            share = f"{done / total:.0%} " if total else ""
            print(f"{self._title}: {share}{detail}", file=sys.stderr, flush=True)

    def rate(self, count: int) -> float:
        """How many a second since this bar was made."""
        return count / max(time.monotonic() - self._started, 0.001)


def _bar() -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=28),
        TextColumn("{task.fields[detail]}", markup=False),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )


def run_detail(row: dict[str, Any], bar: Bar) -> tuple[float, float | None, str]:
    """Done, total and detail of a run's row: pages of a full pull are known beforehand, of others not."""
    counts, progress = row["counts"], row["progress"]
    if row["state"] == "queued":
        return 0, None, "waiting for a worker"
    read = counts.get("read", 0)
    detail = f"{read:,} orders, {bar.rate(read):,.0f}/s, {counts.get('landed_new', 0):,} new"
    detail += f", {counts.get('landed_changed', 0):,} changed, {counts.get('rejected', 0):,} rejected"
    return counts.get("pages", 0), progress.get("ranges"), detail
