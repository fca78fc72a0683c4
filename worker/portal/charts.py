"""Bars of charts as shares of the longest one. Numbers only: the template draws them beside their table."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from models.portal_summary import Period, Summary
from models.status import Status
from worker.pages.words import day

SHOWN_PERIODS = 12


@dataclass(frozen=True, slots=True)
class CourseBar:
    """Enrollments of one course version. The shares are in percent of the course with the most."""

    title: str
    version: str
    enrolled: int
    expired: int
    enrolled_share: float
    expired_share: float


def course_bars(summary: Summary) -> list[CourseBar]:
    """One bar a course version, by title."""
    numbers = {
        keys: (title, summary.of(keys).total(Status.ENROLLED), summary.of(keys).total(Status.EXPIRED))
        for keys, title in summary.courses().items()
    }
    most = max((enrolled + expired for _, enrolled, expired in numbers.values()), default=0)
    return [
        CourseBar(title, version, enrolled, expired, _share(enrolled, most), _share(expired, most))
        for (_, version), (title, enrolled, expired) in numbers.items()
    ]


@dataclass(frozen=True, slots=True)
class EndingBar:
    """Enrollments whose last day is in one period. The share is in percent of the period with the most."""

    label: str
    enrollments: int
    share: float


def ending_bars(summary: Summary, today: date, period: Period) -> list[EndingBar]:
    """What ends when: the present period and the next ones, empty ones too; then later, over, and never."""
    endings = summary.endings()
    periods = _periods(today, period)
    counted = {_label(start, period): endings.get(start, 0) for start in periods}
    others = {start: n for start, n in endings.items() if start is not None and start not in periods}
    counted |= {
        "Later": sum(n for start, n in others.items() if start > periods[-1]),
        "Last day over, expiry paused": sum(n for start, n in others.items() if start < periods[0]),
        "No end date": endings.get(None, 0),
    }
    return _bars(counted, always=len(periods))


def _bars(counted: Mapping[str, int], always: int) -> list[EndingBar]:
    """Bars of the first `always` labels, and of the others that count something."""
    most = max(counted.values(), default=0)
    shown = [(label, n) for place, (label, n) in enumerate(counted.items()) if place < always or n]
    return [EndingBar(label, n, _share(n, most)) for label, n in shown]


def _periods(today: date, period: Period) -> list[date]:
    if period == "week":
        monday = today - timedelta(days=today.weekday())
        return [monday + timedelta(weeks=n) for n in range(SHOWN_PERIODS)]
    months = [today.year * 12 + today.month - 1 + n for n in range(SHOWN_PERIODS)]
    return [date(month // 12, month % 12 + 1, 1) for month in months]


def _label(start: date, period: Period) -> str:
    return f"Week of {day(start)}" if period == "week" else f"{start:%b %Y}"


def _share(part: int, whole: int) -> float:
    return round(100 * part / whole, 2) if whole else 0.0
