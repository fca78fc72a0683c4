"""What accepting the proposals of a tenant would do to people and orders: the numbers the guard goes by.

The caller has the tenant's write lock and a filled `proposal` (see `models.reconciling`).
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.boundaries import DAY_MAP, day_map
from models.hold import Hold
from models.tenant import Tenant
from models.terms import last_day, today


@dataclass(frozen=True, slots=True)
class Impact:
    """What the proposals alone say: people they would newly expire, current orders they end or lose.

    `expired_before` and `cut_before`: the same of changes accepted unasked a short while ago, where these add to
    them.
    """

    would_expire: int
    cut_short: int
    newly_gone: int
    expired_before: int = 0
    cut_before: int = 0


@dataclass(frozen=True, slots=True)
class Totals:
    """What the guard measures an impact against. Counting them reads the whole tenant, so only when in doubt."""

    enrolled: int
    current_orders: int
    current_orders_left: int


# A change newly expires whoever is E and would lose access earlier than without it, and by the horizon. Who would
# have lost it by then anyway, no earlier, is not counted: that is a term that simply ends. Counted as if expiry
# were not paused: what is accepted in a pause expires people when it ends.
_WOULD_EXPIRE = f"""
    select e.sales_order_id as order_id, count(*) as would_expire
    from proposal p
    join {DAY_MAP} on day_map.day = p.term_end + cast(:grace_days as int)
    join enrollment e on e.sales_order_id = p.order_id and e.tenant_id = :tenant_id
    where not p.is_new and p.term_end is distinct from p.term_end_before
        and e.status = 'E' and e.expiration_date is null and day_map.boundary <= :horizon
        and (e.boundary is null or e.boundary > greatest(day_map.boundary, :now))
    group by e.sales_order_id
"""
# An order is current when its term has not ended and nothing says that it is gone.
_CURRENT = "(coalesce({0}term_end{1} + cast(:grace_days as int) >= :{2}, true) and {0}flag{1} is null)"
_CUT_SHORT = """(p.term_end + cast(:grace_days as int) < :horizon_day
    and (p.term_end_before is null or p.term_end < p.term_end_before))"""
# What an open hold lists waits for a person, not for time: while a change still cuts its order short, it weighs
# what it weighed when it was first held, however many of its people have expired or left meanwhile. For the same
# reason an order that was current when the tenant was first held counts as current before.
WEIGHED = f"""
    select p.order_id, {_CUT_SHORT} and {_CURRENT.format("p.", "_before", "held_since")} as cut_short,
        {_CURRENT.format("p.", "_before", "held_since")} and p.flag in ('deleted', 'missing', 'moved') as gone,
        greatest(w.would_expire, case when {_CUT_SHORT} then i.would_expire end, 0) as would_expire
    from proposal p
    left join ({_WOULD_EXPIRE}) w on w.order_id = p.order_id
    left join hold_item i on i.hold_id = cast(:hold_id as bigint) and i.order_id = p.order_id
    where not p.is_new
"""
_IMPACT = text(f"""
select coalesce(sum(would_expire), 0), count(*) filter (where cut_short), count(*) filter (where gone)
from ({WEIGHED}) w
""")
# Of changes accepted unasked within the window, those that stand: the order still ends there, and the proposals do
# not give it a later end. Whom they would expire again is counted with them.
_BEFORE = text(f"""
select coalesce(sum(greatest(a.would_expire - coalesce(w.would_expire, 0), 0)), 0),
    count(*) filter (where a.cut_short and not coalesce(w.cut_short, false))
from accepted_cut a
join sales_order o on o.id = a.order_id and o.tenant_id = a.tenant_id and o.term_end = a.term_end
left join proposal p on p.order_id = a.order_id
left join ({WEIGHED}) w on w.order_id = a.order_id
where a.tenant_id = :tenant_id and a.accepted_at > :window_start
    and (p.order_id is null or p.term_end <= a.term_end)
""")
_NOTE = text(f"""
insert into accepted_cut (tenant_id, order_id, accepted_at, term_end, would_expire, cut_short)
select :tenant_id, w.order_id, :now, p.term_end, greatest(w.would_expire, a.would_expire),
    w.cut_short or coalesce(a.cut_short, false)
