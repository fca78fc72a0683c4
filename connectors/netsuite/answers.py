"""NetSuite's good answers, read strictly enough that a page that is not whole never passes for one."""

import re
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

import msgspec

from connectors.errors import RecordRejected
from connectors.netsuite.dates import utc_instant
from connectors.netsuite.faults import NOT_JSON, Answer, broken
from connectors.netsuite.governor import GovernanceLimits

T = TypeVar("T")


class QueryPage(NamedTuple):
    """Rows as raw JSON, for the reader to take one by one; `total_results` over all pages."""

    items: list[msgspec.Raw]
    has_more: bool
    total_results: int
    offset: int = 0

    @property
    def last(self) -> bool:
        """Only when both signs say so: taking a page for the last one would lose what follows."""
        return not self.has_more and self.total_results <= self.offset + len(self.items)


class _Page(msgspec.Struct, rename="camel"):
    items: list[msgspec.Raw]
    has_more: bool
    count: int | None = None
    total_results: int = 0
    offset: int = 0


class _ServerTime(msgspec.Struct, rename="camel"):
    server_time: str


class _Governance(msgspec.Struct, rename="camel"):
    account_concurrency_limit: int | None = None
    account_unallocated_concurrency_limit: int | None = None
    integration_concurrency_limit: int | None = None
    integration_limit_type: str = ""


def query_page(answer: Answer) -> QueryPage:
    """TryAgain `netsuite-answer-broken` when the body is cut short, not JSON, or miscounts its rows."""
    try:
        page = _decoded(answer.body, _Page)
    except NOT_JSON:
        page = _decoded_or_broken(_mended(answer.body), _Page)
    if page.count is not None and page.count != len(page.items):
        raise broken(f"announces {page.count} rows and has {len(page.items)}")
    return QueryPage(page.items, page.has_more, page.total_results, page.offset)


def server_time(answer: Answer) -> datetime:
    return _instant(_decoded_or_broken(answer.body, _ServerTime).server_time)


def only_instant(page: QueryPage) -> datetime:
    """The single value of a single row, whatever its column is called."""
    rows = [_decoded_or_broken(bytes(item), dict[str, Any]) for item in page.items]
    values = [value for row in rows for key, value in row.items() if key != "links"]
    return _instant(values[0] if len(values) == 1 else "")


def governance_limits(answer: Answer) -> GovernanceLimits:
    said = _decoded_or_broken(answer.body, _Governance)
    return GovernanceLimits(
        said.account_concurrency_limit,
        said.account_unallocated_concurrency_limit,
        said.integration_concurrency_limit,
        said.integration_limit_type,
    )


def _instant(printed: Any) -> datetime:
    try:
        return utc_instant(str(printed))
    except RecordRejected as problem:
        raise broken(f"is not a time: {problem.message}") from None


def _decoded(body: bytes, kind: type[T]) -> T:
    return msgspec.json.decode(body, type=kind, strict=False)


def _decoded_or_broken(body: bytes, kind: type[T]) -> T:
    try:
        return _decoded(body, kind)
    except NOT_JSON:
        raise broken(f"is not the expected JSON; it begins {body[:60]!r}") from None


_ESCAPE_OR_CONTROL = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"  # a whole pair: kept
    rb"|(?P<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
    rb"|(?P<control>[\x00-\x08\x0b\x0c\x0e-\x1f])"
    rb"|\\."
)


def _mended(body: bytes) -> bytes:
    r"""Half surrogate pairs and bare control characters, which make a whole page unreadable, become `\u0000`.

    So only the row that holds one is rejected, as text that no database stores.
    """
    return _ESCAPE_OR_CONTROL.sub(lambda found: rb"\u0000" if found.lastgroup else found[0], body)
