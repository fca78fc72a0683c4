"""Orders with people on them, written straight into the tables: for tests of what reads them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, event, text
from sqlalchemy.orm import Session

from models.terms import boundary

NOW = datetime(2026, 3, 10, 17, tzinfo=UTC)
TODAY = NOW.date()
DAY = timedelta(days=1)
ZONE = "America/New_York"


@dataclass(frozen=True)
class Roster:
    """Ids of one tenant and of its users."""

    tenant_id: int
    users: list[int]


class OrderWorld:
    """Tenants by key, each with `users` people in one course; orders by their NetSuite id."""

    def __init__(self, session: Session, *keys: str, users: int = 6) -> None:
        self.session = session
        self.version_id: int = session.execute(
            text("""
            with c as (insert into course (key) values ('safety') returning id)
            insert into course_version (course_id, key, title) select id, 'v1', 'Safety' from c returning id
            """)
        ).scalar_one()
        self.rosters = {key: self._roster(key, users) for key in keys}

    def _roster(self, key: str, users: int) -> Roster:
        tenant_id = self._insert("insert into tenant (key, name) values (:key, :name)", key=key, name=key.title())
        user = "insert into users (tenant_id, key, name, email) values (:tenant_id, :key, :name, :email)"
        people = [(f"user-{n}", f"Person {n} of {key}", f"person-{n}@{key}.example") for n in range(users)]
        return Roster(
            tenant_id,
            [self._insert(user, tenant_id=tenant_id, key=k, name=name, email=email) for k, name, email in people],
        )

    def _insert(self, statement: str, **parameters: Any) -> int:
        made: int = self.session.execute(text(f"{statement} returning id"), parameters).scalar_one()
        return made

    def customer(self, customer_id: int, name: str | None = None, tenant: str | None = None) -> None:
        tenant_id = None if tenant is None else self.rosters[tenant].tenant_id
        self.session.execute(
            text(
                "insert into customer (id, name, tenant_id) values (:id, :name, :tenant_id) on conflict do nothing"
            ),
            {"id": customer_id, "name": name, "tenant_id": tenant_id},
        )

    def landed(self, order_id: int, customer_id: int, end: date | None = None, reject: str | None = None) -> None:
        """What NetSuite said of an order."""
        self.session.execute(
            text("""
            insert into landing_order (order_id, customer_id, number, status, term_end, modified_at, payload,
                read_at, first_seen_at, reject_code, reject_detail)
            values (:id, :customer_id, case when cast(:reject as text) is null then :number end, 'B', :end, :now,
                :payload, :now, :now, :reject, :reject)
            """),
            {
                "id": order_id,
                "customer_id": customer_id,
                "number": f"SO{order_id}",
                "end": end,
                "now": NOW,
                "payload": f'{{"id":"{order_id}","tranid":"SO{order_id}"}}',
                "reject": reject,
            },
        )

    def order(
        self,
        order_id: int,
        tenant: str,
        customer_id: int = 7,
        end: date | None = None,
        flag: str | None = None,
        status: str = "B",
        accepted: datetime = NOW - 10 * DAY,
    ) -> None:
        """An accepted order and its landing row."""
        self.customer(customer_id, f"Customer {customer_id}", tenant)
        self.landed(order_id, customer_id, end)
        self.session.execute(
            text("""
            insert into sales_order (id, tenant_id, customer_id, number, status, term_end, flag, flagged_at,
                modified_at, accepted_at)
            values (:id, :tenant_id, :customer_id, :number, :status, :end, :flag,
                case when cast(:flag as text) is not null then cast(:accepted as timestamptz) end, :now, :accepted)
            """),
            {
                "id": order_id,
                "tenant_id": self.rosters[tenant].tenant_id,
                "customer_id": customer_id,
                "number": f"SO{order_id}",
                "status": status,
                "end": end,
                "flag": flag,
                "now": NOW,
                "accepted": accepted,
            },
        )

    def enroll(self, order_id: int, tenant: str, user: int, end: date | None = None, status: str = "E") -> int:
        """Put the tenant's n-th user on the order, up to a last day."""
        roster = self.rosters[tenant]
        enrollment = self._insert(
            """
            insert into enrollment (tenant_id, user_id, course_version_id, sales_order_id, boundary, status)
            values (:tenant_id, :user_id, :version_id, :order_id, :boundary, :status)
            """,
            tenant_id=roster.tenant_id,
            user_id=roster.users[user],
            version_id=self.version_id,
            order_id=order_id,
            boundary=None if end is None else boundary(end, ZONE),
            status=status,
        )
        if end is not None:
            self.session.execute(
                text("insert into due_boundary (tenant_id, at) values (:tenant_id, :at) on conflict do nothing"),
                {"tenant_id": roster.tenant_id, "at": boundary(end, ZONE)},
            )
        return enrollment


@contextmanager
def counted(session: Session) -> Iterator[list[str]]:
    """The statements that run inside."""
    statements: list[str] = []

    def note(connection: Connection, cursor: object, statement: str, *rest: object) -> None:
        statements.append(statement)

    engine = session.get_bind()
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)
