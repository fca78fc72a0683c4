"""What people did, and what became of enrollments: newest first, looked through a bounded way at a time."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

Row = dict[str, Any]

# Events looked through for one page: with few matches among many, the page ends there and says how far it looked.
LOOKED_THROUGH = 100_000


@dataclass(frozen=True, slots=True)
class HistorySearch:
    """Whose deeds, on what, when. Empty or None: any. `tenant` is a tenant's key, `words` a part of the subject
    (of an action), or of a user's name, e-mail or key (of an enrollment's event); `run_id` is for events only.
    """

    actor: str = ""
    tenant: str = ""
    words: str = ""
    run_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None


_ACTIONS = text("""
select a.id, a.at, a.actor, s.name as person, a.action, a.subject, a.reason, a.detail
from staff_action a left join staff s on a.actor = 'staff:' || s.email
where (cast(:before as bigint) is null or a.id < :before)
    and (:actor = '' or a.actor = :actor)
    and (:tenant = '' or a.subject = 'tenant ' || :tenant or a.detail ->> 'tenant' = :tenant)
    and (:words = '' or strpos(lower(a.subject || ' ' || a.action), lower(:words)) > 0)
    and (cast(:since as timestamptz) is null or a.at >= :since)
    and (cast(:until as timestamptz) is null or a.at < :until)
order by a.id desc limit :limit
""")
_ACTORS = text("""
select 'staff:' || email as actor, name from staff union
select actor, null from (
    select distinct actor from (select actor from staff_action order by id desc limit 2000) a
) r
where not exists (select from staff s where r.actor = 'staff:' || s.email)
order by 2 nulls last, 1 limit 500
""")


def actions(session: Session, search: HistorySearch, before: int | None = None, limit: int = 50) -> list[Row]:
    """What people did, newest first, from the action before `before` on. `person` is null without an account."""
    return _rows(session, _ACTIONS, **asdict(search), before=before, limit=limit)


def actors(session: Session) -> list[Row]:
    """Who can be chosen: staff, and others who did something lately."""
    return _rows(session, _ACTORS)


# What is told of an event: before and after of what changed, with names.
_EVENTS = """
select v.id, v.at, v.enrollment_id, v.version, v.run_id, v.actor, s.name as person, v.cause, v.before,
    v.status, v.expiration_date, v.boundary, o.number as sales_order, t.key as tenant, t.name as tenant_name,
    t.time_zone, u.name as user, u.email, c.key as course, cv.title as course_title,
    ob.number as sales_order_before
from (
    select v.* from enrollment_event v where {where} order by v.id desc limit :limit
) v
join tenant t on t.id = v.tenant_id
join enrollment e on e.id = v.enrollment_id
join users u on u.id = e.user_id
join course_version cv on cv.id = e.course_version_id
join course c on c.id = cv.course_id
left join sales_order o on o.id = v.sales_order_id and o.tenant_id = v.tenant_id
left join sales_order ob on ob.id = cast(v.before ->> 'sales_order_id' as bigint) and ob.tenant_id = v.tenant_id
left join staff s on v.actor = 'staff:' || s.email
order by v.id desc
"""
_ALWAYS = """(cast(:before as bigint) is null or v.id < :before)
    and (:actor = '' or v.actor = :actor)
    and (:tenant = '' or v.tenant_id = (select id from tenant where key = :tenant))
    and (cast(:since as timestamptz) is null or v.at >= :since)
    and (cast(:until as timestamptz) is null or v.at < :until)
    and (cast(:run_id as bigint) is null or v.run_id = :run_id)"""
_OF_USERS = """v.enrollment_id in (select e.id from enrollment e where e.user_id in (
    select u.id from users u where u.name ilike :like or u.email ilike :like or u.key ilike :like limit 200))"""
_WINDOW = "v.id >= :window_from"
# Where to begin: behind the newest event, or behind the last one before `until`. The block-range index on `at`
# finds a day; a day without an event costs a look at all that is older.
# Orders and holds draw from the same numbers: after a first load the last ones may all be theirs.
NEWEST = f"""coalesce(
    (select max(id) from enrollment_event
        where id > (select last_value from enrollment_event_id_seq) - {LOOKED_THROUGH}),
    (select max(id) from enrollment_event where at >= clock_timestamp() - interval '1 day'),
    (select max(id) from enrollment_event), 0)"""
_NEWEST = text(f"select {NEWEST}")
_NEWEST_BEFORE = text("""
select coalesce(
    (select max(id) from enrollment_event
        where at >= cast(:until as timestamptz) - interval '1 day' and at < :until),
    (select max(id) from enrollment_event where at < :until), 0)
