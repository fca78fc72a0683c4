"""The floors of pulling: the least that puts the same rows into the same landing columns, page by page.

A straight loop on one connection and one thread. It keeps nothing of what termsync promises: no progress to go on
from, no check of a page, no rejected rows, no tenants, nothing accepted.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, Self, TypeVar

import msgspec
import psycopg
import urllib3
from oauthlib.oauth1 import SIGNATURE_HMAC_SHA256, Client

from connectors.netsuite.fields import DEFAULT_END, DEFAULT_START
from connectors.netsuite.orders import IdRange
from connectors.netsuite.queries import OrderQueries, page_edges

from .account import CONFIG, Account

Row = TypeVar("Row")
PAGE = 1000
COLUMNS = "order_id, customer_id, number, status, term_start, term_end, modified_at, payload"
PREPARE = """
create temporary table bare_page (
    order_id bigint, customer_id bigint, number text, status text, term_start date, term_end date,
    modified_at timestamptz, payload text
) on commit delete rows
"""
COPY = f"copy bare_page ({COLUMNS}) from stdin"
UPSERT = f"""
insert into landing_order as l ({COLUMNS}, read_at, first_seen_at)
select {COLUMNS}, now(), now() from bare_page
on conflict (order_id) do update set
    customer_id = excluded.customer_id, number = excluded.number, status = excluded.status,
    term_start = excluded.term_start, term_end = excluded.term_end, modified_at = excluded.modified_at,
    payload = excluded.payload, read_at = excluded.read_at
where excluded.payload is distinct from l.payload
"""


class Order(NamedTuple):
    """A row of a page; PostgreSQL reads the texts."""

    order_id: str
    customer_id: str
    number: str
    status: str
    term_start: str | None
    term_end: str | None
    modified_at: str
    payload: str


class Loader:
    """COPY, upsert and commit of one page after the other, on a connection of its own."""

    def __init__(self, database_url: str) -> None:
        self._connection = psycopg.connect(database_url, options="-c timezone=UTC")
        self._cursor = self._connection.cursor()
        self._cursor.execute(PREPARE)
        self._connection.commit()

    def load(self, page: Iterable[tuple[Any, ...]]) -> int:
        """Returns how many rows were new or changed."""
        with self._cursor.copy(COPY) as copy:
            for row in page:
                copy.write_row(row)
        self._cursor.execute(UPSERT)
        self._connection.commit()
        return self._cursor.rowcount

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()


class _Row(msgspec.Struct):
    id: str
    tranid: str
    entity: str
    status: str
    modified: str
    start_1: str | None = None
    end_1: str | None = None


class _Page(msgspec.Struct):
    items: list[_Row]


class _Texts(msgspec.Struct):
    items: list[msgspec.Raw]


def fetched(source: Account) -> Iterator[list[Order]]:
    """The pages of a full read: the queries the connector sends, one after the other on one connection."""
    pool = urllib3.PoolManager(headers={"Content-Type": "application/json", "Prefer": "transient"})
    queries = OrderQueries(DEFAULT_START, DEFAULT_END)
    edges = [int(row["id"]) for row in msgspec.json.decode(_post(pool, source, page_edges(PAGE, 0)))["items"]]
    for low, high in zip([0, *edges], [*edges, None], strict=True):
        body = _post(pool, source, queries.in_range(IdRange(low, high)))
        rows = msgspec.json.decode(body, type=_Page).items
        texts = msgspec.json.decode(body, type=_Texts).items
        yield [_order(row, text) for row, text in zip(rows, texts, strict=True)]


def _order(row: _Row, text: msgspec.Raw) -> Order:
    modified = row.modified + "+00"
    return Order(
        row.id, row.entity, row.tranid, row.status, row.start_1, row.end_1, modified, bytes(text).decode()
    )


def _post(pool: urllib3.PoolManager, source: Account, query: str) -> bytes:
    login = Client(
        CONFIG.consumer_key,
        CONFIG.consumer_secret.get_secret_value(),
        CONFIG.token_id,
        CONFIG.token_secret.get_secret_value(),
        signature_method=SIGNATURE_HMAC_SHA256,
        realm=CONFIG.account,
    )
    url = f"{source.base_url}/services/rest/query/v1/suiteql?limit={PAGE}&offset=0"
    _, signed, _ = login.sign(url, "POST")
    answer = pool.request(
        "POST", url, body=msgspec.json.encode({"q": query}), headers={**pool.headers, **signed}, timeout=60
    )
    assert answer.status == 200, answer.data
    return answer.data


def in_pages(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """Cuts rows into pages."""
    return (rows[at : at + PAGE] for at in range(0, len(rows), PAGE))
