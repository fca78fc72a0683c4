"""Bulk edits: jobs and their rows."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "edit_job",
        sa.Column("run_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("wish", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("course_version_id", sa.BigInteger(), nullable=True),
        sa.Column("undoes", sa.BigInteger(), nullable=True),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("request_key", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.CheckConstraint("what in ('edit', 'enroll', 'undo')", name=op.f("ck_edit_job_what_known")),
        sa.CheckConstraint(
            "(what = 'enroll') = (course_version_id is not null)", name=op.f("ck_edit_job_enroll_has_course")
        ),
        sa.CheckConstraint("(what = 'undo') = (undoes is not null)", name=op.f("ck_edit_job_undo_has_job")),
        sa.ForeignKeyConstraint(
            ["course_version_id"], ["course_version.id"], name=op.f("fk_edit_job_course_version_id")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["sync_run.id"], name=op.f("fk_edit_job_run_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_edit_job_tenant_id")),
        sa.ForeignKeyConstraint(
            ["undoes"], ["edit_job.run_id"], name=op.f("fk_edit_job_undoes"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_edit_job")),
        sa.UniqueConstraint("tenant_id", "request_key", name=op.f("uq_edit_job_tenant_id_request_key")),
        sa.UniqueConstraint("undoes", name=op.f("uq_edit_job_undoes")),
    )
    op.create_table(
        "edit_row",
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("enrollment_id", sa.BigInteger(), nullable=True),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "outcome in ('changed', 'unchanged', 'skipped')", name=op.f("ck_edit_row_outcome_known")
        ),
        sa.CheckConstraint(
            "(outcome = 'changed') = (version is not null)", name=op.f("ck_edit_row_changed_has_version")
        ),
        sa.CheckConstraint(
            "(outcome = 'skipped') = (reason is not null)", name=op.f("ck_edit_row_skipped_has_reason")
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["edit_job.run_id"], name=op.f("fk_edit_row_run_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", "position", name=op.f("pk_edit_row")),
    )


def downgrade() -> None:
    op.drop_table("edit_row")
    op.drop_table("edit_job")
