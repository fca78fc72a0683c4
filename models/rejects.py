"""Rows NetSuite sent that could not be used: by reason, one by one, and what is done about each.

A rejected landing row names its order and can be asked for again; a parked row names none. Both go by a
reference: `o123@1773162000000000` is the row of order 123 that was rejected at that microsecond, `p7@…` the parked
row 7. What is rejected for the same order later is another row, that nobody has seen who has this reference.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from models.order_listing import COUNTED, text_parameters

Row = dict[str, Any]
Show = Literal["open", "ignored", "all"]

# A rejected row is asked for again a minute after it was read, then ever later. After so many times in vain, two
# weeks in all, it waits for a person; a full pull reads it all the same.
FIRST_RETRY = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(days=1)
MOST_RETRIES = 24
REFERENCE = re.compile(r"([op])([0-9]{1,18})@([0-9]{1,18})", re.ASCII)
# Microseconds, as references have them.
_READ_AT = "cast(extract(epoch from l.read_at) * 1000000 as bigint)"
_SEEN_AT = "cast(extract(epoch from p.first_seen_at) * 1000000 as bigint)"
# A payload may hold escapes that jsonb does not take, so its number is found as text.
_NUMBER_IN_PAYLOAD = r'(?i)"tranid"\s*:\s*"([^"]+)"'

# What is deleted in NetSuite needs no correction. Care belongs to the rejection it was given to, not to one that
# came after it.
_ORDERS = """
from landing_order l left join reject_care k on k.order_id = l.order_id and k.since = l.read_at
where l.reject_code is not null and l.gone is null
"""
_PARKED = """
from parked_row p left join reject_care k on k.parked_id = p.id and k.since = p.first_seen_at
"""
_CARE = "k.retries, k.retried_at, k.retry_at, k.ignored_at, k.ignored_by, k.ignore_reason, k.assigned_to"
_REJECTED = f"""
    select 'o' || l.order_id || '@' || {_READ_AT} as reference, l.order_id, l.reject_code as code,
        l.reject_detail as detail, l.payload, l.read_at as since, l.customer_id, {_CARE}
    {_ORDERS}
    union all
    select 'p' || p.id || '@' || {_SEEN_AT}, null, p.code, p.detail, p.payload, p.first_seen_at, null, {_CARE}
    {_PARKED}
"""

# How many rows wait for a correction: all but those that a person chose to ignore.
OPEN_REJECTS = f"""
    (select count(*) {_ORDERS} and k.ignored_at is null)
    + (select count(*) {_PARKED} where k.ignored_at is null)
"""


@dataclass(frozen=True, slots=True)
class RejectFilter:
    """Which rejected rows: of one reason, not ignored ones, of one person, with a text in number or payload."""

    code: str | None = None
    show: Show = "open"
    assigned_to: int | None = None
    text: str | None = None


_WHERE = """
where (cast(:code as text) is null or r.code = :code)
    and (:show = 'all' or (r.ignored_at is not null) = (:show = 'ignored'))
    and (cast(:assigned_to as bigint) is null or r.assigned_to = :assigned_to)
    and (cast(:text as text) is null or r.payload ilike :text or r.order_id = :text_id
        or r.order_id in (select id from sales_order where number ilike :text))
"""
_GROUPS = text(f"""
select code, count(*) as rows, count(*) filter (where ignored_at is not null) as ignored,
    count(*) filter (where assigned_to is not null) as assigned,
    cast(coalesce(sum(retries), 0) as bigint) as retries,
    min(since) as oldest, max(since) as newest, (array_agg(detail order by since desc))[1] as example
from ({_REJECTED}) r {_WHERE}
group by code order by count(*) desc, code
""")
# The number is the accepted one, else what the row itself says.
_ROWS = text(f"""
select r.*, s.name as assignee, c.name as customer_name, o.number as accepted_number, o.tenant, o.tenant_name,
    o.term_end as accepted_term_end,
    coalesce(o.number, left(substring(r.payload from :number_in_payload), 300)) as number
