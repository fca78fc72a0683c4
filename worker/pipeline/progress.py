"""How far a run is and how long it will take, from its row."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any


@dataclass(frozen=True, slots=True)
class Progress:
    """`total` is None where nobody can know it beforehand; `left` is None as long as nothing is done."""

    done: int
    total: int | None
    elapsed: timedelta
    left: timedelta | None

    @property
    def percent(self) -> int | None:
        if not self.total:
            return None
        return min(100, 100 * self.done // self.total)


def of_run(run: Mapping[str, Any], now: datetime) -> Progress | None:
    """Progress of a run that is under way (a row with kind, state, counts, progress, started_at); else None."""
    if run["state"] != "running" or run["started_at"] is None:
        return None
    done, total = _parts(run["counts"], run["progress"])
    elapsed = now - run["started_at"]
    left = elapsed / done * (total - done) if total and 0 < done <= total else None
    return Progress(done, total, elapsed, left)


def _parts(counts: Mapping[str, Any], progress: Mapping[str, Any]) -> tuple[int, int | None]:
    """Pages of a full pull, tenants of an undo, rows of an edit: these know their number; other pulls do not."""
    if "rows" in progress:
        return progress["done"], progress["rows"]
    if "tenants" in progress:
        return len(progress.get("done", [])), progress["tenants"]
    return counts.get("pages", 0), progress.get("ranges")
