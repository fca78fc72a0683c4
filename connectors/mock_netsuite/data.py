"""The account's demo data: the same seed and day give the same rows, every time.

Orders are made by SQL, so that a million take seconds. Their internal ids are interleaved with those of other
transactions and leave gaps. Some have no term on the header, some none at all; some changed in the same second
by a mass update, some in the hour that daylight saving repeats.
"""

# ruff: noqa: S608  SQL is composed of the catalogue's own names; values are bound or quoted.

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import duckdb

from connectors.mock_netsuite.catalogue import custom_fields
from connectors.mock_netsuite.columns import Kind, Table
from connectors.mock_netsuite.config import MockConfig
from connectors.mock_netsuite.demo import BODIES, ITEMS, LINES, ORDERS, PLACES, SUBSIDIARIES
from connectors.mock_netsuite.store import Store
from connectors.mock_netsuite.tables import STATUSES, TYPES

FIRST_ORDER_ID = 1000
STRIDE = 3  # ids given away per order: one or two to the order, one to its invoice


@lru_cache
def fold_start(zone: ZoneInfo, before: date) -> datetime:
    """UTC start of the two hours around the last repeated local hour before a day; naive.

    A zone without daylight saving gets the day itself.
    """
    instant = datetime(before.year, before.month, before.day, tzinfo=UTC)
    for hours in range(1, 400 * 24):
        moment = instant - timedelta(hours=hours)
        if _offset(moment, zone) < _offset(moment - timedelta(hours=1), zone):
            return (moment - timedelta(hours=1)).replace(tzinfo=None)
    return instant.replace(tzinfo=None)


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()


