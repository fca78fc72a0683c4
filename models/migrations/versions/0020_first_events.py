"""The feed tells of orders that are accepted for the first time, and of holds."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

COLUMNS = {"sales_order": ("first_event",), "hold": ("opened_event", "decided_event")}
NUMBERED = (("sales_order", "first_event"), ("hold", "opened_event"))


def upgrade() -> None:
    # Added without a default: what is there already has no event, and is not rewritten.
    for table, columns in COLUMNS.items():
        for column in columns:
            op.add_column(table, sa.Column(column, sa.BigInteger(), nullable=True))
    op.add_column("sales_order", sa.Column("created_at", sa.DateTime(timezone=True), nullable=True))
    for table, column in NUMBERED:
        op.alter_column(table, column, server_default=sa.text("nextval('enrollment_event_id_seq')"))
    op.alter_column("sales_order", "created_at", server_default=sa.text("now()"))
    op.create_index(
        "ix_sales_order_first_event",
        "sales_order",
        ["first_event"],
        postgresql_using="brin",
        postgresql_with={"autosummarize": "on"},
    )


def downgrade() -> None:
    op.drop_index("ix_sales_order_first_event", "sales_order")
    op.drop_column("sales_order", "created_at")
    for table, columns in COLUMNS.items():
        for column in columns:
            op.drop_column(table, column)
