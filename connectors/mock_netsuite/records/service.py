"""The record API's endpoints."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import duckdb

from connectors.mock_netsuite import problems
from connectors.mock_netsuite.messages import (
    COLLECTION,
    SINGULAR,
    Request,
    Response,
    json_response,
)
from connectors.mock_netsuite.paging import page_body, window
from connectors.mock_netsuite.records import metadata
from connectors.mock_netsuite.records.changes import Change
from connectors.mock_netsuite.records.criteria import Criteria
from connectors.mock_netsuite.records.reading import Reader
from connectors.mock_netsuite.records.types import RecordType
from connectors.mock_netsuite.records.writing import Writer

if TYPE_CHECKING:
    from connectors.mock_netsuite.account import Account, View

ROOT = "/services/rest/record/v1"


class RecordService:
    """Answers /services/rest/record/v1 for one account."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._writing = threading.Lock()

    def handle(self, request: Request, view: View) -> Response:
        parts = request.path.removeprefix(ROOT).strip("/").split("/")
        if parts == ["metadata-catalog"] or (len(parts) == 2 and parts[0] == "metadata-catalog"):
            return self._metadata(request, parts[1:])
        record_type = self._type(parts[0], view)
        if record_type.read_only and request.method != "GET":
            raise problems.insufficient_permission()
        endpoint = self._endpoints().get((request.method, min(len(parts), 4)))
        if endpoint is None or len(parts) > 4:
            raise problems.method_not_allowed(request.method)
        if request.method == "GET":
            return endpoint(request, view, record_type, parts[1:])
        with self._writing:  # a save looks at what is there first: two at once could both create the same record
            return endpoint(request, view, record_type, parts[1:])

    def _endpoints(self) -> dict[tuple[str, int], Callable[[Request, View, RecordType, list[str]], Response]]:
        """By method and number of path parts."""
        return {
            ("GET", 1): self._collection,
            ("POST", 1): self._create,
            ("GET", 2): self._read,
            ("PATCH", 2): self._update,
            ("PUT", 2): self._upsert,
            ("DELETE", 2): self._delete,
            ("GET", 3): self._sublist,
            ("GET", 4): self._line,
        }

    def _type(self, name: str, view: View) -> RecordType:
        record_type = self._account.record_types.get(name.lower())
        if record_type is None:
            raise problems.no_such_type(name)
        if record_type.table in view.catalogue.hidden_tables:
            raise problems.insufficient_permission()
        return record_type

    def _base(self, request: Request) -> str:
        return self._account.url(request, ROOT)

    def _reader(self, request: Request, view: View) -> Reader:
        return Reader(self._account.store, self._base(request), view.catalogue.row_filters)

    def _row(self, request: Request, view: View, record_type: RecordType, identifier: str) -> dict[str, Any]:
        return self._reader(request, view).row(record_type, identifier)

    # reading

    def _metadata(self, request: Request, names: list[str]) -> Response:
        types, base = self._account.record_types, self._base(request)
        if request.method != "GET":
            raise problems.method_not_allowed(request.method)
        wanted = names or [name for name in (request.parameter("select") or "").split(",") if name.strip()]
        chosen = metadata.chosen(types, wanted)
        if metadata.OPENAPI_TYPE in request.headers.get("accept", ""):
            return json_response(metadata.openapi(chosen, base), content_type=metadata.OPENAPI_TYPE)
        if not names:
            return json_response(metadata.listing(chosen, base))
        return json_response(metadata.schema(chosen[0], base), content_type="application/schema+json")

    def _collection(self, request: Request, view: View, record_type: RecordType, _: list[str]) -> Response:
        page = window(request, self._account.config.row_cap)
        values: list[Any] = []
        where = record_type.condition
        where += f" AND {view.catalogue.row_filters.get(record_type.table, 'true').format(t='r')}"
        text = request.parameter("q")
        if text:
            criteria = Criteria(record_type.fields, view.zone, view.date_format, self._account.clock.modified())
            condition, values = criteria.parse(text)
            where += f" AND {condition}"
        source = f'FROM "{record_type.table}" r WHERE {where}'
        try:
            total = int(self._account.store.rows(f"SELECT count(*) {source}", values)[0][0])
            rows = self._account.store.rows(
                f"SELECT r.id {source} ORDER BY r.id LIMIT {page.limit} OFFSET {page.offset}",
                values,
            )
        except duckdb.Error as error:
            raise problems.invalid_parameter("q", "Invalid query filter in the parameter 'q'.") from error
        url = f"{self._base(request)}/{record_type.name}"
        items = [{"links": [{"rel": "self", "href": f"{url}/{row[0]}"}], "id": str(row[0])} for row in rows]
        extra = [("q", text)] if text else []
        return json_response(page_body(url, page, items, total, extra), content_type=COLLECTION)

    def _read(self, request: Request, view: View, record_type: RecordType, parts: list[str]) -> Response:
        reader = self._reader(request, view)
        row = reader.row(record_type, parts[0])
        if int(row["id"]) in self._account.config.locked_records:
            raise problems.user_error("The record is locked by a user event script.")
        body = reader.record(
            record_type,
            row,
            expand=request.flag("expandSubResources"),
            only=request.parameter("fields"),
            simple=request.flag("simpleEnumFormat"),
        )
        return json_response(body, content_type=SINGULAR)

    def _sublist(self, request: Request, view: View, record_type: RecordType, parts: list[str]) -> Response:
        self._check_sublist(request, record_type, parts[1])
        reader = self._reader(request, view)
        row = reader.row(record_type, parts[0])
        url = f"{self._base(request)}/{record_type.name}/{row['id']}"
        body = reader.lines(record_type, row, url, full=request.flag("expandSubResources"))
        return json_response(body, content_type=COLLECTION)

    def _line(self, request: Request, view: View, record_type: RecordType, parts: list[str]) -> Response:
        self._check_sublist(request, record_type, parts[1])
        reader = self._reader(request, view)
        row = reader.row(record_type, parts[0])
        return json_response(reader.one_line(record_type, row, parts[2]), content_type=SINGULAR)

    def _check_sublist(self, request: Request, record_type: RecordType, name: str) -> None:
        if not record_type.lines or name != "item":
            raise problems.invalid_url(request.path)

    # writing

    def _writer(self, request: Request) -> Writer:
        checking = request.headers.get("x-netsuite-propertynamevalidation", "error").lower()
        return Writer(
            self._account.store,
            self._account.numbers,
            self._account.clock.modified(),
            check_names=checking == "error",
            bump_header=self._account.line_edits_bump_header,
        )

    def _saved(self, request: Request, view: View, record_type: RecordType, change: Change) -> Response:
        self._account.commit(change, view.commit_delay)
        location = f"{self._base(request)}/{record_type.name}/{change.record_id}"
        return Response(204, headers={"Location": location})

    def _create(self, request: Request, view: View, record_type: RecordType, _: list[str]) -> Response:
        change = self._writer(request).create(record_type, request.json_object())
        return self._saved(request, view, record_type, change)

    def _update(self, request: Request, view: View, record_type: RecordType, parts: list[str]) -> Response:
        body = request.json_object()
        row = self._row(request, view, record_type, parts[0])
        replace = "item" in (request.parameter("replace") or "").split(",")
        change = self._writer(request).update(record_type, row, body, replace)
        return self._saved(request, view, record_type, change)

    def _upsert(self, request: Request, view: View, record_type: RecordType, parts: list[str]) -> Response:
        if not parts[0].lower().startswith("eid:") or len(parts[0]) == 4:
            raise problems.method_not_allowed(request.method)
        body = request.json_object() | {"externalId": parts[0][4:]}
        try:
            row = self._row(request, view, record_type, parts[0])
        except problems.Problem:
            change = self._writer(request).create(record_type, body)
        else:
            change = self._writer(request).update(record_type, row, body, replace=False)
        return self._saved(request, view, record_type, change)

    def _delete(self, request: Request, view: View, record_type: RecordType, parts: list[str]) -> Response:
        row = self._row(request, view, record_type, parts[0])
        self._account.commit(self._writer(request).delete(record_type, row), view.commit_delay)
        return Response(204)
