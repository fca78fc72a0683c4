"""The account's demo data: the same seed and day give the same rows, every time.

Orders are made by SQL, so that a million take seconds. Their internal ids are interleaved with those of other
transactions and leave gaps. Some have no term on the header, some none at all; some changed in the same second by a
mass update, some in the hour that daylight saving repeats.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import duckdb

from connectors.mock_netsuite.catalogue import STATUSES, TYPES, Kind, Table, custom_fields
from connectors.mock_netsuite.config import MockConfig
from connectors.mock_netsuite.store import Store

FIRST_ORDER_ID = 1000
STRIDE = 3  # ids given away per order: one or two to the order, one to its invoice

_PLACES = (
    "Lakeside Northfield Riverbend Cedar_Valley Stonebridge Mapleton Harborview Pine_Ridge Fairmont Brookhaven "
    "Eastgate Willow_Creek Summit Ashford Meadowbrook Clearwater Kingsport Oakdale Redwood Silver_Lake Glenwood "
    "Highland Bayview Prairie_View Millbrook"
).split()
_BODIES = (
    "Community_College|University|School_District|Health_System|Credit_Union|Manufacturing_Inc.|Logistics_LLC|"
    "Consulting_Group|Public_Library|Technical_Institute|Insurance_Co.|Foods_Ltd."
).split("|")
_ITEMS = (
    (1, "LMS-SEAT", "Learning seat, yearly", "Service"),
    (2, "LMS-SITE", "Site licence", "Service"),
    (3, "COURSE-PACK", "Course pack", "NonInvtPart"),
    (4, "ONBOARD", "Onboarding day", "Service"),
)
_SUBSIDIARIES = ((1, None, "Parent Company"), (2, 1, "US West"), (3, 1, "Europe"))


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

    def build(self, tables: dict[str, Table]) -> None:
        with self._store.transaction() as cursor:
            self._macros(cursor)
            self._lists(cursor, tables)
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
                'UPDATE "transactionline" SET linecreateddate = ?, linelastmodifieddate = ? WHERE transaction >= ?',
                values,
            )

    def _macros(self, cursor: duckdb.DuckDBPyConnection) -> None:
        cursor.execute(
            f"CREATE MACRO pick(i, salt, n) AS CAST(hash(i, salt, {self._config.seed:d}) % n AS BIGINT)"
        )
        places = ", ".join(f"'{name.replace('_', ' ')}'" for name in _PLACES)
        bodies = ", ".join(f"'{name.replace('_', ' ')}'" for name in _BODIES)
        cursor.execute(
            f"CREATE MACRO company(i) AS ([{places}])[1 + i % {len(_PLACES)}] || ' ' || "
            f"([{bodies}])[1 + (i // {len(_PLACES)}) % {len(_BODIES)}] || "
            f"CASE WHEN i < {len(_PLACES) * len(_BODIES)} THEN '' "
            f"ELSE ' ' || (1 + i // {len(_PLACES) * len(_BODIES)}) END"
        )

    def _lists(self, cursor: duckdb.DuckDBPyConnection, tables: dict[str, Table]) -> None:
        made = datetime(self._today.year - 4, 1, 2, 17, 0)  # noqa: DTZ001  naive UTC, as stored
        cursor.execute("INSERT INTO dual VALUES ('X')")
        cursor.execute("INSERT INTO currency VALUES (1, 1, 'USD', 'US Dollar', 'F'), (2, 1.1, 'EUR', 'Euro', 'F')")
        cursor.execute("INSERT INTO department (id, name, fullname, isinactive) VALUES (1, 'Sales', 'Sales', 'F')")
        cursor.executemany(
            "INSERT INTO subsidiary VALUES (?, ?, 1, ?, ?, 'F', 'F')",
            [(number, parent, name, name) for number, parent, name in _SUBSIDIARIES],
        )
        cursor.executemany(
            "INSERT INTO item VALUES (?, ?, ?, ?, ?, 'F', ?, ?)",
            [(number, code, name, code, kind, made, made) for number, code, name, kind in _ITEMS],
        )
        cursor.executemany(
            "INSERT INTO employee VALUES (?, ?, ?, ?, ?, 'F', ?)",
            [
                (11, "Dana Whitfield", "Dana", "Whitfield", "dana.whitfield@example.com", made),
                (12, "Omar Castellan", "Omar", "Castellan", "omar.castellan@example.com", made),
            ],
        )
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
                SELECT i, ?::TIMESTAMP - to_seconds(86400 * 400 + pick(i, 32, 86400 * 900)) AS made FROM range(?) r(i)
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
            INSERT INTO subscription
            SELECT 500 + id, id, companyname || ' subscription', ?::DATE - CAST(pick(id, 41, 300) AS INTEGER),
                ?::DATE + CAST(pick(id, 42, 300) AS INTEGER), 'ACTIVE', 'ANNUALLY', 1, lastmodifieddate
            FROM customer WHERE pick(id, 43, 4) = 0
            """,
            [self._today, self._today],
        )

    def _orders(self, cursor: duckdb.DuckDBPyConnection, start: int, stop: int) -> None:
        cursor.execute(
            _ORDERS,
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
            cursor.execute(_LINES, {"low": low, "first": FIRST_ORDER_ID})
        for table in ("previoustransactionlink", "nexttransactionlink"):
            cursor.execute(
                f"INSERT INTO {table} SELECT createdfrom, id, 'SalesOrd', type, 'OrdBill', lastmodifieddate "  # noqa: S608
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
            "INSERT INTO deletedrecord SELECT name, id, 31, 'SALESORDER', 'UI', 11, gone, 'F', 'F', 'F', 'Sales Order' "  # noqa: S608
            f"FROM ({deleted})",
            values,
        )
        cursor.execute(
            "INSERT INTO transactionhistory (id, transaction, type, documentnumber, action, version, username, datetime) "  # noqa: S608
            f"SELECT id, id, 'SalesOrd', name, 'DELETE', 2, 'Dana Whitfield', gone FROM ({deleted})",
            values,
        )


# Orders come in over 700 days, ids in order of creation, and are mostly changed soon after. A term lasts 6 to 36 months
# and begins up to 60 days after the order. Of 100 orders 6 have their term only in the contract fields, 4 only on the
# lines, 2 nowhere.
_ORDERS = """
INSERT INTO "transaction" (
    id, type, tranid, entity, status, trandate, startdate, enddate, createddate, lastmodifieddate, employee, currency,
    exchangerate, foreigntotal, memo, otherrefnum, custbody_swe_contract_start_date, custbody_swe_contract_end_date,
    custbody_tran_term_in_months, custbody_contract_name, subsidiary, createdfrom
)
WITH slots AS (
    SELECT i, unnest(CASE WHEN i % 8 = 3 THEN ['CustInvc', 'SalesOrd'] ELSE ['SalesOrd'] END) AS type,
        pick(i, 1, $customers) AS customer, pick(i, 2, 100) AS shape,
        $first + 3 * i + 1 + pick(i, 4, 2) AS order_id, $first + 3 * i AS invoice_id,
        [6, 12, 12, 12, 24, 36][1 + pick(i, 5, 6)] AS months,
        CAST(700 * 86400 * (1 - least(i / greatest($orders, 1), 1)) AS BIGINT) + 3600 AS age,
        (1 + pick(i, 7, 200)) * (40 + pick(i, 8, 60)) * (1 + pick(i, 21, 2)) AS total,
        pick(i, 9, 100) AS progress, pick(i, 19, 100) AS pace
    FROM range($start, $stop) r(i)
), dated AS (
    SELECT *, $today::TIMESTAMP - to_seconds(age) AS created,
        CAST($today::TIMESTAMP - to_seconds(age) AS DATE) AS ordered,
        CAST($today::TIMESTAMP - to_seconds(age) AS DATE) + CAST(pick(i, 6, 60) AS INTEGER) AS starts
    FROM slots
), timed AS (
    SELECT *, CAST(starts + to_months(months) - INTERVAL 1 DAY AS DATE) AS ends, CASE
        WHEN pick(i, 11, 50) = 7 THEN
            $today::TIMESTAMP - INTERVAL 20 DAY + to_hours(24 * pick(i, 12, 8)) + INTERVAL 41 MINUTE
        WHEN pick(i, 11, 50) = 8 THEN $fold::TIMESTAMP + to_seconds(pick(i, 13, 7200))
        ELSE created + to_seconds(pick(i, 14, least(age, 86400 * CASE
            WHEN pace < 55 THEN 2 WHEN pace < 90 THEN 20 ELSE 700 END)))
    END AS modified
    FROM dated
)
SELECT
    CASE type WHEN 'SalesOrd' THEN order_id ELSE invoice_id END, type,
    CASE type WHEN 'SalesOrd' THEN 'SO' ELSE 'INV' END || (10000 + i), 101 + customer,
    CASE
        WHEN type <> 'SalesOrd' THEN 'A' WHEN starts > $today THEN CASE WHEN progress < 40 THEN 'A' ELSE 'B' END
        WHEN progress < 3 THEN 'C' WHEN progress < 25 THEN 'B' WHEN progress < 30 THEN 'D' WHEN progress < 35 THEN 'E'
        WHEN progress < 55 THEN 'F' WHEN progress < 95 THEN 'G' ELSE 'H'
    END,
    ordered, CASE WHEN shape >= 12 THEN starts END, CASE WHEN shape >= 12 THEN ends END,
    created, greatest(created, modified), 11 + pick(i, 16, 2), 1, 1, total,
    CASE WHEN pick(i, 17, 10) = 0 THEN 'Renewal of last year''s order' END,
    CASE WHEN pick(i, 18, 3) = 0 THEN 'PO-' || (4000 + i) END,
    CASE WHEN shape BETWEEN 6 AND 11 OR shape >= 50 THEN starts END,
    CASE WHEN shape BETWEEN 6 AND 11 OR shape >= 50 THEN ends END,
    CASE WHEN shape >= 2 THEN months END, CASE WHEN shape >= 50 THEN company(customer) || ' contract' END,
    1 + pick(customer, 34, 3), CASE WHEN type = 'CustInvc' THEN order_id END
FROM timed
"""

_LINES = """
INSERT INTO "transactionline" (
    uniquekey, transaction, id, linesequencenumber, mainline, taxline, item, itemtype, quantity, rate, netamount,
    foreignamount, isclosed, subsidiary, department, memo, linelastmodifieddate, linecreateddate, revrecstartdate,
    revrecenddate, custcol_start_date, custcol_end_date, custcol_swe_contract_start_date, custcol_swe_contract_end_date,
    custcol_swe_contract_item_term_months
)
WITH numbered AS (
    SELECT *, (id - $first) // 3 AS i, pick((id - $first) // 3, 21, 2) + 1 AS lines,
        unnest(range(0, 2 + pick((id - $first) // 3, 21, 2))) AS line
    FROM "transaction" WHERE id >= $low
), shaped AS (
    SELECT *, line > 0 AND pick(i, 2, 100) >= 2 AS has_term,
        CASE WHEN line > 0 THEN -1 - pick(i, 7, 200) END AS seats,
        trandate + CAST(pick(i, 6, 60) AS INTEGER) AS starts
    FROM numbered
), dated AS (
    SELECT *, CAST(starts + to_months(CAST(custbody_tran_term_in_months AS INTEGER)) - INTERVAL 1 DAY AS DATE) AS ends FROM shaped
)
SELECT
    (SELECT coalesce(max(uniquekey), 0) FROM "transactionline") + row_number() OVER (), id, line, line,
    CASE WHEN line = 0 THEN 'T' ELSE 'F' END, 'F', CASE WHEN line > 0 THEN 1 + pick(i, 22 + line, 4) END,
    CASE WHEN line > 0 THEN 'Service' END, seats, CASE WHEN line > 0 THEN 40 + pick(i, 8, 60) END,
    CASE WHEN line = 0 THEN foreigntotal ELSE seats * (40 + pick(i, 8, 60)) END,
    CASE WHEN line = 0 THEN foreigntotal ELSE seats * (40 + pick(i, 8, 60)) END,
    'F', subsidiary, 1, CASE WHEN line > 0 AND pick(i, 25, 6) = 0 THEN 'Seats for the autumn term' END,
    lastmodifieddate, createddate, CASE WHEN has_term THEN starts END, CASE WHEN has_term THEN ends END,
    CASE WHEN has_term THEN starts END, CASE WHEN has_term THEN ends END,
    CASE WHEN has_term AND pick(i, 2, 100) >= 50 THEN starts END,
    CASE WHEN has_term AND pick(i, 2, 100) >= 50 THEN ends END, CASE WHEN has_term THEN custbody_tran_term_in_months END
FROM dated
"""
