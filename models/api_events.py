"""The change feed: events of enrollments, orders and holds in the order of their numbers, up to what is settled.

Numbers are drawn before their transaction commits, so a lower one may become visible later. A writer holds a lock
on the table it writes a number to from before it draws one until it is gone: once every writer that was there when
a number was the last has gone, nothing at or below that number is still to come. Writers pay nothing for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

Row = dict[str, Any]

KINDS = (
    "enrollment.created",
    "enrollment.enrolled",
    "enrollment.unenrolled",
    "enrollment.expired",
    "enrollment.reinstated",
    "enrollment.changed",
    "sales_order.created",
    "sales_order.changed",
    "hold.opened",
    "hold.approved",
    "hold.rejected",
    "hold.superseded",
)
# Numbers looked through by one statement: a reader of one tenant passes by the others' events in steps.
WINDOW = 20_000

_LAST = text("select case when is_called then last_value else 0 end from enrollment_event_id_seq")
_WRITERS = text("""
select distinct virtualtransaction from pg_locks
where locktype = 'relation' and database = (select oid from pg_database where datname = current_database())
    and relation in ('enrollment_event'::regclass, 'sales_order_event'::regclass, 'sales_order'::regclass,
        'hold'::regclass)
    and mode in ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
""")


@dataclass(slots=True)
class Horizon:
    """How far the feed is settled, as one process knows it. Grows only; `last` is the newest number seen drawn."""

    settled: int = 0
    last: int = 0
    _candidate: int = 0
    _writers: frozenset[str] = field(default_factory=frozenset)

    def look(self, session: Session) -> int:
        """Look once more; returns what is settled now."""
        last = newest(session)  # before the writers: theirs may be this one
        writers = frozenset(session.execute(_WRITERS).scalars())
        self.last = max(self.last, last)
        self._writers &= writers
        if not self._writers:
            self.settled = max(self.settled, self._candidate)
            self._candidate, self._writers = last, writers
        if not self._writers:
            self.settled = max(self.settled, self._candidate)
        return self.settled


_KIND = """case
    when v.before is null then 'created'
    when not v.before ? 'status' then 'changed'
    when v.status = 'X' then 'expired'
    when v.status = 'U' then 'unenrolled'
    when v.before ->> 'status' = 'X' then 'reinstated'
    else 'enrolled' end"""
_IN_WINDOW = """
    {number} > :after and {number} <= :upto
    and (cast(:tenant_id as bigint) is null or {table}.tenant_id = :tenant_id)
"""
# An order accepted for the first time is its own event; what has changed since stands in its first change.
# The windows are cut out first, so that names are looked up for the rows of the answer only.
_PAGE = text(f"""
with enrollments as materialized (
    select v.id, 'enrollment.' || {_KIND} as kind, v.at, v.tenant_id, v.cause, v.enrollment_id, v.status,
        coalesce(v.before ->> 'status', case when v.before is not null then v.status end) as status_before,
        v.boundary, v.expiration_date, v.expired_at, v.sales_order_id
    from enrollment_event v where {_IN_WINDOW.format(table="v", number="v.id")}
), changed as materialized (
    select v.id, 'sales_order.changed' as kind, v.at, v.tenant_id, v.number_after as number, v.term_start_after,
        v.term_end_after, v.term_end_before, v.status_after, v.flag_after
    from sales_order_event v where {_IN_WINDOW.format(table="v", number="v.id")}
), created as materialized (
    select o.first_event as id, 'sales_order.created' as kind, o.created_at as at, o.tenant_id, o.id as order_id,
        o.number, o.term_start, o.term_end, o.status, o.flag
    from sales_order o where {_IN_WINDOW.format(table="o", number="o.first_event")}
), holds as materialized (
    select h.opened_event as id, 'hold.opened' as kind, h.opened_at as at, h.tenant_id, h.id as hold
    from hold h where {_IN_WINDOW.format(table="h", number="h.opened_event")}
    union all
    select h.decided_event, 'hold.' || h.state, h.decided_at, h.tenant_id, h.id
    from hold h where {_IN_WINDOW.format(table="h", number="h.decided_event")}
), page as (
    select id, kind, at, tenant_id
    from (
        select id, kind, at, tenant_id from enrollments union all select id, kind, at, tenant_id from changed
        union all select id, kind, at, tenant_id from created union all select id, kind, at, tenant_id from holds
    ) every_event
    where cast(:kinds as text[]) is null or kind = any(:kinds)
    order by id limit :limit
)
select p.id, p.kind, p.at, t.key as tenant, e.cause, u.key as user, c.key as course, cv.key as version, e.status,
    e.status_before, e.boundary, e.expiration_date, e.expired_at,
    coalesce(o.number, r.number, f.number_before, n.number) as sales_order,
    case when f.id is null then coalesce(r.term_start_after, n.term_start) else f.term_start_before end
        as term_start,
    case when f.id is null then coalesce(r.term_end_after, n.term_end) else f.term_end_before end as term_end,
    r.term_end_before,
    coalesce(r.status_after, f.status_before, n.status) as order_status,
    case when f.id is null then coalesce(r.flag_after, n.flag) else f.flag_before end as flag, h.hold
from page p
join tenant t on t.id = p.tenant_id
left join enrollments e on e.id = p.id
left join changed r on r.id = p.id
left join created n on n.id = p.id
left join holds h on h.id = p.id
left join lateral (
    select * from sales_order_event v
    where v.order_id = n.order_id and v.tenant_id = n.tenant_id order by v.id limit 1
) f on true
left join enrollment m on m.id = e.enrollment_id
left join users u on u.id = m.user_id
left join course_version cv on cv.id = m.course_version_id
left join course c on c.id = cv.course_id
left join sales_order o on o.id = e.sales_order_id and o.tenant_id = e.tenant_id
order by p.id
""")


def newest(session: Session) -> int:
    """The number that was drawn last, settled or not."""
    last: int = session.execute(_LAST).scalar_one()
    return last


def page(
    session: Session,
    after: int,
    settled: int,
    *,
    tenant_id: int | None = None,
    kinds: Sequence[str] | None = None,
    limit: int = 1000,
) -> tuple[list[Row], int]:
    """Events behind the number `after` up to `settled`, and the number behind which the next page begins.

    Of one tenant or, with None, of all; of some kinds or all. A page may be empty before the end is reached.
    """
    filtered = tenant_id is not None or kinds is not None
    upto = min(settled, after + (WINDOW if filtered else 2 * limit))
    if upto <= after:
        return [], after
    asked = {"after": after, "upto": upto, "tenant_id": tenant_id, "limit": limit}
    wanted = {"kinds": None if kinds is None else list(kinds)}
    rows = [dict(row) for row in session.execute(_PAGE, {**asked, **wanted}).mappings()]
    return rows, rows[-1]["id"] if len(rows) == limit else upto
