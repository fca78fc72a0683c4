"""What the pages of enrollments are asked for, as their addresses say it: filters, ticks, the wanted edit."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from starlette.datastructures import FormData, QueryParams

from models.editing import Edit
from models.enrollment_search import EnrollmentFilter
from models.status import Status
from models.user_search import UserFilter
from worker.errors import TermsyncError

Given = QueryParams | FormData
FILTERS = (
    "user",
    "group",
    "status",
    "order",
    "ends_within",
    "no_order",
    "no_end_date",
    "past_order_end",
)
WISHES = ("set_order", "set_date", "date", "action")
DIGITS = re.compile("[0-9]{1,18}")
MOST = 200  # characters of a part
MOST_TICKED = 1000


@dataclass(frozen=True, slots=True)
class Asked:
    """The parts of an address that are filled in."""

    filled: Mapping[str, str]
    ids: tuple[int, ...] = ()
    everybody: bool = False

    @staticmethod
    def of(given: Given) -> "Asked":
        """Read an address or a form. Raises `filter-invalid` naming the part that cannot be read."""
        names = (*FILTERS, *WISHES, "after", "find", "version")
        filled = {name: value.strip() for name in names if (value := str(given.get(name, "")).replace("\0", ""))}
        if too_long := next((name for name, value in filled.items() if len(value) > MOST), None):
            raise invalid(too_long, filled[too_long][:20])
        ids = tuple(dict.fromkeys(_number("ids", str(value)) for value in given.getlist("ids")))
        if len(ids) > MOST_TICKED:
            raise invalid("ids", f"{len(ids)} of them")
        return Asked(filled, ids, given.get("all") == "1")

    @property
    def restricts(self) -> bool:
        """Whether it asks for less than everybody."""
        return any(self.filled.get(name) for name in FILTERS)

    @property
    def after(self) -> int | None:
        """Behind whom the page begins."""
        return self.number("after")

    def number(self, name: str) -> int | None:
        value = self.filled.get(name)
        return None if value is None else _number(name, value)

    def address(self, **changes: str | None) -> str:
        """The filters as the part of an address behind `?`, with some parts changed (None: left out)."""
        parts = {name: value for name, value in self.filled.items() if name in FILTERS} | changes
        return urlencode({name: value for name, value in parts.items() if value})

    def pairs(self, *, wishes: bool = False) -> list[tuple[str, str]]:
        """Who is selected, as hidden fields: the ticked, or everybody the filters match; with the wishes too."""
        if self.everybody:
            who = [("all", "1"), *((name, self.filled[name]) for name in FILTERS if name in self.filled)]
        else:
            who = [("ids", str(number)) for number in self.ids]
        return who + [(name, self.filled[name]) for name in (*WISHES, "version") if wishes and name in self.filled]

    # what it means

    def enrollments(self, tenant_id: int, course_version_id: int | None) -> EnrollmentFilter:
        """The filters as a search of enrollments."""
        status, days = self.filled.get("status"), self.number("ends_within")
        if status is not None and status not in set(Status):
            raise invalid("status", status)
        return EnrollmentFilter(
            tenant_id,
            course_version_id,
            user=self.filled.get("user", ""),
            group=self.filled.get("group", ""),
            status=None if status is None else Status(status),
            sales_order=self.filled.get("order", ""),
            ends_within=days,
            no_order=self._is_on("no_order"),
            no_end_date=self._is_on("no_end_date"),
            past_order_end=self._is_on("past_order_end"),
        )

    def selected(self, tenant_id: int, course_version_id: int) -> EnrollmentFilter:
        """Whom an edit in the course version is about: those who are ticked, or all that match."""
        if self.everybody:
            return self.enrollments(tenant_id, course_version_id)
        return EnrollmentFilter(tenant_id, course_version_id, ids=self.ids)

    def users(self, tenant_id: int) -> UserFilter:
        """The filters as a search of users."""
        return UserFilter(tenant_id, user=self.filled.get("user", ""), group=self.filled.get("group", ""))

    def selected_users(self, tenant_id: int) -> UserFilter:
        """Who is to be enrolled: those who are ticked, or all that match."""
        return self.users(tenant_id) if self.everybody else UserFilter(tenant_id, ids=self.ids)

    def wish(self) -> Edit:
        """What is wanted of them. Raises `filter-invalid` for a date that is set to none or cannot be read."""
        order, typed, action = (self.filled.get(name) for name in ("set_order", "set_date", "action"))
        if action not in (None, *Status):
            raise invalid("action", str(action))
        return Edit(
            order_given=order is not None,
            order_id=None if order in (None, "none") else _number("order", str(order)),
            date_given=typed in ("set", "clear"),
            expiration_date=self._date() if typed == "set" else None,
            ask=action,
        )

    def _date(self) -> date:
        try:
            return date.fromisoformat(self.filled.get("date", ""))
        except ValueError:
            raise TermsyncError(
                "edit-date-missing",
                "The expiration date is empty or no date.",
                "Choose a date, or keep or clear it.",
            ) from None

    def _is_on(self, name: str) -> bool:
        return self.filled.get(name) == "1"


def invalid(name: str, value: str) -> TermsyncError:
    """The refusal of a part that cannot be read: nobody else may be meant by what is left."""
    return TermsyncError(
        "filter-invalid",
        f"{value!r} cannot be read as {name.replace('_', ' ')}.",
        "Clear the search and begin again.",
    )


def _number(name: str, value: str) -> int:
    if not DIGITS.fullmatch(value):
        raise invalid(name, value[:20])
    return int(value)