""")


@dataclass(frozen=True, slots=True)
class Events:
    """A page of events. `older` is the `before` of the next page, None at the end; there may be more behind it
    even when this page is not full.
    """

    rows: list[Row]
    older: int | None


def events(session: Session, search: HistorySearch, before: int | None = None, limit: int = 50) -> Events:
    """What became of enrollments, newest first: of a user or run all of it, else a window of events at a time."""
    like = search.words.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
    parameters: Row = {**asdict(search), "like": f"%{like}%", "before": before, "limit": limit + 1}
    if search.words or search.run_id is not None:
        where = f"{_ALWAYS} and {_OF_USERS}" if search.words else _ALWAYS
        return _page(_event_rows(session, where, parameters), limit, None)
    newest = before - 1 if before is not None else _newest(session, search)
    lowest = newest - LOOKED_THROUGH + 1
    parameters |= {"before": newest + 1, "window_from": lowest}
    return _page(
        _event_rows(session, f"{_ALWAYS} and {_WINDOW}", parameters), limit, lowest if lowest > 1 else None
    )


def latest_events(session: Session, search: HistorySearch, most: int) -> list[Row]:
    """The latest `most` events that match, however far back they are."""
    found = events(session, search, None, most)
    rows, older = found.rows, found.older
    while older is not None and len(rows) < most:
        found = events(session, search, older, most - len(rows))
        rows, older = rows + found.rows, found.older
    return rows


def _newest(session: Session, search: HistorySearch) -> int:
    if search.until is None:
        newest: int = session.execute(_NEWEST).scalar_one()
    else:
        newest = session.execute(_NEWEST_BEFORE, {"until": search.until}).scalar_one()
    return newest


def _event_rows(session: Session, where: str, parameters: Row) -> list[Row]:
    return _rows(session, text(_EVENTS.format(where=where)), **parameters)


def _page(rows: list[Row], limit: int, edge: int | None) -> Events:
    if len(rows) > limit:
        return Events(rows[:limit], int(rows[limit - 1]["id"]))
    return Events(rows, edge)


_OF_ENROLLMENT = text(_EVENTS.format(where="v.enrollment_id = :enrollment_id"))
_ENROLLMENT = text("""
select e.id, e.status as stored, e.expiration_date, e.boundary, e.expired_cause, e.version, s.status,
    coalesce(e.expired_at, case when s.status = 'X' then greatest(e.boundary, t.pause_until) end) as expired_at,
    t.key as tenant, t.name as tenant_name, t.time_zone, u.name as user, u.email, u.active, c.key as course,
    cv.key as course_version, cv.title as course_title, o.number as sales_order, o.id as order_id, o.term_end,
    o.flag, coalesce(e.expiration_date, o.term_end + t.grace_days) as last_day
from enrollment e join tenant t on t.id = e.tenant_id join users u on u.id = e.user_id
join course_version cv on cv.id = e.course_version_id join course c on c.id = cv.course_id
left join sales_order o on o.id = e.sales_order_id and o.tenant_id = e.tenant_id
cross join lateral (select status_at(e.status, e.boundary, t.paused_at, t.pause_until, :now) as status) s
where e.id = :enrollment_id
""")
# Changes of the orders that the enrollment has or had: what NetSuite said, when it was accepted, by which run.
_ORDERS_OF_ENROLLMENT = text("""
select v.id, v.at, v.actor, v.run_id, v.number_after as number, v.status_before, v.status_after,
    v.term_start_before, v.term_start_after, v.term_end_before, v.term_end_after, v.flag_before, v.flag_after
from sales_order_event v
join (select distinct sales_order_id, tenant_id from enrollment_event
    where enrollment_id = :enrollment_id and sales_order_id is not null) mine
    on mine.sales_order_id = v.order_id and mine.tenant_id = v.tenant_id
order by v.id desc limit :limit
""")


def enrollment(session: Session, enrollment_id: int, now: datetime) -> Row | None:
    """One enrollment as it is and as it reads at `now`; `expired_at` also before it is written down."""
    found = _rows(session, _ENROLLMENT, enrollment_id=enrollment_id, now=now)
    return found[0] if found else None


def of_enrollment(session: Session, enrollment_id: int, limit: int = 500) -> tuple[list[Row], list[Row]]:
    """Events of one enrollment, and accepted changes of the orders it has or had; both newest first."""
    own = _rows(session, _OF_ENROLLMENT, enrollment_id=enrollment_id, limit=limit)
    return own, _rows(session, _ORDERS_OF_ENROLLMENT, enrollment_id=enrollment_id, limit=limit)


def _rows(session: Session, query: TextClause, **parameters: object) -> list[Row]:
    return [dict(row) for row in session.execute(query, parameters).mappings()]
