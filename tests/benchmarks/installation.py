"""A whole installation for its pages to list: people, orders, what NetSuite said, what was done and went wrong."""

from collections.abc import Iterator
from contextlib import contextmanager

from .bench import Bench, Database

COURSES = 10  # courses everybody is in: an order covers five people in two of them
# A tenth of everything belongs to tenant 1, the rest to the others in equal parts.
TENANT = "case when block %% 10 = 0 then 1 else 2 + block %% (%(tenants)s - 1) end"

PEOPLE = f"""
insert into tenant (key, name) select 't' || i, 'Tenant ' || i from generate_series(1, %(tenants)s) i;
insert into customer (id, name, tenant_id, mapped_at, mapped_by)
select 1000 * t + c, 'Customer ' || t || '-' || c, t, now(), 'bench'
from generate_series(1, %(tenants)s) t, generate_series(0, 19) c;
insert into course (key) select 'c' || c from generate_series(1, {COURSES}) c;
insert into course_version (course_id, key, title) select id, '1', 'Course ' || key from course order by id;
insert into module (course_version_id, position, title)
select v.id, p, 'Module ' || p from course_version v, generate_series(1, 8) p;
insert into users (tenant_id, key, name, email, active, manager_id)
select {TENANT}, 'u' || i,
    (array['Ada','Bo','Cy','Dee','Eli','Fay','Gus','Hal','Ida','Jo','Kim','Lee','Mia'])[1 + i %% 13] || ' '
        || (array['Berg','Castillo','Dumont','Evans','Fischer','Garcia','Hansen'])[1 + i / 13 %% 7] || ' ' || i,
    'user-' || i || '@example.com', i %% 20 <> 7, null
from (select i, i / 5 as block from generate_series(0, %(people)s - 1) i) b order by i;
update users u set manager_id = m.id from (
    select tenant_id, min(id) as id from users group by tenant_id
) m where m.tenant_id = u.tenant_id and m.id <> u.id and u.id %% 500 = 3;
insert into user_group (tenant_id, name)
select t, 'Group ' || g from generate_series(1, %(tenants)s) t, generate_series(1, 20) g;
insert into group_member (group_id, user_id, tenant_id)
select g.id, u.id, u.tenant_id from users u join user_group g on g.tenant_id = u.tenant_id
where g.name = 'Group ' || 1 + u.id %% 20;
insert into staff (email, name, role) select 's' || i || '@staff.example', 'Staff ' || i, 'ops'
from generate_series(1, 50) i;
"""
# One order for each person; a block of five people has the five orders in turn, two courses of each.
ORDERS = f"""
insert into sales_order (id, tenant_id, customer_id, number, status, term_start, term_end, modified_at,
    accepted_at, flag, flagged_at)
select i + 1, tenant, 1000 * tenant + block %% 20, 'SO' || 100000 + i,
    (array['B','F','G','A'])[1 + hash %% 4], day - 365, day,
    now() - make_interval(mins => i), now() - make_interval(mins => i),
    case when hash %% 200 = 0 then 'cancelled' end, case when hash %% 200 = 0 then now() end
from (
    select i, block, {TENANT} as tenant, hash, current_date + 250 - hash %% 365 as day
    from (select i, i / 5 as block, abs(hashint4(i)) as hash from generate_series(0, %(people)s - 1) i) h
) o;
insert into landing_order (order_id, customer_id, number, status, term_start, term_end, modified_at, payload,
    read_at, first_seen_at, reject_code, reject_detail)
select id, customer_id, number, status, term_start, term_end, modified_at,
    '{{"id":"' || id || '","tranid":"' || number || '","memo":"' || repeat('x', 300) || '"}}', now(),
    accepted_at, case when id %% 100 = 0 then 'term-ends-before-start' end,
    case when id %% 100 = 0 then 'The term ends before it starts.' end
from sales_order;
insert into sales_order_event (order_id, tenant_id, at, actor, number_before, number_after, status_before,
    status_after, term_end_before, term_end_after)
select id, tenant_id, accepted_at, 'sync', number, number, status, status, term_end - 30, term_end
from sales_order where id %% 2 = 0 order by accepted_at;
insert into customer (id, name) select 9000000 + i, 'Newcomer ' || i from generate_series(1, 500) i;
insert into landing_order (order_id, customer_id, number, status, modified_at, payload, read_at, first_seen_at)
select 10000000 + i, 9000001 + i %% 500, 'NEW' || i, 'B', now(), '{{}}', now(), now()
from generate_series(1, 2500) i;
insert into parked_row (code, detail, payload)
select 'row-without-id', 'The row names no order.', '{{"memo":' || i || '}}' from generate_series(1, 200) i;
"""
# A twentieth has expired by its boundary without a sweep, a quarter is written down as X, a twentieth is U.
ENROLLMENTS = """
insert into enrollment (tenant_id, user_id, course_version_id, sales_order_id, boundary, expiration_date,
    completed_modules, status, expired_at, expired_cause)
select tenant_id, user_id, version_id, order_id, boundary,
    case when hash %% 50 = 0 then cast(boundary as date) - 1 end, hash %% 9, status,
    case when status = 'X' then boundary end, case when status = 'X' then 'term_ended' end
from (
    select u.tenant_id, u.id as user_id, v.id as version_id, o.id as order_id, h.hash,
        cast(o.term_end + 1 as timestamp) at time zone 'America/New_York' as boundary,
        case when h.hash %% 20 = 1 then 'U' when o.term_end < current_date - 10 then 'X' else 'E' end as status
    from users u cross join course_version v
    join sales_order o on o.id = u.id - (u.id - 1) %% 5 + (u.id + v.id) %% 5
    cross join lateral (select abs(hashint8(u.id * 16 + v.id)) as hash) h
) e order by user_id, version_id;
insert into enrollment_event (enrollment_id, version, tenant_id, at, status, sales_order_id, boundary, cause,
    actor, expired_at, expired_cause)
select id, version, tenant_id, now() - make_interval(secs => 1000000 - id), status, sales_order_id, boundary,
    'enrolled', 'bench', expired_at, expired_cause
from enrollment order by id;
insert into due_boundary (tenant_id, at) select distinct tenant_id, boundary from enrollment order by 2, 1;
"""
# What people and runs did: two thousand edits, the last of which is large; a hold on the orders of tenant 1.
DEEDS = """
insert into sync_run (kind, scope, asked_by, asked_at, state, outcome, counts, started_at, finished_at)
select case when i %% 10 = 0 then 'edit' else 'pull' end, case when i %% 10 = 0 then 'edit' else 'changes' end,
    'bench', now() - make_interval(mins => 20000 - i), 'done', 'ok', '{"read": 100, "changed": 3}',
    now() - make_interval(mins => 20000 - i), now() - make_interval(mins => 20000 - i)
from generate_series(1, 20000) i;
insert into edit_job (run_id, tenant_id, what, wish, rows, request_key, digest)
select id, 1, 'edit', '{"action": "U"}', case when id = 20000 then 10000 else 10 end, 'k' || id, 'd'
from sync_run where kind = 'edit';
insert into edit_row (run_id, position, enrollment_id, version, outcome)
select 20000, i, e.id, e.version, 'changed' from (
    select id, version, row_number() over (order by id) as i from enrollment where tenant_id = 1 limit 10000
) e;
insert into staff_action (actor, action, subject, at)
select 'staff:s' || 1 + i %% 50 || '@staff.example', 'tenant-pause', 'tenant t' || 1 + i %% 100,
    now() - make_interval(mins => 100000 - i)
from generate_series(1, 100000) i;
insert into hold (tenant_id, state, rule, reason, would_expire, enrolled, orders)
values (1, 'open', 'people', 'Too many people', 5000, 50000, 1000);
insert into hold_item (hold_id, order_id, customer_id, number, status, term_start, term_end, modified_at,
    term_end_before, would_expire)
select 1, id, customer_id, number, status, term_start, current_date - 5, now(), term_end, 8
from sales_order where tenant_id = 1 and term_end > current_date order by id limit 1000;
insert into landing_due (tenant_id, order_id, hold_id) select 1, order_id, 1 from hold_item;
"""
# A mail for each person; twenty webhooks with five thousand calls each; two hundred tokens.
OUTGOING = """
insert into notification (tenant_id, user_id, course_version_id, recipient, kind, subject, state, reason, attempts,
    queued_at, queued_by, decided_at)
select tenant_id, id, 1 + id %% 10, email,
    (array['item-unlocked','inactive-status-trigger','welcome'])[1 + id %% 3],
    'Something about course ' || id %% 10,
    case when id %% 500 = 0 then 'parked' when id %% 7 = 0 then 'suppressed' else 'sent' end,
    case when id %% 500 = 0 then 'mail-outcome-unknown' when id %% 7 = 0 then 'enrollment-expired' end, 1,
    now() - make_interval(mins => cast(id as int)), 'token:lms', now() - make_interval(mins => cast(id as int) - 1)
from users order by id desc;
insert into webhook (name, url, salt, key_check, position, created_by)
select 'lms-' || i, 'https://lms.example.com/' || i, '', '', (select max(id) from enrollment_event), 'bench'
from generate_series(1, 20) i;
insert into webhook_delivery (webhook_id, first_event, last_event, events, state, attempts, not_before, made_at,
    ended_at, last_status)
select 1 + i %% 20, i, i, 1, case when i %% 100 < 20 then 'dead' else 'delivered' end, 1, now(), now(), now(), 200
from generate_series(1, 100000) i;
insert into api_token (name, hash, tenant_id, scopes, per_minute, created_by)
select 'token-' || i, sha256(cast('token-' || i as bytea)), 1 + i %% %(tenants)s, array['read'], 60000, 'bench'
from generate_series(1, 200) i;
"""


@contextmanager
def installation(bench: Bench) -> Iterator[Database]:
    """A database of as many enrollments as the sizes say, and a tenth as many people and orders."""
    parameters = {"tenants": bench.sizes.tenants, "people": bench.sizes.enrollments // COURSES}
    with bench.database() as database, database.connect() as connection:
        # The rows are right by construction; checking a million foreign keys would take longer than all the rest.
        connection.execute("set session_replication_role = replica")
        for part in (PEOPLE, ORDERS, ENROLLMENTS, DEEDS, OUTGOING):
            for statement in part.split(";\n"):
                if statement.strip():
                    connection.execute(statement.encode(), parameters)
        connection.execute("vacuum analyze")
        yield database
