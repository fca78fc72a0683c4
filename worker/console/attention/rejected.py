"""Rejected rows, by reason and one by one, with what NetSuite sent; ask again, ignore, hand on."""

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from models import rejects
from models.enrollment_changes import Why
from models.order_listing import COUNTED
from models.rejects import MOST_RETRIES, RejectFilter
from worker import clock, explain
from worker.console import payloads
from worker.console.attention.tabs import EXPORTED, PAGE, Row, filled, heading, page_number, sliced
from worker.console.history.wording import who
from worker.console.pages import ConsolePage, console_page, done
from worker.console.ringing import ring
from worker.errors import TermsyncError
from worker.login.person import person_of
from worker.login.rights import Right
from worker.pages.context import in_session
from worker.pages.export import export
from worker.pages.words import counted
from worker.pipeline import rejects as caring
from worker.queue import doorbell

HERE = "/console/attention/rejected"
NAMES = ("q", "code", "show", "mine")
SHOWN = {"": "Open", "ignored": "Ignored", "all": "All"}


class Rejected(ConsolePage):
    """Rows NetSuite sent that could not be used."""

    menu_label = "Rejected rows"
    path = "/attention/rejected"
    add_to_menu = False

    @console_page()
    async def index(self, request: Request) -> Response:
        return self.show(request, "attention/rejected.html", **await self._values(request))

    @console_page("/rows")
    async def rows(self, request: Request) -> Response:
        return self.fragment(request, "attention/rejected_rows.html", **await self._values(request))

    async def _values(self, request: Request) -> Row:
        words, number = filled(request, *NAMES), page_number(request)
        wanted = _wanted(words, person_of(request).id)

        def read(session: Session) -> Row:
            found = rejects.rows(session, wanted, PAGE + 1, PAGE * (number - 1))
            total = rejects.count(session, wanted)
            return {
                **heading(session),
                "groups": rejects.groups(session, _wanted({**words, "code": ""}, person_of(request).id)),
                "page": sliced(found, number, words),
                "total": total,
                "expected": min(total, COUNTED),
                "staff": rejects.assignees(session),
                "now": clock.now(session),
            }

        return {
            "here": "rejected",
            "may_operate": person_of(request).may(Right.OPERATE),
            "explain": explain.find,
            "who": who,
            "shown": payloads.shown,
            "most_retries": MOST_RETRIES,
            "shows": SHOWN,
            **await in_session(request, read),
        }

    @console_page("/retry", Right.OPERATE, ["POST"])
    async def retry(self, request: Request) -> Response:
        def work(session: Session, chosen: list[str], form: FormData, why: Why) -> str:
            asked, nameless = caring.ask_again(session, chosen, why)
            told = f"NetSuite is asked again for {counted(asked, 'row')}."
            if nameless:
                told += f" {counted(nameless, 'row')} cannot be asked for: no order is named."
            return told + _others(chosen, asked + nameless)

        answer = await self._act(request, work)
        await ring(request, doorbell.ring_retry)
        return answer

    @console_page("/ignore", Right.OPERATE, ["POST"])
    async def ignore(self, request: Request) -> Response:
        def work(session: Session, chosen: list[str], form: FormData, why: Why) -> str:
            ignored = caring.ignore(session, chosen, why, str(form.get("reason", "")))
            told = f"{counted(ignored, 'row')} ignored until NetSuite sends something else."
            return told + _others(chosen, ignored)

        return await self._act(request, work)

    @console_page("/assign", Right.OPERATE, ["POST"])
    async def assign(self, request: Request) -> Response:
        def work(session: Session, chosen: list[str], form: FormData, why: Why) -> str:
            to = str(form.get("assignee", ""))
            staff_id = int(to) if to.isascii() and to.isdigit() and len(to) < 19 else None
            assigned = caring.assign(session, chosen, staff_id, why)
            return f"{counted(assigned, 'row')} handed on.{_others(chosen, assigned)}"

        return await self._act(request, work)

    async def _act(self, request: Request, work: Callable[[Session, list[str], FormData, Why], str]) -> Response:
        """Do `work` to the rows that were ticked, or to all that match; back to the list as it was."""
        form = await request.form()
        words = {name: str(form.get(name, ""))[:200].replace("\0", "") for name in NAMES}
        person = person_of(request)

        def act(session: Session) -> str:
            chosen = [str(each) for each in form.getlist("row")]
            if form.get("all") == "yes":
                chosen = rejects.references(session, _wanted(words, person.id))
                _check_number(len(chosen), str(form.get("expected", "")))
            if not chosen:
                raise TermsyncError("nothing-chosen", "No row was ticked.", "Tick the rows it is about.")
            return work(session, chosen, form, Why(person.actor, clock.now(session)))

        told = await in_session(request, act)
        return done(request, told, f"{HERE}?{sliced([], 1, words).address()}")

    @console_page("/export/{form}")
    async def exported(self, request: Request) -> Response:
        wanted = _wanted(filled(request, *NAMES), person_of(request).id)
        rows = await in_session(request, lambda session: rejects.rows(session, wanted, EXPORTED))
        form = "xlsx" if request.path_params["form"] == "xlsx" else "csv"
        return export("rejected-rows", form, HEADER, map(_cells, rows))


def _check_number(now: int, then: str) -> None:
    """Raises `rows-differ` when it is not as many that match as the page said."""
    if str(now) != then:
        raise TermsyncError(
            "rows-differ",
            f"{counted(now, 'row')} match now, not {then or 'as many as you saw'}; nothing was changed.",
            "Look at the list again, then decide.",
        )


def _others(chosen: list[str], done: int) -> str:
    """What is said of chosen rows to which nothing was done."""
    rest = len(set(chosen)) - done
    return f" {counted(rest, 'other row')} no longer waited: look at the list again." if rest > 0 else ""


HEADER = (
    "Number",
    "NetSuite id",
    "Customer",
    "Tenant",
    "Reason",
    "What is wrong",
    "Since",
    "Asked again",
    "Last asked",
    "Assigned to",
    "Ignored because",
    "Row",
)


def _cells(row: Row) -> tuple[Any, ...]:
    return (
        row["number"],
        None if row["order_id"] is None else str(row["order_id"]),
        row["customer_name"],
        row["tenant_name"],
        row["code"],
        row["detail"],
        row["since"],
        row["retries"] or 0,
        row["retried_at"],
        row["assignee"],
        row["ignore_reason"],
        payloads.shown(row["payload"]),
    )


def _wanted(words: dict[str, str], me: int) -> RejectFilter:
    show = words.get("show", "")
    return RejectFilter(
        code=words.get("code") or None,
        show="ignored" if show == "ignored" else "all" if show == "all" else "open",
        assigned_to=me if words.get("mine") else None,
        text=words.get("q") or None,
    )
