"""What lines of a roster come to: whether each made, changed or left alone what it is about."""

from collections.abc import Mapping
from typing import Literal

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

Outcome = Literal["created", "changed", "unchanged"]
State = Mapping[int, str]  # of what a line is about, by line; no line, nothing there

USERS = text("""
select l.line, row(u.name, u.email, u.active, u.manager_id, array(
    select m.group_id from group_member m where m.user_id = u.id order by 1))::text
from roster_line l join users u on u.tenant_id = :tenant_id and u.key = l.user_key
""")
COURSES = text("""
select l.line, row(v.title, array(
    select m.title from module m where m.course_version_id = v.id order by m.position))::text
from roster_line l join course c on c.key = l.course join course_version v on v.course_id = c.id
    and v.key = l.version
""")
ENROLLMENTS = text("""
select l.line, row(e.status, e.sales_order_id, e.expiration_date, e.completed_modules)::text
from roster_line l join users u on u.tenant_id = :tenant_id and u.key = l.user_key
join course c on c.key = l.course join course_version v on v.course_id = c.id and v.key = l.version
join enrollment e on e.tenant_id = :tenant_id and e.user_id = u.id and e.course_version_id = v.id
""")


def state(session: Session, of: TextClause, tenant_id: int | None = None) -> State:
    """What the lines are about, as it is at present: USERS, COURSES or ENROLLMENTS."""
    asked = {} if tenant_id is None else {"tenant_id": tenant_id}
    return {row[0]: row[1] for row in session.execute(of, asked)}


def outcomes(before: State, after: State) -> dict[int, Outcome]:
    """What became of each line whose thing is there afterwards."""
    return {line: _outcome(before.get(line), values) for line, values in after.items()}


def _outcome(before: str | None, after: str) -> Outcome:
    if before is None:
        return "created"
    return "unchanged" if before == after else "changed"
