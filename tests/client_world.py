"""Tenants with people in courses, written row by row: every state an enrollment can be stored in."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import count
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.boundaries import term_boundary
from models.tenant import Tenant
from models.terms import boundary

NOW = datetime(2026, 6, 15, 16, 0, tzinfo=UTC)  # noon in New York
_ids = count(1)


@dataclass
class ClientWorld:
    """One tenant. Users go by name, enrollments by (name, course)."""

    session: Session
    key: str
    name: str = ""
    zone: str = "America/New_York"
    grace_days: int = 0
    tenant_id: int = 0
    users: dict[str, int] = field(default_factory=dict)
    enrollments: dict[tuple[str, str], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.tenant_id = self._one(
            """
            insert into tenant (key, name, time_zone, grace_days) values (:key, :name, :zone, :grace) returning id
            """,
            key=self.key,
            name=self.name or self.key.title(),
            zone=self.zone,
            grace=self.grace_days,
        )

    def user(
        self,
        name: str,
        *,
        active: bool = True,
        manager: str | None = None,
        groups: Sequence[str] = (),
        client_admin: bool = False,
        email: str | None = None,
    ) -> int:
        """A user, whose key is the name in lower case, as is the address unless it is given. Returns the id."""
        user_id: int = self._one(
            """
            insert into users (tenant_id, key, name, email, active, manager_id, client_admin)
            values (:tenant, :key, :name, :email, :active, :manager, :client_admin) returning id
            """,
            tenant=self.tenant_id,
            key=name.lower().replace(" ", "."),
            name=name,
            email=email or f"{name.lower().replace(' ', '.')}@{self.key}.example",
            active=active,
            manager=None if manager is None else self.users[manager],
            client_admin=client_admin,
        )
        self.users[name] = user_id
        for group in groups:
            self._join(user_id, group)
        return user_id

    def order(self, term_end: date | None, number: str | None = None) -> int:
        """An accepted sales order, as NetSuite said it. Returns its id."""
        order_id = next(_ids)
        said = {
            "id": order_id,
            "tenant": self.tenant_id,
            "number": number or f"SO{order_id}",
            "term_end": term_end,
            "now": NOW,
        }
        self.session.execute(
            text("""
            insert into landing_order (
                order_id, customer_id, number, status, term_end, modified_at, payload, read_at, first_seen_at
            ) values (:id, 1, :number, 'B', :term_end, :now, '{}', :now, :now)
            """),
            said,
        )
        self.session.execute(
            text("""
            insert into sales_order (
                id, tenant_id, customer_id, number, status, term_end, modified_at, accepted_at
            ) values (:id, :tenant, 1, :number, 'B', :term_end, :now, :now)
            """),
            said,
        )
        return order_id

    def enroll(
        self,
        name: str,
        course: str = "safety",
        *,
        status: str = "E",
        typed: date | None = None,
        order: int | None = None,
        cause: str | None = None,
        expired_at: datetime | None = None,
        completed: int = 0,
    ) -> int:
        """An enrollment of user `name` as stored: an E past its boundary is one that no sweep has seen yet.

        A stored X expired at its boundary because its term ended, unless said otherwise. Returns the id.
        """
        ends = self._boundary(typed, order)
        if status == "X":
            cause, expired_at = cause or "term_ended", expired_at or ends or NOW
        enrollment_id: int = self._one(
            """
            insert into enrollment (tenant_id, user_id, course_version_id, sales_order_id, boundary,
                expiration_date, completed_modules, status, expired_at, expired_cause)
            values (:tenant, :user, :version, :order, :boundary, :typed, :completed, :status, :at, :cause)
            returning id
            """,
            tenant=self.tenant_id,
            user=self.users[name],
            version=make_course(self.session, course),
            order=order,
            boundary=ends,
            typed=typed,
            completed=completed,
            status=status,
            at=expired_at,
            cause=cause,
        )
        self.enrollments[name, course] = enrollment_id
        return enrollment_id

    def pause(self, at: datetime, until: datetime | None = None) -> None:
        """Pause the tenant's expiry."""
        self.session.execute(
            text("update tenant set paused_at = :at, pause_until = :until where id = :id"),
            {"at": at, "until": until, "id": self.tenant_id},
        )

    def _boundary(self, typed: date | None, order: int | None) -> datetime | None:
        if typed is not None:
            return boundary(typed, self.zone)
        if order is None:
            return None
        term_end = self._one("select term_end from sales_order where id = :id", id=order)
        return term_boundary(term_end, self.session.get_one(Tenant, self.tenant_id))

    def _join(self, user_id: int, group: str) -> None:
        group_id = self._one(
            """
            insert into user_group (tenant_id, name) values (:tenant, :name)
            on conflict (tenant_id, name) do update set name = excluded.name returning id
            """,
            tenant=self.tenant_id,
            name=group,
        )
        self.session.execute(
            text("insert into group_member (group_id, user_id, tenant_id) values (:group, :user, :tenant)"),
            {"group": group_id, "user": user_id, "tenant": self.tenant_id},
        )

    def _one(self, statement: str, **parameters: Any) -> Any:
        return self.session.execute(text(statement), parameters).scalar_one()


MODULES = ("Welcome", "Hazards", "First aid", "Final assessment")


def make_course(session: Session, key: str) -> int:
    """The version "v1" of a course with four modules, made when it is not there. Returns the version's id."""
    found = session.execute(
        text("select v.id from course_version v join course c on c.id = v.course_id where c.key = :key"),
        {"key": key},
    ).scalar_one_or_none()
    if found is not None:
        return int(found)
    version_id = session.execute(
        text("""
        with c as (insert into course (key) values (:key) returning id)
        insert into course_version (course_id, key, title) select id, 'v1', :title from c returning id
        """),
        {"key": key, "title": f"{key.title()} at work"},
    ).scalar_one()
    session.execute(
        text("insert into module (course_version_id, position, title) values (:version, :position, :title)"),
        [{"version": version_id, "position": n, "title": title} for n, title in enumerate(MODULES, 1)],
    )
    return int(version_id)
