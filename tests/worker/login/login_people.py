"""People who sign in, and the application with them in it."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session
from web_running import add_staff, give_password, serving

from worker.database import make_sessions

ANA, LEO = "ana@staff.example", "leo@acme.example"
ADD_TENANT = text("insert into tenant (key, name) values (:key, initcap(:key)) returning id")
ADD_USER = text("""
insert into users (tenant_id, key, name, email, manager_id)
values ((select id from tenant where key = :tenant), :key, initcap(:key), :email, :manager) returning id
""")


def add_user(session: Session, tenant: str, key: str, email: str, manager: int | None = None) -> int:
    """A user of a tenant, which is made when it is not there; returns the id. They can sign in with PASSWORD."""
    if session.execute(text("select 1 from tenant where key = :key"), {"key": tenant}).first() is None:
        session.execute(ADD_TENANT, {"key": tenant})
    values = {"tenant": tenant, "key": key, "email": email, "manager": manager}
    found: int = session.execute(ADD_USER, values).scalar_one()
    give_password(session, found)
    return found


@contextmanager
def open_site(engine: Engine) -> Iterator[str]:
    """The application for as long as the block; ANA is admin, LEO a learner of Acme. Yields its address."""
    with make_sessions(engine).begin() as session:
        add_staff(session, "admin", ANA)
        add_user(session, "acme", "leo", LEO)
    with serving(engine) as url:
        yield url


def actions(session: Session) -> list[tuple[str, str]]:
    """(action, subject) of what is on record, in order."""
    rows = session.execute(text("select action, subject from staff_action order by id"))
    return [(row.action, row.subject) for row in rows]
