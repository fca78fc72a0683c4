"""Browsers that somebody has signed in with: whoever guesses elsewhere does not lock them out."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "known_device",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("address_hash", sa.LargeBinary(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("token_hash", "address_hash", name=op.f("pk_known_device")),
    )
    op.create_index(op.f("ix_known_device_address_hash"), "known_device", ["address_hash"])
    op.create_index(op.f("ix_known_device_seen_at"), "known_device", ["seen_at"])


def downgrade() -> None:
    op.drop_table("known_device")