class DataBuilder:
    """Fills an empty store; `more_orders` adds to it while the account runs."""

    def __init__(self, store: Store, config: MockConfig, today: date) -> None:
        self._store, self._config, self._today = store, config, today
        self._fold = fold_start(ZoneInfo(config.time_zone), today)

    def build(self, tables: Mapping[str, Table]) -> None:
        with self._store.transaction() as cursor:
            self._macros(cursor)
            self._lists(cursor)
            self._settings(cursor, tables)
            self._customers(cursor)
            self._orders(cursor, 0, self._config.orders)
            self._history(cursor)

    def more_orders(self, count: int, first_slot: int, changed_at: datetime) -> None:
        """`count` more orders from id slot `first_slot` on, all changed at `changed_at` (naive UTC)."""
        with self._store.transaction() as cursor:
            low = FIRST_ORDER_ID + first_slot * STRIDE
            self._orders(cursor, first_slot, first_slot + count)
            values = [changed_at, changed_at, low]
            cursor.execute(
                'UPDATE "transaction" SET createddate = ?, lastmodifieddate = ? WHERE id >= ?',
                values,
            )
            cursor.execute(
                "UPDATE transactionline SET linecreateddate = ?, linelastmodifieddate = ? WHERE transaction >= ?",
                values,
            )

    def _macros(self, cursor: duckdb.DuckDBPyConnection) -> None:
        cursor.execute(
            f"CREATE MACRO pick(i, salt, n) AS CAST(hash(i, salt, {self._config.seed:d}) % n AS BIGINT)"
        )
        places = ", ".join(f"'{name.replace('_', ' ')}'" for name in PLACES)
        bodies = ", ".join(f"'{name.replace('_', ' ')}'" for name in BODIES)
        cursor.execute(
            f"CREATE MACRO company(i) AS ([{places}])[1 + i % {len(PLACES)}] || ' ' || "
            f"([{bodies}])[1 + (i // {len(PLACES)}) % {len(BODIES)}] || "
            f"CASE WHEN i < {len(PLACES) * len(BODIES)} THEN '' "
            f"ELSE ' ' || (1 + i // {len(PLACES) * len(BODIES)}) END"
        )

    def _lists(self, cursor: duckdb.DuckDBPyConnection) -> None:
        made = datetime(self._today.year - 4, 1, 2, 17, 0)  # noqa: DTZ001  naive UTC, as stored
        cursor.execute("INSERT INTO dual VALUES ('X')")
        cursor.execute("INSERT INTO currency VALUES (1, 1, 'USD', 'US Dollar', 'F'), (2, 1.1, 'EUR', 'Euro', 'F')")
        cursor.execute("INSERT INTO department (id, name, fullname, isinactive) VALUES (1, 'Sales', 'Sales', 'F')")
        cursor.executemany(
            "INSERT INTO subsidiary VALUES (?, ?, 1, ?, ?, 'F', 'F')",
            [(number, parent, name, name) for number, parent, name in SUBSIDIARIES],
        )
        cursor.executemany(
            "INSERT INTO item VALUES (?, ?, ?, ?, ?, 'F', ?, ?)",
            [(number, code, name, code, kind, made, made) for number, code, name, kind in ITEMS],
        )
        cursor.executemany(
            "INSERT INTO employee VALUES (?, ?, ?, ?, ?, 'F', ?)",
            [
                (11, "Dana Whitfield", "Dana", "Whitfield", "dana.whitfield@example.com", made),
                (12, "Omar Castellan", "Omar", "Castellan", "omar.castellan@example.com", made),
            ],
        )

    def _settings(self, cursor: duckdb.DuckDBPyConnection, tables: Mapping[str, Table]) -> None:
        cursor.executemany(
            "INSERT INTO transactionstatus VALUES (?, ?, ?, ?, NULL)",
            [
                (letter, name, f"{names[2]} : {name}", code)
                for code, names in TYPES.items()
                for letter, name in (
                    STATUSES if code == "SalesOrd" else {"A": "Open", "B": "Paid In Full"}
                ).items()
            ],
        )
        cursor.executemany(
            "INSERT INTO customfield VALUES (?, ?, ?, ?, ?, 'F')",
            [
                (
                    number,
                    column.name.upper(),
                    column.name,
                    column.name.split("_")[0].removeprefix("cust").upper(),
                    {Kind.DATE: "Date", Kind.NUMBER: "Integer Number"}.get(column.kind, "Free-Form Text"),
                )
                for number, column in enumerate(custom_fields(tables), start=1)
            ],
        )

    def _customers(self, cursor: duckdb.DuckDBPyConnection) -> None:
        cursor.execute(
            """
            INSERT INTO customer
                (id, entityid, companyname, isperson, email, isinactive, datecreated, lastmodifieddate, subsidiary)
            SELECT 101 + i, company(i), company(i), 'F', 'orders' || i || '@example.com',
                CASE WHEN pick(i, 31, 50) = 0 THEN 'T' ELSE 'F' END,
                made, made + to_seconds(pick(i, 33, 86400 * 300)), 1 + pick(i, 34, 3)
            FROM (
                SELECT i, ?::TIMESTAMP - to_seconds(86400 * 400 + pick(i, 32, 86400 * 900)) AS made
                FROM range(?) r(i)
            )
            """,
            [self._today, self._config.customer_count],
        )
        cursor.execute(
            """
            INSERT INTO customersubsidiaryrelationship
            SELECT row_number() OVER (), id, subsidiary, 'T', companyname FROM customer
            """
        )
        cursor.execute(
            """
            INSERT INTO contact
            SELECT 100000 + id, 'Registrar ' || id, 'Registrar', CAST(id AS VARCHAR), email, id, 'F',
                lastmodifieddate
            FROM customer WHERE pick(id, 35, 4) = 0 OR id = 101
            """
        )
        cursor.execute(
            """
            INSERT INTO subscription
            SELECT 500 + id, id, companyname || ' subscription', ?::DATE - CAST(pick(id, 41, 300) AS INTEGER),
                ?::DATE + CAST(pick(id, 42, 300) AS INTEGER), 'ACTIVE', 'ANNUALLY', 1, lastmodifieddate
            FROM customer WHERE pick(id, 43, 4) = 0
            """,
            [self._today, self._today],
        )

    def _orders(self, cursor: duckdb.DuckDBPyConnection, start: int, stop: int) -> None:
        cursor.execute(
            ORDERS,
            {
                "start": start,
                "stop": stop,
                "today": self._today,
                "orders": self._config.orders,
                "customers": self._config.customer_count,
                "fold": self._fold,
                "first": FIRST_ORDER_ID,
            },
        )
        low = FIRST_ORDER_ID + start * STRIDE
        if self._config.with_lines:
            cursor.execute(LINES, {"low": low, "first": FIRST_ORDER_ID})
        for table in ("previoustransactionlink", "nexttransactionlink"):
            cursor.execute(
                f"INSERT INTO {table} SELECT createdfrom, id, 'SalesOrd', type, 'OrdBill', lastmodifieddate "
                'FROM "transaction" WHERE createdfrom IS NOT NULL AND id >= ?',
                [low],
            )

    def _history(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Orders deleted before the data begin, so that the tables of deletions are not empty."""
        deleted = """
            SELECT 'Sales Order #SO' || (900 + i) AS name, 900 + i AS id,
                ?::TIMESTAMP - to_seconds(pick(i, 51, 86400 * 300)) AS gone
            FROM range(?) r(i)
        """
        values = [self._today, min(50, self._config.orders // 100)]
        cursor.execute(
            "INSERT INTO deletedrecord "
            "SELECT name, id, 31, 'SALESORDER', 'UI', 11, gone, 'F', 'F', 'F', 'Sales Order' "
            f"FROM ({deleted})",
            values,
        )
        cursor.execute(
            "INSERT INTO transactionhistory "
            "(id, transaction, type, documentnumber, action, version, username, datetime) "
            f"SELECT id, id, 'SalesOrd', name, 'DELETE', 2, 'Dana Whitfield', gone FROM ({deleted})",
            values,
        )
