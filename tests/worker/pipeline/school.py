"""The program's side of a generated world: tenants, people and pages through the pipeline's own doors."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from domain_oracle import Said
from sqlalchemy import Connection, text
from sqlalchemy.orm import Session, sessionmaker

from models import landing, locks
from models.boundaries import term_boundary
from models.enrollment_changes import Why, change, enroll
from models.landing import Landed
from models.sales_order import SalesOrder
from models.terms import boundary
from worker.pipeline import expire, tenants

# Everything a history writes, in an order in which it can be deleted.
TABLES = (
    "enrollment_event",
    "enrollment",
    "due_boundary",
    "sales_order_event",
    "sales_order",
    "accepted_cut",
    "hold_item",
    "hold",
    "landing_due",
    "landing_order",
    "parked_row",
    "pull_missing",
    "pull_range",
    "sync_run",
    "sync_state",
    "account",
    "customer",
    "users",
    "course_version",
    "course",
    "staff_action",
    "tenant",
)
# What the domain is about; the others are bookkeeping.
DOMAIN = (
    "enrollment_event",
    "enrollment",
    "due_boundary",
    "sales_order_event",
    "sales_order",
    "accepted_cut",
    "hold_item",
    "hold",
    "landing_due",
    "landing_order",
    "parked_row",
    "customer",
    "tenant",
    "account",
    "sync_state",
)

_EDIT = """
    select w.*, 'edited' as cause, 'term_ended' as order_cause
    from unnest(
        cast(:ids as bigint[]), cast(:orders as bigint[]), cast(:dates as date[]),
        cast(:boundaries as timestamptz[]), cast(:asks as char(1)[])
    ) as w(id, sales_order_id, expiration_date, boundary, ask)
"""
_ENROLL = """
    select cast(:tenant_id as bigint) as tenant_id, cast(:user_id as bigint) as user_id,
        cast(:course_version_id as bigint) as course_version_id, cast(:order_id as bigint) as sales_order_id,
        cast(:typed as date) as expiration_date, cast(:boundary as timestamptz) as boundary,
        cast(:modules as smallint) as completed_modules
"""


def wipe(connection: Connection) -> None:
    """Empty every table a history writes."""
    for table in TABLES:
        connection.execute(text(f"delete from {table}"))


def checksums(session: Session, tables: Iterable[str] = DOMAIN) -> dict[str, str]:
    """One digest of the whole content of each table, row versions included: any write at all shows."""
    query = "select coalesce(md5(string_agg(t::text || t.xmin::text, '|' order by t::text)), '') from {} t"
    return {table: session.execute(text(query.format(table))).scalar_one() for table in tables}


@dataclass
class School:
    """Tenants with people. Tenants go by key, enrollments by their id."""

    session_maker: sessionmaker[Session]
    tenant_ids: dict[str, int] = field(default_factory=dict)
    course_version_id: int = 0

    def open(self, keys: Iterable[str], now: datetime, zone: str = "America/New_York") -> None:
        """Add tenants, and one course that everybody takes."""
        with self.session_maker.begin() as session:
            for key in keys:
                tenant, _ = tenants.add(session, key, key.title(), Why("test", now), time_zone=zone)
                self.tenant_ids[key] = tenant.id
            self.course_version_id = session.execute(
                text("""
                with c as (insert into course (key) values ('safety') returning id)
                insert into course_version (course_id, key, title) select id, 'v1', 'Safety' from c returning id
                """)
            ).scalar_one()

    def open_another(self, key: str, now: datetime) -> int:
        """One more tenant. Returns its id."""
        with self.session_maker.begin() as session:
            self.tenant_ids[key] = tenants.add(session, key, key.title(), Why("test", now))[0].id
        return self.tenant_ids[key]

    def enroll(
        self, key: str, now: datetime, order: int | None = None, typed: date | None = None, modules: int = 0
    ) -> int:
        """A new user of the tenant in the course. Returns the enrollment's id."""
        with self.session_maker.begin() as session:
            tenant = locks.lock_tenant(session, self.tenant_ids[key])
            expire.catch_up(session, tenant, Why("test", now))
            user_id = session.execute(
                text("""insert into users (tenant_id, key, name, email)
                    values (:tenant_id, gen_random_uuid()::text, 'N', 'n@example.test') returning id"""),
                {"tenant_id": tenant.id},
            ).scalar_one()
            parameters = {
                "tenant_id": tenant.id,
                "user_id": user_id,
                "course_version_id": self.course_version_id,
                "order_id": order,
                "typed": typed,
                "boundary": self._boundary(session, key, order, typed),
                "modules": modules,
            }
            enroll(session, _ENROLL, parameters, Why("staff", now))
            found: int = session.execute(
                text("select id from enrollment where user_id = :user_id"), {"user_id": user_id}
            ).scalar_one()
            return found

    def edit(
        self, key: str, now: datetime, edits: Sequence[tuple[int, int | None, date | None, str | None]]
    ) -> None:
        """Set order and date, and ask for a status, of (enrollment, order, date, ask)."""
        with self.session_maker.begin() as session:
            tenant = locks.lock_tenant(session, self.tenant_ids[key])
            expire.catch_up(session, tenant, Why("test", now))
            parameters = {
                "ids": [edit[0] for edit in edits],
                "orders": [edit[1] for edit in edits],
                "dates": [edit[2] for edit in edits],
                "boundaries": [self._boundary(session, key, order, typed) for _, order, typed, _ in edits],
                "asks": [edit[3] for edit in edits],
            }
            change(session, _EDIT, parameters, Why("staff", now))

    def _boundary(self, session: Session, key: str, order: int | None, typed: date | None) -> datetime | None:
        tenant = locks.lock_tenant(session, self.tenant_ids[key])
        if typed is not None:
            return boundary(typed, tenant.time_zone)
        if order is None:
            return None
        return term_boundary(session.get_one(SalesOrder, (order, tenant.id)).term_end, tenant)


def land(session: Session, rows: Iterable[Said], read_at: datetime, now: datetime) -> None:
    """Land what NetSuite said."""
    landing.land(session, [landed(said) for said in rows], read_at, now)


def landed(said: Said) -> Landed:
    """The row as the connector would hand it over."""
    payload = json.dumps({"id": said.order, "version": said.version})
    if said.bad:
        bad = ("date-unreadable", "the 31st of February")
        return Landed(said.order, said.customer, None, None, None, None, said.modified, payload, *bad)
    return Landed(
        said.order,
        said.customer,
        said.number,
        said.status,
        said.start,
        said.end,
        said.modified,
        payload,
    )


def rows(session: Session, query: str, **parameters: Any) -> list[tuple[Any, ...]]:
    """The rows of a query as plain tuples."""
    return [tuple(row) for row in session.execute(text(query), parameters)]
