"""A few rows to start from, and reading rows back."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session


@dataclass(frozen=True)
class Roster:
    """Ids of one tenant, its users and one course version."""

    tenant_id: int
    users: list[int]
    course_version_id: int


def make_roster(session: Session, key: str = "acme", users: int = 4) -> Roster:
    """A tenant in New York with `users` users, and a course."""
    tenant_id = one(session, "insert into tenant (key, name) values (:key, :key) returning id", key=key)
    user_ids = [
        one(
            session,
            "insert into users (tenant_id, key, name, email) values (:t, :key, 'N', 'n@x.test') returning id",
            t=tenant_id,
            key=f"user-{n}",
        )
        for n in range(users)
    ]
    course_id = one(session, "insert into course (key) values (:key) returning id", key=f"safety-{key}")
    version_id = one(
        session,
        "insert into course_version (course_id, key, title) values (:c, 'v1', 'S') returning id",
        c=course_id,
    )
    return Roster(tenant_id, user_ids, version_id)


def one(session: Session, statement: str, **parameters: Any) -> Any:
    return session.execute(text(statement), parameters).scalar_one()


def query(session: Session, statement: str, **parameters: Any) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in session.execute(text(statement), parameters)]
