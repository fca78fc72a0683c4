"""How the demo looks: one live screen on a terminal, plain lines elsewhere."""

import os
from collections import deque
from collections.abc import Iterable
from datetime import UTC, datetime
from types import TracebackType
from typing import Protocol, Self, TextIO
from zoneinfo import ZoneInfo

from rich.console import Console, Group, RenderableType
from rich.layout import Layout
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from worker.demo import people
from worker.demo.feed import Picture, Row, Told
from worker.status import in_words

STYLES = {
    "sales": "cyan",
    "order": "blue",
    "expired": "bold dark_orange",
    "reinstated": "green",
    "hold": "bold magenta",
    "run": "dim",
    "people": "default",
    "note": "bold",
}
LABELS = {"sales": "sales desk", "note": ""}
KEPT = 200


class View(Protocol):
    """Shows a picture each time it changes."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    def show(self, picture: Picture, told: Iterable[Told]) -> None: ...


class Lines:
    """One line a happening, for pipes and logs; now and then one with the numbers. `out` None: silent."""

    SUMMARY_EVERY = 10  # looks

    def __init__(self, out: TextIO | None) -> None:
        self._out = out
        self._looks = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def show(self, picture: Picture, told: Iterable[Told]) -> None:
        if self._out is None:
            return
        for line in told:
            print(f"{_clock(line.at)}  {line.tenant or '-':<10} {line.kind:<10} {line.text}", file=self._out)
        self._looks += 1
        if picture.status is not None and self._looks % self.SUMMARY_EVERY == 0:
            state = f"{picture.status.verdict}, {_summary(picture)}"
            print(f"{_clock(picture.status.facts.now)}  {'-':<10} {'status':<10} {state}", file=self._out)
        self._out.flush()


class Screen:
    """Tenants and runs above, happenings below, redrawn a few times a second."""

    def __init__(self, out: TextIO, title: str) -> None:
        self._console = Console(file=out, force_terminal=True, no_color=bool(os.environ.get("NO_COLOR")))
        self._title = title
        self._told: deque[Told] = deque(maxlen=KEPT)
        self._live = Live(console=self._console, screen=True, auto_refresh=False)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def show(self, picture: Picture, told: Iterable[Told]) -> None:
        self._told.extend(told)
        self._live.update(self._drawn(picture), refresh=True)

    def _drawn(self, picture: Picture) -> RenderableType:
        height = self._console.size.height
        above = 3 + max(len(picture.tenants), 5)
        layout = Layout()
        layout.split_column(
            Layout(_head(picture, self._title), size=2 + 1 + len(people.words())),
            Layout(_middle(picture, wide=self._console.size.width >= 130), size=above),
            Layout(_feed(self._told, height - above - 5 - len(people.words()))),
        )
        return layout


def _head(picture: Picture, title: str) -> RenderableType:
    colours = {"OK": "green", "LATE": "yellow", "BROKEN": "red"}
    line = Text(title, style="bold", no_wrap=True, overflow="ellipsis")
    if picture.status is None or picture.status.data_age is None:
        line.append("   starting", style="dim")
    else:
        verdict = picture.status.verdict
        line.append(f"   {verdict}", style=f"bold {colours[verdict]}")
        line.append(f"   {_summary(picture)}", style="default")
    logins = [Text(words, style="dim", no_wrap=True, overflow="ellipsis") for words in people.words()]
    return Panel(Group(line, *logins), border_style="dim", subtitle="Ctrl-C ends it", subtitle_align="right")


def _summary(picture: Picture) -> str:
    status = picture.status
    assert status is not None
    facts = status.facts
    age = "never read" if status.data_age is None else f"NetSuite read {in_words(status.data_age)} ago"
    parts = [age, f"{facts.workers} workers", f"{facts.open_holds} holds", f"{facts.rejected_rows} rejected"]
    return ", ".join([*parts, f"{facts.unmatched_customers} customers without a tenant"])


def _middle(picture: Picture, *, wide: bool) -> RenderableType:
    if not wide:
        return Panel(_tenants(picture.tenants), border_style="dim")
    row = Layout()
    row.split_row(
        Layout(Panel(_tenants(picture.tenants), border_style="dim"), ratio=3),
        Layout(Panel(_runs(picture.runs), border_style="dim"), ratio=2),
    )
    return row


def _tenants(tenants: list[Row]) -> Table:
    table = Table(box=None, expand=True, pad_edge=False, header_style="dim")
    table.add_column("tenant", no_wrap=True)
    table.add_column("local time", no_wrap=True)
    for name in ("orders", "E", "X", "U"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True, ratio=1)
    for row in tenants:
        local = datetime.now(ZoneInfo(row["time_zone"]))
        table.add_row(
            f"{row['key']}",
            f"{local:%a %H:%M} {row['time_zone'].rpartition('/')[2]}",
            str(row["orders"]),
            Text(str(row["enrolled"]), style="green"),
            Text(str(row["expired"]), style="dark_orange"),
            str(row["unenrolled"]),
            _mark(row),
        )
    return table


def _mark(row: Row) -> Text:
    if row["hold"]:
        return Text(f"HOLD {row['hold']}", style="bold magenta")
    if row["paused_at"]:
        return Text("expiry paused", style="bold yellow")
    return Text(f"{row['flagged']} flagged" if row["flagged"] else "", style="dim")


def _runs(runs: list[Row]) -> Table:
    table = Table(box=None, expand=True, pad_edge=False, header_style="dim")
    for name in ("run", "scope", "state"):
        table.add_column(name, no_wrap=True)
    for name in ("read", "new", "changed", "expired"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in runs:
        counts = row["counts"]
        state = row["outcome"] or row["state"]
        table.add_row(
            str(row["id"]),
            row["scope"].partition(":")[0],
            Text(state, style={"ok": "green", "errors": "yellow", "held": "magenta"}.get(state, "default")),
            *(str(counts.get(name, 0)) for name in ("read", "landed_new", "landed_changed", "expired")),
        )
    return table


def _feed(told: deque[Told], height: int) -> RenderableType:
    lines = Table.grid(padding=(0, 2))
    for style, width in (("dim", 8), ("bold", 9), ("default", 10)):
        lines.add_column(style=style, no_wrap=True, min_width=width)
    lines.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    for line in list(told)[-max(height, 1) :]:
        style = STYLES[line.kind]
        label = LABELS.get(line.kind, line.kind)
        lines.add_row(_clock(line.at), line.tenant, Text(label, style=style), Text(line.text, style=style))
    return Panel(Group(lines), title="what happens", title_align="left", border_style="dim")


def _clock(at: datetime) -> str:
    return f"{at.astimezone(UTC):%H:%M:%S}"
