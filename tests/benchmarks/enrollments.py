"""Databases full of enrollments, and the naive layout of the same."""

from collections.abc import Iterator
from contextlib import contextmanager

from .bench import Bench, Database
from .world import TENANTS

PEOPLE, COURSES = 5, 10  # an order covers so many people in so many courses
DAYS = 365

# The last days of orders are spread over a year, in no order; the given share of them lies in the past. As rosters
# come in by order, the enrollments of one order lie together, those of one day all over the table. Everybody has
# the event of having been enrolled.
ORDERS = """
insert into sales_order (id, tenant_id, customer_id, number, status, term_end, modified_at, accepted_at)
select i, 1 + i %% %(tenants)s, 1, 'SO' || i, 'B',
    current_date - 2 - cast(%(share)s * %(days)s as int) + cast(place * %(days)s / %(orders)s as int)
        + case when place >= %(share)s * %(orders)s then 4 else 0 end,
    now(), now()
from (select i, row_number() over (order by hashint8(i), i) - 1 as place
    from generate_series(0, %(orders)s - 1) i) o
"""
ROSTER = f"""
insert into users (tenant_id, key, name, email)
select o.tenant_id, 'u' || o.id || '-' || p, 'Somebody', 'somebody@example.com'
from sales_order o, generate_series(1, {PEOPLE}) p order by o.id, p;
insert into course (key) select 'c' || c from generate_series(1, {COURSES}) c;
insert into course_version (course_id, key, title) select id, '1', key from course order by id;
insert into enrollment (tenant_id, user_id, course_version_id, sales_order_id, boundary)
select o.tenant_id, u.id, v.id, o.id, cast(o.term_end + 1 as timestamp) at time zone 'America/New_York'
from users u join sales_order o on o.id = (u.id - 1) / {PEOPLE}, course_version v order by u.id, v.id;
"""
FOLLOW_UP = """
insert into enrollment_event (
    enrollment_id, version, tenant_id, at, status, sales_order_id, boundary, cause, actor
)
select id, version, tenant_id, now(), status, sales_order_id, boundary, 'enrolled', 'bench' from enrollment
order by id;
insert into due_boundary (tenant_id, at) select distinct tenant_id, boundary from enrollment order by 2, 1;
"""
NAIVE = """
drop index ix_enrollment_tenant_id_boundary;
create index ix_enrollment_enrolled on enrollment (tenant_id, boundary) where status = 'E';
alter table enrollment set (fillfactor = 100);
"""
# One more order, of a tenant of its own, that very many people follow; NetSuite has moved its last day on.
LARGE_ORDER = """
insert into tenant (key, name) values ('large', 'Large');
insert into customer (id, tenant_id, mapped_at, mapped_by)
select 1, id, now(), 'bench' from tenant where key = 'large';
insert into sales_order (id, tenant_id, customer_id, number, status, term_end, modified_at, accepted_at)
select {order}, tenant_id, id, 'LARGE', 'B', current_date + 100, now() - interval '1 day', now()
from customer where id = 1;
insert into users (tenant_id, key, name, email)
select tenant_id, 'l' || i, 'Somebody', 'somebody@example.com' from customer, generate_series(1, {people}) i
where id = 1 order by i;
insert into enrollment (tenant_id, user_id, course_version_id, sales_order_id, boundary)
select o.tenant_id, u.id, v.id, o.id, cast(o.term_end + 1 as timestamp) at time zone 'America/New_York'
from sales_order o join users u on u.tenant_id = o.tenant_id, course_version v where o.id = {order}
order by u.id, v.id;
insert into landing_order (
    order_id, customer_id, number, status, term_end, modified_at, payload, read_at, first_seen_at
)
select id, customer_id, number, status, current_date + 200, now(), '{{}}', now(), now()
from sales_order where id = {order};
insert into landing_due (tenant_id, order_id) select tenant_id, id from sales_order where id = {order};
"""


@contextmanager
def enrolled(bench: Bench, share: float, followers: int = 0) -> Iterator[Database]:
    """A database of enrollments of which `share` are due; `followers` more follow one order that has moved.

    It is a template: nobody may be connected to it while it is copied.
    """
    sizes = bench.sizes
    with bench.database() as database, database.connect() as connection:
        # The rows are right by construction; checking a million foreign keys would take longer than all the rest.
        connection.execute("set session_replication_role = replica")
        orders = sizes.enrollments // (PEOPLE * COURSES)
        connection.execute(TENANTS, [sizes.tenants])
        parameters = {"tenants": sizes.tenants, "orders": orders, "share": share, "days": DAYS}
        connection.execute(ORDERS, parameters)
        connection.execute(ROSTER)
        if followers:
            connection.execute(LARGE_ORDER.format(order=orders, people=followers // COURSES).encode())
        connection.execute(FOLLOW_UP)
        connection.execute("vacuum analyze")
        connection.close()
        yield database


@contextmanager
def naive_layout(bench: Bench, template: Database) -> Iterator[Database]:
    """The same enrollments, full pages, with the index on those that are E. A template too."""
    with bench.database(template.name) as database, database.connect() as connection:
        connection.execute(NAIVE)
        connection.execute("vacuum (full, analyze) enrollment")
        connection.execute("vacuum enrollment")
        connection.close()
        yield database
