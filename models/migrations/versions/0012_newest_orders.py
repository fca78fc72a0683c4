"""Orders by the time of their acceptance: the list's first page, and whether anything is new."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_sales_order_accepted_at", "sales_order", ["accepted_at", "id", "tenant_id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_sales_order_accepted_at", table_name="sales_order")
