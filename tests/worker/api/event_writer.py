"""A process that changes enrollments and orders of some tenants, until it is killed: `URL SEED TENANT_ID…`."""

import random
import sys
import time
from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.enrollment_changes import Why, change
from models.locks import lock_tenant
from worker.database import make_engine, make_sessions

# A typed date that is another one each time, for about half of the tenant's people.
WANTED = """
select e.id, e.sales_order_id, date '2030-01-01' + cast(:seed as int) % 3000 as expiration_date, e.boundary,
    cast(null as char(1)) as ask, 'edited' as cause, 'term_ended' as order_cause
from enrollment e where e.tenant_id = :tenant_id and (e.id + :seed) % 2 = 0
"""
NEW_ORDER = text("""
insert into sales_order (id, tenant_id, customer_id, number, status, modified_at, accepted_at)
values (:id, :tenant_id, 7, 'SO' || :id, 'B', clock_timestamp(), clock_timestamp())
on conflict (id, tenant_id) do update set number = excluded.number
""")
HOLD = text("""
insert into hold (tenant_id, rule, reason, would_expire, enrolled, orders)
values (:tenant_id, 'people', 'too many', 1, 1, 1)
on conflict (tenant_id) where state = 'open' do update set state = 'rejected', decided_at = clock_timestamp(),
    decided_event = nextval('enrollment_event_id_seq')
""")
ORDER_EVENT = text("""
insert into sales_order_event (
    order_id, tenant_id, at, actor, number_before, number_after, status_before, status_after
)
values (1, :tenant_id, clock_timestamp(), 'writer', 'SO1', 'SO1', 'A', 'B')
""")


def write(session: Session, tenant_id: int, chance: random.Random) -> None:
    """One transaction of a tenant: events drawn at several moments, committed late, or not at all."""
    lock_tenant(session, tenant_id)
    for _ in range(chance.randint(1, 3)):
        drawn = chance.random()
        if drawn < 0.2:
            session.execute(ORDER_EVENT, {"tenant_id": tenant_id})
        elif drawn < 0.4:
            session.execute(NEW_ORDER, {"tenant_id": tenant_id, "id": chance.randint(1000, 9999)})
        elif drawn < 0.5:
            session.execute(HOLD, {"tenant_id": tenant_id})
        else:
            asked = {"tenant_id": tenant_id, "seed": chance.randint(1, 100_000)}
            change(session, WANTED, asked, Why("writer", datetime.now(UTC)))
        time.sleep(chance.choice([0, 0.001, 0.01, 0.05]))
    if chance.random() < 0.2:
        session.rollback()


def main() -> None:
    url, seed, *tenant_ids = sys.argv[1:]
    sessions, chance = make_sessions(make_engine(url)), random.Random(int(seed))
    while True:
        with sessions.begin() as session:
            write(session, int(chance.choice(tenant_ids)), chance)


if __name__ == "__main__":
    main()
