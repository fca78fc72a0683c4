"""What operators look up: events of a run or a stretch of time, who did what, when data was older than usual."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    for table in ("enrollment_event", "sales_order_event"):
        op.create_index(f"ix_{table}_run_id_at", table, ["run_id", "at"], postgresql_using="brin")
    op.create_index("ix_staff_action_actor", "staff_action", ["actor", "id"])
    op.create_index(
        "ix_sync_run_moving_finished_at",
        "sync_run",
        ["finished_at"],
        postgresql_where=sa.text("moves_watermark"),
    )
    op.create_table(
        "freshness_gap",
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("watermark", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("stream", "watermark", name=op.f("pk_freshness_gap")),
    )
    op.create_index("ix_freshness_gap_ended_at", "freshness_gap", ["ended_at"])


def downgrade() -> None:
    op.drop_table("freshness_gap")
    op.drop_index("ix_sync_run_moving_finished_at", table_name="sync_run")
    op.drop_index("ix_staff_action_actor", table_name="staff_action")
    for table in ("sales_order_event", "enrollment_event"):
        op.drop_index(f"ix_{table}_run_id_at", table_name=table)
