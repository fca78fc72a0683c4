"""What the database itself refuses, whatever the program does."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

NOON = "timestamptz '2026-01-31 12:00Z'"
# Tenants 1 and 2, each with a user (11, 12), an order (100, 200) and a group; one course version.
GROUND = f"""
insert into tenant (id, key, name) overriding system value values (1, 'acme', 'Acme'), (2, 'beta', 'Beta');
insert into customer (id, tenant_id) values (7, 1), (8, 2);
insert into users (id, tenant_id, key, name, email) overriding system value
    values (11, 1, 'ann', 'Ann', 'ann@acme.test'), (12, 2, 'bob', 'Bob', 'bob@beta.test');
insert into user_group (id, tenant_id, name) overriding system value values (21, 1, 'east'), (22, 2, 'west');
insert into course (id, key) overriding system value values (1, 'safety');
insert into course_version (id, course_id, key, title) overriding system value
    values (1, 1, 'v1', 'Safety'), (2, 1, 'v2', 'Safety');
insert into sales_order (id, tenant_id, customer_id, number, status, modified_at, accepted_at)
    values (100, 1, 7, 'SO100', 'B', {NOON}, {NOON}), (200, 2, 8, 'SO200', 'B', {NOON}, {NOON});
insert into enrollment (id, tenant_id, user_id, course_version_id) overriding system value values (31, 1, 11, 1);
insert into enrollment_event (enrollment_id, version, tenant_id, at, status, cause, actor)
    values (31, 1, 1, {NOON}, 'E', 'enrolled', 'test');
insert into hold (id, tenant_id, rule, reason, would_expire, enrolled, orders) overriding system value
    values (41, 1, 'people', 'many', 60, 100, 5);
insert into sync_run (id, kind, scope, asked_by) overriding system value values (51, 'pull', 'full', 'test');
insert into sync_run (kind, scope, asked_by, state, moves_watermark)
    values ('pull', 'incremental', 'test', 'running', true);
