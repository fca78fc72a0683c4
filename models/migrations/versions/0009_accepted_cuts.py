"""Cuts of terms that were accepted unasked are remembered: the guard adds them to what comes next."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "accepted_cut",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("term_end", sa.Date(), nullable=False),
        sa.Column("would_expire", sa.BigInteger(), nullable=False),
        sa.Column("cut_short", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_accepted_cut_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "order_id", name=op.f("pk_accepted_cut")),
    )


def downgrade() -> None:
    op.drop_table("accepted_cut")
