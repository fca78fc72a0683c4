"""Lists of the console over statements in `models/`: bounded counts, choices in the address, exports."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from markupsafe import Markup
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette_admin import BaseModelView, RowActionsPosition
from starlette_admin.fields import BaseField

from worker.errors import TermsyncError
from worker.pages.context import in_session

# Lists are counted and paged through up to here; whoever wants more narrows the search.
BOUND = 10_000
# The most rows of an export.
EXPORT_LIMIT = 100_000


@dataclass(frozen=True)
class Choice:
    """A select above a list, kept in its address as `name=value`; `options` are (value, words)."""

    name: str
    label: str
    options: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Query:
    """What a list was asked for. `sorts` are (field, descending); `chosen` holds the choices that were made."""

    search: str | None
    sorts: Sequence[tuple[str, bool]]
    chosen: Mapping[str, str]
    skip: int
    limit: int


@dataclass
class Cell(BaseField):
    """A column. What a person sees comes from the row's attribute `name`, through `show` if given.

    `show` may return `Markup`; `export` gives the value for files (default: the attribute itself).
    """

    show: Any = None
    export: Any = None
    list_template: str = "cells/cell.html"
    detail_template: str = "cells/cell.html"
    null_template: str = "cells/none.html"
    empty_template: str = "cells/none.html"

    async def parse_obj(self, request: Request, obj: Any) -> Any:
        return self.show(obj) if self.show is not None else getattr(obj, self.name)

    async def serialize_value(self, request: Request, value: Any) -> Any:
        return value

    def exported(self, row: Any) -> Any:
        """The value of a row for a file."""
        return self.export(row) if self.export is not None else getattr(row, self.name)


@dataclass
class Instant(Cell):
    """An aware instant, shown in UTC, or in the zone the row's attribute `zone_of` names."""

    zone_of: str | None = None
    list_template: str = "cells/instant.html"
    detail_template: str = "cells/instant.html"

    async def parse_obj(self, request: Request, obj: Any) -> tuple[datetime, str] | None:
        at: datetime | None = getattr(obj, self.name)
        return None if at is None else (at, getattr(obj, self.zone_of) if self.zone_of else "UTC")


class ListView(BaseModelView):
    """A list. A subclass names `key`, `menu_label`, `icon` and `fields`, and writes `rows` and `total`.

    Rows are any objects with the attributes the fields name and one named like `pk_attr`.
    """

    pk_attr = "id"
    page_size = 25
    page_size_options: Sequence[int] = (25, 50, 100)
    exporters: Sequence[Any] = ()
    importers: Sequence[Any] = ()
    searchable_fields: Sequence[str] = ()
    sortable_fields: Sequence[str] = ()
    column_visibility = False
    row_click_navigate = False
    row_actions_position = RowActionsPosition.AFTER_COLUMNS
    row_actions: Sequence[str] | None = ()
    search_hint: ClassVar[str] = ""  # what can be searched for; empty: no search
    empty_words: ClassVar[str] = "Nothing here yet."

    def rows(self, session: Session, query: Query) -> Iterable[Any]:
        """The rows from `query.skip` on, `query.limit` at most."""
        raise NotImplementedError

    def total(self, session: Session, query: Query) -> int:
        """How many rows there are; nothing above BOUND + 1 needs to be counted."""
        raise NotImplementedError

    def choices(self, session: Session) -> Sequence[Choice]:
        """The selects above the list."""
        return ()

    def buttons(self, request: Request) -> Markup:
        """Links beside the exports, such as to a form that adds a row."""
        return Markup("")

    def query(self, request: Request, search: str | None, sorts: Any, skip: int, limit: int) -> Query:
        chosen = {name: value for name, value in request.query_params.items() if value and name not in OWN_NAMES}
        descending = [(name, direction == "desc") for name, direction in sorts or ()]
        return Query(search, descending, chosen, skip, limit)

    async def find_all(
        self,
        request: Request,
        skip: int = 0,
        limit: int = 100,
        q: Any = None,
        sorts: Any = None,
        filters: Any = None,
    ) -> Sequence[Any]:
        if skip >= BOUND:
            raise TermsyncError(
                "list-too-deep", f"Only the first {BOUND:,} rows are paged through.", "Narrow the search."
            )
        query = self.query(request, q, sorts, skip, limit)

        def read(session: Session) -> tuple[Sequence[Choice], list[Any]]:
            return self.choices(session), list(self.rows(session, query))

        request.state.choices, rows = await in_session(request, read)
        return rows

    async def count(self, request: Request, q: Any = None, filters: Any = None) -> int:
        query = self.query(request, q, (), 0, 0)
        found = await in_session(request, lambda session: self.total(session, query))
        request.state.more_than_bound = found > BOUND
        return min(found, BOUND)

    async def repr(self, obj: Any, request: Request) -> str:
        return str(getattr(obj, self.pk_attr))

    def can_create(self, request: Request) -> bool:
        return False

    can_view_detail = can_edit = can_delete = can_import = can_export = can_create

    async def create(self, request: Request, data: dict[str, Any]) -> Any:
        raise NotImplementedError(BY_PAGES)

    async def edit(self, request: Request, pk: Any, data: dict[str, Any]) -> Any:
        raise NotImplementedError(BY_PAGES)

    async def delete(self, request: Request, pks: list[Any]) -> int | None:
        raise NotImplementedError(BY_PAGES)

    async def find_by_pk(self, request: Request, pk: Any) -> Any:
        raise NotImplementedError(BY_PAGES)

    async def find_by_pks(self, request: Request, pks: list[Any]) -> Sequence[Any]:
        raise NotImplementedError(BY_PAGES)


BY_PAGES = "rows are shown and changed by pages of their own"
# Names in an address that starlette-admin gives a meaning of its own.
OWN_NAMES = frozenset({"page", "page_size", "sort", "q", "cols", "filter", "pk"})
