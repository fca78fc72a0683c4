"""What a benchmark measured, against the figure it has to reach."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True)
class Spread:
    """Values of repeated runs."""

    values: tuple[float, ...]
    unit: str = ""

    @classmethod
    def of(cls, values: Sequence[float], unit: str = "") -> "Spread":
        return cls(tuple(values), unit)

    @property
    def median(self) -> float:
        return median(self.values)

    def __str__(self) -> str:
        low, high = min(self.values), max(self.values)
        middle = f"{number(self.median)}{self.unit}"
        return middle if low == high else f"{middle} ({number(low)} … {number(high)})"


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table. `value` is what `limit` is about; `floor` and `ours` are what it was made of.

    `worst`: the worst run has to keep the limit, not the median one.
    """

    name: str
    work: str
    value: Spread
    limit: float
    at_least: bool = False
    worst: bool = False
    floor: Spread | None = None
    ours: Spread | None = None
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def judged(self) -> float:
        if not self.worst:
            return self.value.median
        return min(self.value.values) if self.at_least else max(self.value.values)

    @property
    def reached(self) -> bool:
        return self.judged >= self.limit if self.at_least else self.judged <= self.limit

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "work": self.work,
            "reached": self.reached,
            "limit": self.limit,
            "limit_is": "at least" if self.at_least else "at most",
            "judged_by": "worst run" if self.worst else "median",
            "value": _json(self.value),
            "floor": _json(self.floor),
            "ours": _json(self.ours),
            "facts": self.facts,
        }


def ratios(ours: Sequence[float], floor: Sequence[float]) -> Spread:
    """Ours by floor, of runs that followed each other: what slows the machine for a while slows both."""
    return Spread.of([mine / bare for mine, bare in zip(ours, floor, strict=True)], "×")


def number(value: float) -> str:
    """Three digits that count, thousands apart."""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def table(figures: Sequence[Figure]) -> str:
    """Markdown: median, and least … most of the runs where there were several."""
    rows = [["", "Work", "Figure", "Measured", "Floor", "Ours", ""]]
    rows += [_row(figure) for figure in figures]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])


def _row(figure: Figure) -> list[str]:
    limit = f"{'≥' if figure.at_least else '≤'} {number(figure.limit)}{figure.value.unit}"
    return [
        figure.name,
        figure.work,
        limit,
        str(figure.value),
        str(figure.floor or ""),
        str(figure.ours or ""),
        "PASS" if figure.reached else "MISS",
    ]


def _json(spread: Spread | None) -> dict[str, Any] | None:
    if spread is None:
        return None
    return {"median": spread.median, "runs": list(spread.values), "unit": spread.unit.strip()}
