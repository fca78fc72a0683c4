"""Exports of the console's lists: what the list shows, all of it, as CSV or Excel."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette_admin import RequestAction
from starlette_admin.base import BaseAdmin

from worker import clock
from worker.console.listing import EXPORT_LIMIT, Cell, ListView
from worker.errors import NotFound
from worker.pages.context import in_session
from worker.pages.export import export


def export_list(console: BaseAdmin) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint `/export/{key}/{form}?…`, with the address of the list behind the question mark."""

    async def endpoint(request: Request) -> Response:
        view, form = console._find_view_by_key(request.path_params["key"]), request.path_params["form"]
        if not isinstance(view, ListView) or form not in {"csv", "xlsx"}:
            raise NotFound("export-unknown", "There is no such export.", "Use the buttons above the list.")
        request.state.action = RequestAction.LIST
        params = view._parse_list_params(request)
        query = view.query(request, params.q, params.sorts, 0, EXPORT_LIMIT)
        cells = [field for field in view.fields if isinstance(field, Cell) and not field.exclude_from_export]
        # Read to its end before the first byte is sent: a slow download keeps no transaction open.
        rows = await in_session(request, lambda session: list(view.rows(session, query)))
        today = await in_session(request, clock.now)
        values = ([cell.exported(row) for cell in cells] for row in rows)
        return export(f"{view.key}-{today:%Y-%m-%d}", form, [cell.label or "" for cell in cells], values)

    return endpoint