insert into account (netsuite_account) values ('1234567');
insert into tick (schedule, due_at) values ('poll', {NOON});
"""

ENROLL = (
    "insert into enrollment (tenant_id, user_id, course_version_id, status, expired_cause, expired_at) values "
)
LANDED = "insert into landing_order (order_id, payload, read_at, first_seen_at, "
EVENT = (
    "insert into enrollment_event (enrollment_id, version, tenant_id, at, status, cause, actor)"
    f" values (31, 1, 1, {NOON}, 'X', 'term_ended', 'test')"
)
ORDER = "insert into sales_order (id, tenant_id, customer_id, number, status, modified_at, accepted_at, "

HOLD = "insert into hold (tenant_id, rule, reason, would_expire, enrolled, orders) values (1, 'p', 'r', 1, 1, 1)"

REFUSED = {
    "two tenants with one key": "insert into tenant (key, name) values ('acme', 'Acme again')",
    "a key with a slash": "insert into tenant (key, name) values ('a/b', 'x')",
    "an empty key": "insert into tenant (key, name) values ('', 'x')",
    "negative grace": "update tenant set grace_days = -1 where id = 1",
    "endless grace": "update tenant set grace_days = 367 where id = 1",
    "a pause that ends but never began": f"update tenant set pause_until = {NOON} where id = 1",
    "a second tenant for a customer": "insert into customer (id, tenant_id) values (7, 2)",
    "a customer of no tenant at all": "update customer set tenant_id = 99 where id = 7",
    "an order of another tenant": "update enrollment set sales_order_id = 200 where id = 31",
    "an order nobody accepted": "update enrollment set sales_order_id = 300 where id = 31",
    "a user of another tenant": f"{ENROLL} (1, 12, 1, 'E', null, null)",
    "moving an enrollment to another tenant": "update enrollment set tenant_id = 2 where id = 31",
    "taking an order away from under people": """
        update enrollment set sales_order_id = 100 where id = 31; delete from sales_order where id = 100""",
    "the same course version twice": f"{ENROLL} (1, 11, 1, 'E', null, null)",
    "a status nobody knows": f"{ENROLL} (1, 11, 2, 'Q', null, null)",
    "X without cause": f"{ENROLL} (1, 11, 2, 'X', null, {NOON})",
    "X without time": f"{ENROLL} (1, 11, 2, 'X', 'term_ended', null)",
    "E with a cause": f"{ENROLL} (1, 11, 2, 'E', 'term_ended', {NOON})",
    "U with a time of expiry": f"{ENROLL} (1, 11, 2, 'U', null, {NOON})",
    "a cause nobody knows": f"{ENROLL} (1, 11, 2, 'X', 'because', {NOON})",
    "progress below nothing": "update enrollment set completed_modules = -1 where id = 31",
    "two events of one change": EVENT,
    "a manager of another tenant": "update users set manager_id = 12 where id = 11",
    "a member of another tenant": "insert into group_member (group_id, user_id, tenant_id) values (21, 12, 1)",
    "two users with one key": """
        insert into users (tenant_id, key, name, email) values (1, 'ann', 'Other', 'o@acme.test')""",
    "a term that ends before it begins": f"""
        {ORDER} term_start, term_end) values (101, 1, 7, 'x', 'B', {NOON}, {NOON}, '2026-02-01', '2026-01-31')""",
    "a flag nobody knows": f"""
        {ORDER} flag, flagged_at) values (101, 1, 7, 'x', 'B', {NOON}, {NOON}, 'odd', {NOON})""",
    "a flag without time": f"{ORDER} flag) values (101, 1, 7, 'x', 'B', {NOON}, {NOON}, 'moved')",
    "one order twice in a tenant": f"{ORDER} flag) values (100, 1, 7, 'x', 'B', {NOON}, {NOON}, null)",
    "a landed row neither parsed nor rejected": f"{LANDED} number) values (1, '', {NOON}, {NOON}, 'SO1')",
    "a landed term that ends before it begins": f"""
        {LANDED} reject_code, term_start, term_end)
        values (1, '', {NOON}, {NOON}, 'x', '2026-02-01', '2026-01-31')""",
    "gone for no known reason": f"""
        {LANDED} reject_code, gone, gone_at) values (1, '', {NOON}, {NOON}, 'x', 'y', {NOON})""",
    "gone at no time": f"{LANDED} reject_code, gone) values (1, '', {NOON}, {NOON}, 'x', 'deleted')",
    "two open holds": HOLD,
    "a decided hold without time": "update hold set state = 'approved' where id = 41",
    "an open hold with a time of decision": f"update hold set decided_at = {NOON} where id = 41",
    "a hold in no known state": f"update hold set state = 'maybe', decided_at = {NOON} where id = 41",
    "a run beside the same run": "insert into sync_run (kind, scope, asked_by) values ('pull', 'full', 'x')",
    "two runs that move the watermark": """
        insert into sync_run (kind, scope, asked_by, state, moves_watermark)
        values ('pull', 'since:2026', 'x', 'running', true)""",
    "a run in no known state": "update sync_run set state = 'lost' where id = 51",
    "a finished run without time": "update sync_run set state = 'done' where id = 51",
    "an open run that finished": f"update sync_run set finished_at = {NOON} where id = 51",
    "a second NetSuite account": "insert into account (netsuite_account) values ('7654321')",
    "a second account row by trick": """
        insert into account (only_row, netsuite_account) values (false, '7654321')""",
    "one tick twice": f"insert into tick (schedule, due_at) values ('poll', {NOON})",
}

ALLOWED = {
    "an order of the same tenant": "update enrollment set sales_order_id = 100 where id = 31",
    "another version of the course": f"{ENROLL} (1, 11, 2, 'E', null, null)",
    "X with cause and time": f"{ENROLL} (1, 11, 2, 'X', 'manual_date', {NOON})",
    "a typed date without an order": "update enrollment set expiration_date = '2026-01-31' where id = 31",
    "the same order of two tenants": f"{ORDER} flag) values (100, 2, 8, 'SO100', 'B', {NOON}, {NOON}, null)",
    "a term of one day": f"""
        {ORDER} term_start, term_end) values (101, 1, 7, 'x', 'B', {NOON}, {NOON}, '2026-01-31', '2026-01-31')""",
    "a new hold after the old one": f"""
        update hold set state = 'rejected', decided_at = {NOON} where id = 41;
        {HOLD}""",
    "a dry run beside the run": """
        insert into sync_run (kind, scope, asked_by, dry_run) values ('pull', 'full', 'x', true)""",
    "the run again after it ended": f"""
        update sync_run set state = 'done', finished_at = {NOON} where id = 51;
        insert into sync_run (kind, scope, asked_by) values ('pull', 'full', 'x')""",
}


@pytest.fixture
def ground(database: Engine) -> Iterator[Session]:
    with Session(database) as session:
        session.execute(text(GROUND))
        session.commit()
        yield session
        session.rollback()


@pytest.mark.parametrize("what", REFUSED)
def test_the_database_refuses(what: str, ground: Session) -> None:
    with pytest.raises(IntegrityError):
        run_script(ground, REFUSED[what])


@pytest.mark.parametrize("what", ALLOWED)
def test_the_database_takes(what: str, ground: Session) -> None:
    run_script(ground, ALLOWED[what])
    ground.commit()


def run_script(session: Session, script: str) -> None:
    for statement in script.split(";"):
        session.execute(text(statement))
