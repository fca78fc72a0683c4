"""What people and retries do about orders: reviews of flags, care of rejected rows; names of customers."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("customer", sa.Column("name_asked_at", INSTANT, nullable=True))
    op.create_index(op.f("ix_customer_name_asked_at"), "customer", ["name_asked_at"])
    op.add_column("sales_order", sa.Column("reviewed_at", INSTANT, nullable=True))
    op.add_column("sales_order", sa.Column("reviewed_by", sa.Text(), nullable=True))
    op.add_column("sales_order", sa.Column("review_reason", sa.Text(), nullable=True))
    op.create_table(
        "reject_care",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=True),
        sa.Column("parked_id", sa.BigInteger(), nullable=True),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("retries", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("retried_at", INSTANT, nullable=True),
        sa.Column("retry_at", INSTANT, nullable=True),
        sa.Column("ignored_at", INSTANT, nullable=True),
        sa.Column("ignored_by", sa.Text(), nullable=True),
        sa.Column("ignore_reason", sa.Text(), nullable=True),
        sa.Column("assigned_to", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("num_nonnulls(order_id, parked_id) = 1", name=op.f("ck_reject_care_one_row")),
        sa.CheckConstraint(
            "(ignored_at is null) = (ignored_by is null)", name=op.f("ck_reject_care_ignored_by_somebody")
        ),
        sa.ForeignKeyConstraint(
            ["parked_id"], ["parked_row.id"], name=op.f("fk_reject_care_parked_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["assigned_to"], ["staff.id"], name=op.f("fk_reject_care_assigned_to")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reject_care")),
        sa.UniqueConstraint("order_id", name=op.f("uq_reject_care_order_id")),
        sa.UniqueConstraint("parked_id", name=op.f("uq_reject_care_parked_id")),
    )


def downgrade() -> None:
    op.drop_table("reject_care")
    op.drop_column("sales_order", "review_reason")
    op.drop_column("sales_order", "reviewed_by")
    op.drop_column("sales_order", "reviewed_at")
    op.drop_index(op.f("ix_customer_name_asked_at"), table_name="customer")
    op.drop_column("customer", "name_asked_at")