from ({WEIGHED}) w
join proposal p on p.order_id = w.order_id
left join accepted_cut a on a.tenant_id = :tenant_id and a.order_id = w.order_id
    and a.term_end = p.term_end_before and a.accepted_at > :window_start
where w.would_expire > 0 or w.cut_short
on conflict (tenant_id, order_id) do update set accepted_at = excluded.accepted_at,
    term_end = excluded.term_end, would_expire = excluded.would_expire, cut_short = excluded.cut_short
""")
_ENROLLED = text("""
select count(*) from enrollment
where tenant_id = :tenant_id and status = 'E' and (boundary is null or boundary > :now)
""")
_ORDERS = text(f"""
select
    (select count(*) from sales_order o where o.tenant_id = :tenant_id
        and {_CURRENT.format("o.", "", "held_since")}),
    (select count(*) from sales_order o where o.tenant_id = :tenant_id and {_CURRENT.format("o.", "", "today")}
        and not exists (select from proposal p where p.order_id = o.id))
    + (select count(*) from proposal p where {_CURRENT.format("p.", "", "today")})
""")
# Nobody follows an order that is new, so its term asks for no boundary yet.
_NEW_ENDS = text("""
select distinct term_end from proposal
where not is_new and term_end is not null and term_end is distinct from term_end_before
""")


@dataclass(frozen=True, slots=True)
class Judging:
    """By what the proposals of a tenant are weighed: what ends by `now` + `horizon` is counted, and added to what
    was accepted unasked within `window` before. `held` is the tenant's open hold: changes it lists weigh no less
    than when they were first held.
    """

    tenant: Tenant
    now: datetime
    horizon: timedelta
    window: timedelta
    held: Hold | None


def count_impact(session: Session, judging: Judging) -> Impact:
    """Count what the proposals would do, reading only what they touch."""
    parameters = weighing(session, judging)
    expiring, short, gone = session.execute(_IMPACT, parameters).one()
    if not expiring and not short:
        return Impact(0, 0, gone)
    expired_before, cut_before = session.execute(_BEFORE, parameters).one()
    return Impact(int(expiring), short, gone, int(expired_before), cut_before)


def note_cuts(session: Session, judging: Judging) -> None:
    """Before the proposals are accepted unasked: remember what they take, for what comes next."""
    session.execute(_NOTE, weighing(session, judging))


def count_totals(session: Session, tenant: Tenant, now: datetime, held: Hold | None) -> Totals:
    """Count the tenant's E, its current orders, and those that the proposals would leave current.

    While changes are held it has no more E and no fewer current orders than when they were first held.
    """
    enrolled: int = session.execute(_ENROLLED, {"tenant_id": tenant.id, "now": now}).scalar_one()
    current, left = session.execute(_ORDERS, _days(tenant, now, timedelta(0), held)).one()
    return Totals(enrolled if held is None else min(enrolled, held.enrolled), current, left)


def weighing(session: Session, judging: Judging) -> dict[str, Any]:
    """Parameters of `WEIGHED`."""
    held, now = judging.held, judging.now
    return {
        **following(session, judging.tenant),
        **_days(judging.tenant, now, judging.horizon, held),
        "now": now,
        "horizon": now + judging.horizon,
        "hold_id": None if held is None else held.id,
        "window_start": (now if held is None else held.waiting_since) - judging.window,
    }


def following(session: Session, tenant: Tenant) -> dict[str, Any]:
    """Parameters of statements about the people who follow the proposals: `DAY_MAP` with every new last day."""
    ends = session.execute(_NEW_ENDS).scalars()
    return {
        **day_map((_with_grace(end, tenant.grace_days) for end in ends), tenant.time_zone),
        "tenant_id": tenant.id,
        "grace_days": tenant.grace_days,
    }


def _days(tenant: Tenant, now: datetime, horizon: timedelta, held: Hold | None) -> dict[str, Any]:
    return {
        "tenant_id": tenant.id,
        "grace_days": tenant.grace_days,
        "today": today(now, tenant.time_zone),
        "horizon_day": today(now + horizon, tenant.time_zone),
        "held_since": today(now if held is None else held.waiting_since, tenant.time_zone),
    }


def _with_grace(term_end: date, grace_days: int) -> date:
    day = last_day(None, term_end, grace_days)
    assert day is not None
    return day