from (
    select * from ({_REJECTED}) r {_WHERE} order by since desc, reference limit :limit offset :offset
) r
left join staff s on s.id = r.assigned_to
left join customer c on c.id = r.customer_id
left join lateral (
    select o.number, o.term_end, t.key as tenant, t.name as tenant_name
    from sales_order o join tenant t on t.id = o.tenant_id
    where o.id = r.order_id order by o.flag is not null limit 1
) o on true
order by r.since desc, r.reference
""")
_COUNT = text(f"select count(*) from (select from ({_REJECTED}) r {_WHERE} limit :counted) counted")
_REFERENCES = text(f"select reference from ({_REJECTED}) r {_WHERE} order by since desc, reference limit :limit")


def groups(session: Session, wanted: RejectFilter) -> list[Row]:
    """The rows by reason, the most frequent first: how many, since when, how many ignored, how often retried."""
    return _rows(session, _GROUPS, **_parameters(wanted))


def rows(session: Session, wanted: RejectFilter, limit: int = 50, offset: int = 0) -> list[Row]:
    """Rejected rows, the latest first, each with its order as it is accepted (the term that stays in force)."""
    parameters = {**_parameters(wanted), "number_in_payload": _NUMBER_IN_PAYLOAD}
    return _rows(session, _ROWS, **parameters, limit=limit, offset=offset)


def count(session: Session, wanted: RejectFilter) -> int:
    """How many rows match, at most COUNTED + 1."""
    found: int = session.execute(_COUNT, {**_parameters(wanted), "counted": COUNTED + 1}).scalar_one()
    return found


def references(session: Session, wanted: RejectFilter) -> list[str]:
    """References of all rows that match, at most COUNTED of them."""
    return list(session.execute(_REFERENCES, {**_parameters(wanted), "limit": COUNTED}).scalars())


_ASSIGNEES = text("select id, name from staff where active order by name, id limit 500")


def assignees(session: Session) -> list[Row]:
    """Who rows can be given to: everybody active on the staff."""
    return _rows(session, _ASSIGNEES)


def _parameters(wanted: RejectFilter) -> Row:
    given = {"code": wanted.code, "show": wanted.show, "assigned_to": wanted.assigned_to}
    sought = {"text": None, "text_id": None} if wanted.text is None else text_parameters(wanted.text)
    return {**given, **sought}


def split(chosen: Iterable[str]) -> tuple[dict[int, int], dict[int, int]]:
    """Orders and parked rows of references, each with when it was rejected; what is none is passed over."""
    found = [match.groups() for match in map(REFERENCE.fullmatch, chosen) if match]
    orders, parked = ({int(n): int(at) for kind, n, at in found if kind == of} for of in "op")
    return orders, parked


# Both kinds of rows are cared for alike: the key of the care, its rows, and what tells the present rejection.
_CHOSEN = "unnest(cast(:ids as bigint[]), cast(:ats as bigint[])) as c(id, at)"
_KINDS = {
    "order_id": "select l.order_id as id, l.read_at as since"
    f" from {_CHOSEN} join landing_order l on l.order_id = c.id"
    f" where l.reject_code is not null and l.gone is null and coalesce(c.at = {_READ_AT}, true)",
    "parked_id": "select p.id, p.first_seen_at as since"
    f" from {_CHOSEN} join parked_row p on p.id = c.id where c.at = {_SEEN_AT}",
}
_FORGET = "delete from reject_care k using ({rejected}) r where k.{key} = r.id and k.since <> r.since"
_SET = """
insert into reject_care as k ({key}, since, retry_at)
select id, since, case when '{key}' = 'order_id' then since + :first end from ({rejected}) r
on conflict ({key}) do nothing
"""
_UPDATE = """
update reject_care k set {changes} from ({rejected}) r where k.{key} = r.id and k.since = r.since returning 1
"""


def _care(session: Session, kind: str, rows: Mapping[int, int | None], changes: str, **values: object) -> int:
    """Change the care of `rows` that are rejected as they were at that microsecond (None: at any); care of an
    earlier rejection is forgotten first.
    """
    if not rows:
        return 0
    names = {"key": kind, "rejected": _KINDS[kind], "changes": changes}
    ids = sorted(rows)
    parameters = {"ids": ids, "ats": [rows[each] for each in ids], "first": FIRST_RETRY, **values}
    session.execute(text(_FORGET.format(**names)), parameters)
    session.execute(text(_SET.format(**names)), parameters)
    return len(session.execute(text(_UPDATE.format(**names)), parameters).all())


def ask_again(session: Session, order_ids: Sequence[int], now: datetime) -> int:
    """Let rejected rows be asked for again now, ignored ones too. Returns how many will be."""
    changes = "retry_at = :now, ignored_at = null, ignored_by = null, ignore_reason = null"
    return _care(session, "order_id", dict.fromkeys(order_ids), changes, now=now)


def ignore(session: Session, chosen: Iterable[str], by: str, reason: str, now: datetime) -> int:
    """Take rows off the list until NetSuite sends something else for them; what it has sent since they were seen
    stays. Returns how many.
    """
    changes = "ignored_at = :now, ignored_by = :by, ignore_reason = :reason"
    return _care_both(session, chosen, changes, by=by, reason=reason, now=now)


def assign(session: Session, chosen: Iterable[str], staff_id: int | None) -> int:
    """Give rows to a person, or to nobody. Returns how many."""
    return _care_both(session, chosen, "assigned_to = :staff_id", staff_id=staff_id)


def _care_both(session: Session, chosen: Iterable[str], changes: str, **values: object) -> int:
    pairs = zip(_KINDS, split(chosen), strict=True)
    return sum(_care(session, kind, rows, changes, **values) for kind, rows in pairs)


_DUE = text(f"""
select l.order_id {_ORDERS}
    and case when k.id is null then l.read_at + :first else k.retry_at end <= :now and k.ignored_at is null
order by l.order_id limit :limit
""")
_PASSED = text("""
delete from reject_care k using landing_order l
where k.order_id = any(:ids) and l.order_id = k.order_id and (l.reject_code is null or l.gone is not null)
""")
_RETRIED = """
retries = k.retries + 1, retried_at = :now,
retry_at = case when k.retries + 1 < :most then :now + least(:first * power(2, k.retries + 1), :longest) end
"""


def due(session: Session, now: datetime, limit: int = 1000) -> list[int]:
    """Ids of rejected orders to be asked for again, at most `limit`."""
    return list(session.execute(_DUE, {"now": now, "first": FIRST_RETRY, "limit": limit}).scalars())


def retried(session: Session, order_ids: Sequence[int], now: datetime) -> int:
    """Note that NetSuite was asked for these orders again. Returns how many are rejected still."""
    session.execute(_PASSED, {"ids": list(order_ids)})
    values = {"now": now, "most": MOST_RETRIES, "longest": LONGEST_PAUSE}
    return _care(session, "order_id", dict.fromkeys(order_ids), _RETRIED, **values)


def last_retried(session: Session) -> datetime | None:
    """When some rejected row was last asked for again."""
    at: datetime | None = session.execute(text("select max(retried_at) from reject_care")).scalar_one()
    return at


def _rows(session: Session, query: TextClause, **parameters: object) -> list[Row]:
    return [dict(row) for row in session.execute(query, parameters).mappings()]
