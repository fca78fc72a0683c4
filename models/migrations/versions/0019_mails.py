"""Mails as they are sent: claims, outcomes, mails to staff, and what ops were alerted to.

Nothing wrote notifications before this, so the table is made anew.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

OPEN = sa.text("state in ('queued', 'sending')")


def upgrade() -> None:
    op.drop_table("notification")
    op.create_table(
        "notification",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("tenant_id", sa.BigInteger(), nullable=True),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("course_version_id", sa.BigInteger(), nullable=True),
        sa.Column("recipient", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("attachment_name", sa.Text(), nullable=True),
        sa.Column("attachment", sa.LargeBinary(), nullable=True),
        sa.Column("once_key", sa.Text(), nullable=True),
        sa.Column("message_id", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), server_default="queued", nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("attempts", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("epoch", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("worker_id", sa.Uuid(), nullable=True),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("handed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("not_before", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("queued_by", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state in ('queued', 'sending', 'sent', 'suppressed', 'refused', 'parked')",
            name=op.f("ck_notification_state_known"),
        ),
        sa.CheckConstraint(
            "state not in ('suppressed', 'refused', 'parked') or reason is not null",
            name=op.f("ck_notification_outcome_explained"),
        ),
        sa.CheckConstraint(
            "(state in ('queued', 'sending')) = (decided_at is null)",
            name=op.f("ck_notification_decided_has_time"),
        ),
        sa.CheckConstraint(
            "state <> 'sending' or (worker_id is not null and claimed_at is not null)",
            name=op.f("ck_notification_sender_named"),
        ),
        sa.CheckConstraint(
            "state <> 'queued' or handed_at is null", name=op.f("ck_notification_queued_not_handed")
        ),
        sa.CheckConstraint(
            "case when user_id is null then recipient is not null else tenant_id is not null end",
            name=op.f("ck_notification_addressed"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_notification_tenant_id")),
        sa.ForeignKeyConstraint(
            ["course_version_id"], ["course_version.id"], name=op.f("fk_notification_course_version_id")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"], ["users.tenant_id", "users.id"], name="fk_notification_user"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification")),
        sa.UniqueConstraint("once_key", name=op.f("uq_notification_once_key")),
    )
    op.create_index("ix_notification_open", "notification", ["not_before", "id"], postgresql_where=OPEN)
    op.create_index("ix_notification_state_id", "notification", ["state", "id"])
    op.create_index("ix_notification_kind_id", "notification", ["kind", "id"])
    op.create_index("ix_notification_tenant_id_id", "notification", ["tenant_id", "id"])
    op.create_index("ix_notification_user_id_id", "notification", ["user_id", "id"])
    op.create_index(
        "ix_notification_recipient", "notification", ["recipient"], postgresql_where=sa.text("user_id is null")
    )
    op.create_index("ix_notification_decided_at", "notification", ["decided_at"])
    op.create_table(
        "alert",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
    )
    op.create_index("uq_alert_open", "alert", ["key"], unique=True, postgresql_where=sa.text("closed_at is null"))


def downgrade() -> None:
    op.drop_table("alert")
    op.drop_table("notification")
    op.create_table(
        "notification",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("course_version_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), server_default="queued", nullable=False),
        sa.Column("suppressed_because", sa.Text(), nullable=True),
        sa.Column("attempts", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(state = 'queued') = (decided_at is null)", name=op.f("ck_notification_decided_has_time")
        ),
        sa.CheckConstraint(
            "(state = 'suppressed') = (suppressed_because is not null)",
            name=op.f("ck_notification_suppression_explained"),
        ),
        sa.CheckConstraint(
            "state in ('queued', 'sent', 'suppressed', 'parked')", name=op.f("ck_notification_state_known")
        ),
        sa.ForeignKeyConstraint(
            ["course_version_id"], ["course_version.id"], name=op.f("fk_notification_course_version_id")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"], ["users.tenant_id", "users.id"], name="fk_notification_user"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification")),
    )
    op.create_index(
        "ix_notification_queued", "notification", ["not_before"], postgresql_where=sa.text("state = 'queued'")
    )
