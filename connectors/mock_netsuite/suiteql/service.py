"""The SuiteQL endpoint: header, body and paging rules around the engine."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from connectors.mock_netsuite import problems
from connectors.mock_netsuite.chaos import Fault
from connectors.mock_netsuite.messages import COLLECTION, Request, Response, json_response
from connectors.mock_netsuite.oddities import Oddities
from connectors.mock_netsuite.paging import page_body, window
from connectors.mock_netsuite.suiteql import engine

if TYPE_CHECKING:
    from connectors.mock_netsuite.account import Account, View

PATH = "/services/rest/query/v1/suiteql"


class SuiteqlService:
    """Answers POST /services/rest/query/v1/suiteql for one account."""

    def __init__(self, account: Account, oddities: Oddities) -> None:
        self._account, self._oddities = account, oddities
        self._lock = threading.Lock()
        self._last_items: list[engine.Item] = []

    def handle(self, request: Request, view: View, faults: Iterable[Fault]) -> Response:
        if request.method != "POST":
            raise problems.method_not_allowed(request.method)
        self._check_preference(request)
        page = window(request, self._account.config.row_cap)
        query, parameters = self._content(request.json_object())
        session = self._account.session(view)
        result = engine.run(self._account.store, query, parameters, page.limit, page.offset, session)
        items = self._oddities.applied(result.items, result.reads)
        items = self._disturbed(items, faults)
        body = page_body(self._account.url(request, PATH), page, items, result.total)
        return json_response(body, content_type=COLLECTION)

    def _check_preference(self, request: Request) -> None:
        words = {word.strip().lower() for word in request.headers.get("prefer", "").split(",")}
        if "transient" not in words:
            raise problems.invalid_header("Prefer", "The header 'Prefer: transient' is required.")

    def _content(self, body: dict[str, Any]) -> tuple[str, list[object]]:
        query, parameters = body.get("q"), body.get("params", [])
        if not isinstance(query, str) or not isinstance(parameters, list):
            raise problems.invalid_content()
        return query, parameters

    def _disturbed(self, items: list[engine.Item], faults: Iterable[Fault]) -> list[engine.Item]:
        """The items under the faults that repeat a page or some of its rows."""
        with self._lock:
            before, self._last_items = self._last_items, items
        for fault in faults:
            if fault.kind == "repeated-page" and before:
                items = before
            elif fault.kind == "repeated-rows":
                items = [*items, *items[: fault.count]]
        return items
