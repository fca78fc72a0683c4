"""Courses with people, for tests of enrollments and edits, and what somebody reads and presses on their pages."""

import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from uuid import uuid4

import httpx
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from models import runs
from worker import clock
from worker.pipeline import edit

SignIn = Callable[..., httpx.Client]


@dataclass(frozen=True)
class School:
    """Acme with people in Safety 1 and an order that ends in 90 days, beta with one person."""

    sessions: sessionmaker[Session]
    today: date
    version: int
    other_version: int

    @property
    def here(self) -> str:
        return f"/console/courses/acme/{self.version}"

    def add_people(self, number: int, tenant: str = "acme", first: int = 0) -> None:
        """Users `Person 000` and so on of North, enrolled in Safety 1 with order 1 of their tenant."""
        with self.sessions.begin() as session:
            session.execute(text(PEOPLE), {"tenant": tenant, "first": first, "last": first + number - 1,
                                           "version": self.version})  # fmt: skip

    def query(self, query: str, **parameters: object) -> list[tuple[object, ...]]:
        with self.sessions() as session:
            return [tuple(row) for row in session.execute(text(query), parameters)]

    def statuses(self, tenant: str = "acme") -> str:
        found = self.query(
            "select string_agg(e.status, '' order by u.name) from enrollment e join users u on u.id = e.user_id"
            " join tenant t on t.id = e.tenant_id where t.key = :tenant",
            tenant=tenant,
        )
        return str(found[0][0])

    def ids(self, *names: str) -> list[int]:
        found = self.query(
            "select e.id from enrollment e join users u on u.id = e.user_id where u.name = any(:names) order by 1",
            names=list(names),
        )
        return [int(str(row[0])) for row in found]

    def perform(self, run_id: int) -> str:
        """What a worker does with the edit."""
        with self.sessions.begin() as session:
            claimed = runs.claim(session, run_id, uuid4(), clock.now(session))
        assert claimed is not None
        return edit.perform(self.sessions, claimed)


PEOPLE = """
with added as (
    insert into users (tenant_id, key, name, email)
    select t.id, 'p' || n, 'Person ' || to_char(n, 'FM000'), 'p' || n || '@' || t.key || '.example'
    from tenant t, generate_series(cast(:first as int), cast(:last as int)) n where t.key = :tenant
    returning id, tenant_id
), grouped as (
    insert into group_member select g.id, a.id, a.tenant_id
    from added a join user_group g on g.tenant_id = a.tenant_id
), enrolled as (
    insert into enrollment (tenant_id, user_id, course_version_id, sales_order_id, boundary)
    select a.tenant_id, a.id, :version, o.id, cast(o.term_end + 1 as timestamp) at time zone t.time_zone
    from added a join tenant t on t.id = a.tenant_id join sales_order o on o.tenant_id = t.id and o.number = 'SO1'
    returning *
), watched as (
    insert into due_boundary (tenant_id, at) select distinct tenant_id, boundary from enrolled
    on conflict do nothing
)
insert into enrollment_event (
    enrollment_id, version, tenant_id, at, status, sales_order_id, boundary, cause, actor)
select id, version, tenant_id, now(), status, sales_order_id, boundary, 'enrolled', 'test' from enrolled
"""
MANY_ORDERS = """
insert into sales_order (id, tenant_id, customer_id, number, status, term_end, modified_at, accepted_at)
select 1000 + n, t.id, 1, 'Z' || to_char(n, 'FM0000'), 'B',
    cast(now() at time zone 'America/New_York' as date) + 500, now(), now()
from tenant t, generate_series(1, 250) n where t.key = 'acme'
"""


def words(page: httpx.Response) -> str:
    """What a page says, without its tags."""
    assert page.status_code == 200, page.text
    return re.sub(
        r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text[page.text.index("<main") if "<main" in page.text else 0 :])
    )


def people(page: httpx.Response) -> list[str]:
    assert page.status_code == 200, page.text
    return re.findall(r"Person \d{3}(?=</bdi>)", page.text)


def fields(page: httpx.Response, to: str | None = None) -> tuple[str, dict[str, list[str]]]:
    """Address and hidden fields of the form that confirms a preview, or of the one that goes `to` an address."""
    forms = re.findall(r'<form method="post".*?</form>', page.text, re.DOTALL)
    form = next(part for part in forms if (f'action="{to}"' if to else 'name="key"') in part)
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form):
        found.setdefault(name, []).append(html.unescape(value))
    return re.findall(r'action="([^"]+)"', form)[0], found


def confirmed(client: httpx.Client, page: httpx.Response, to: str | None = None, **also: str) -> httpx.Response:
    """Presses the button of that form."""
    address, hidden = fields(page, to)
    return client.post(address, data={**hidden, **also})


def run_of(answer: httpx.Response) -> int:
    assert answer.status_code == 303, answer.text
    return int(answer.headers["location"].rsplit("/", 1)[1])


def post(client: httpx.Client, form_at: str, to: str) -> str:
    """Presses a button of a page; returns where it leads."""
    answer = confirmed(client, client.get(form_at), to)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def message(client: httpx.Client, answer: httpx.Response) -> str:
    """What the page says that comes after a form."""
    assert answer.status_code == 303, answer.text
    return words(client.get(answer.headers["location"]))
