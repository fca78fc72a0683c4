"""New events come into the block-range indexes after so many rows, not after a fifth of the table."""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
    alter table enrollment_event set (
        autovacuum_vacuum_insert_threshold = 50000, autovacuum_vacuum_insert_scale_factor = 0)
    """)


def downgrade() -> None:
    op.execute("""
    alter table enrollment_event reset (
        autovacuum_vacuum_insert_threshold, autovacuum_vacuum_insert_scale_factor)
    """)
