"""Events of orders and of enrollments are numbered by one sequence: together they have one order."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Nobody draws a number until the end of this transaction.
    op.execute("lock table enrollment_event, sales_order_event in share row exclusive mode")
    op.execute("alter table sales_order_event alter column id drop identity")
    op.execute("""
    select setval('enrollment_event_id_seq', newest.id)
    from (select max(id) as id from sales_order_event) newest, enrollment_event_id_seq
    where newest.id > last_value
    """)
    op.execute("""
    update sales_order_event v set id = renumbered.number
    from (
        select id, nextval('enrollment_event_id_seq') as number
        from (select id from sales_order_event order by id) in_order
    ) renumbered
    where v.id = renumbered.id
    """)
    op.execute("""
    alter table sales_order_event alter column id set default nextval('enrollment_event_id_seq')
    """)


def downgrade() -> None:
    op.execute("alter table sales_order_event alter column id drop default")
    op.execute("alter table sales_order_event alter column id add generated always as identity")
    op.execute("""
    select setval('sales_order_event_id_seq', (select coalesce(max(id), 0) + 1 from sales_order_event), false)
    """)
