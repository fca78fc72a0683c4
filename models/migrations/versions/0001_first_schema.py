"""The first schema: every table of the domain, and the status expression."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from models.status import STATUS_AT_SQL, STATUS_AT_SQL_DROP

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:  # noqa: PLR0915  (one statement a table)
    op.execute(STATUS_AT_SQL)
    op.create_table(
        "account",
        sa.Column("only_row", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("netsuite_account", sa.Text(), nullable=False),
        sa.Column("bound_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("only_row", name=op.f("ck_account_one_row")),
        sa.PrimaryKeyConstraint("only_row", name=op.f("pk_account")),
    )
    op.create_table(
        "attempt",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("work_key", sa.Text(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=True),
        sa.Column("worker_id", sa.Uuid(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("error_detail", sa.Text(), nullable=True),
        sa.CheckConstraint("outcome in ('done', 'failed')", name=op.f("ck_attempt_outcome_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt")),
    )
    op.create_index("ix_attempt_started_at", "attempt", ["started_at"], unique=False)
    op.create_index("ix_attempt_work_key", "attempt", ["work_key", "id"], unique=False)
    op.create_table(
        "course",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_course")),
        sa.UniqueConstraint("key", name=op.f("uq_course_key")),
    )
    op.create_table(
        "enrollment_event",
        sa.Column("enrollment_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("boundary", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sales_order_id", sa.BigInteger(), nullable=True),
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("expiration_date", sa.Date(), nullable=True),
        sa.Column("status", sa.CHAR(length=1), nullable=False),
        sa.Column("expired_cause", sa.Text(), nullable=True),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.PrimaryKeyConstraint("enrollment_id", "version", name=op.f("pk_enrollment_event")),
    )
    op.create_index("ix_enrollment_event_id", "enrollment_event", ["id"], unique=False, postgresql_using="brin")
    op.create_table(
        "landing_due",
        sa.Column("tenant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("order_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hold_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "order_id", name=op.f("pk_landing_due")),
    )
    op.create_index(
        "ix_landing_due_free",
        "landing_due",
        ["tenant_id"],
        unique=False,
        postgresql_where=sa.text("hold_id is null"),
    )
    op.create_table(
        "landing_order",
        sa.Column("order_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=True),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("term_start", sa.Date(), nullable=True),
        sa.Column("term_end", sa.Date(), nullable=True),
        sa.Column("modified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reject_code", sa.Text(), nullable=True),
        sa.Column("reject_detail", sa.Text(), nullable=True),
        sa.Column("gone", sa.Text(), nullable=True),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("gone in ('deleted', 'missing')", name=op.f("ck_landing_order_gone_known")),
        sa.CheckConstraint("(gone is null) = (gone_at is null)", name=op.f("ck_landing_order_gone_has_time")),
        sa.CheckConstraint(
            "reject_code is not null or (number is not null and customer_id is not null and status is not null and modified_at is not null)",
            name=op.f("ck_landing_order_parsed_or_rejected"),
        ),
        sa.CheckConstraint(
            "term_end is null or term_start is null or term_start <= term_end",
            name=op.f("ck_landing_order_term_order"),
        ),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_landing_order")),
    )
    op.create_index(op.f("ix_landing_order_customer_id"), "landing_order", ["customer_id"], unique=False)
    op.create_index(
        "ix_landing_order_rejected",
        "landing_order",
        ["order_id"],
        unique=False,
        postgresql_where=sa.text("reject_code is not null"),
    )
    op.create_table(
        "parked_row",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=True),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parked_row")),
    )
    op.create_index("uq_parked_row_payload", "parked_row", [sa.literal_column("md5(payload)")], unique=True)
    op.create_table(
        "staff",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("role in ('admin', 'enrollment', 'ops')", name=op.f("ck_staff_role_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
        sa.UniqueConstraint("email", name=op.f("uq_staff_email")),
    )
    op.create_table(
        "staff_action",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column(
            "detail", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_action")),
    )
    op.create_index("ix_staff_action_subject", "staff_action", ["subject", "id"], unique=False)
    op.create_table(
        "sync_run",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("dry_run", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("moves_watermark", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("state", sa.Text(), server_default="queued", nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column(
            "counts", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column(
            "progress", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("attempts", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("epoch", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("worker_id", sa.Uuid(), nullable=True),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stop_requested", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("error_detail", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(finished_at is null) = (state in ('queued', 'running'))", name=op.f("ck_sync_run_finished_has_time")
        ),
        sa.CheckConstraint(
            "outcome in ('ok', 'errors', 'held', 'paused')", name=op.f("ck_sync_run_outcome_known")
        ),
        sa.CheckConstraint(
            "state in ('queued', 'running', 'done', 'failed', 'stopped', 'quarantined')",
            name=op.f("ck_sync_run_state_known"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_run")),
    )
    op.create_index("ix_sync_run_asked_at", "sync_run", ["asked_at"], unique=False)
    op.create_index(
        "uq_sync_run_moving_watermark",
        "sync_run",
        ["kind"],
        unique=True,
        postgresql_where=sa.text("state = 'running' and moves_watermark"),
    )
    op.create_index(
        "uq_sync_run_open_scope",
        "sync_run",
        ["kind", "scope", "dry_run"],
        unique=True,
        postgresql_where=sa.text("state in ('queued', 'running')"),
    )
    op.create_table(
        "sync_state",
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("watermark", sa.DateTime(timezone=True), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("stream", name=op.f("pk_sync_state")),
    )
    op.create_table(
        "tenant",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), server_default="America/New_York", nullable=False),
        sa.Column("grace_days", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("guard_min", sa.BigInteger(), nullable=True),
        sa.Column("guard_share", sa.Numeric(precision=5, scale=4), nullable=True),
        sa.Column("guard_orders_min", sa.BigInteger(), nullable=True),
        sa.Column("guard_orders_share", sa.Numeric(precision=5, scale=4), nullable=True),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_by", sa.Text(), nullable=True),
        sa.Column("pause_reason", sa.Text(), nullable=True),
        sa.Column("pause_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("key ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$'", name=op.f("ck_tenant_key_form")),
        sa.CheckConstraint("grace_days between 0 and 366", name=op.f("ck_tenant_grace_days_range")),
        sa.CheckConstraint(
            "pause_until is null or paused_at is not null", name=op.f("ck_tenant_pause_until_needs_pause")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenant")),
        sa.UniqueConstraint("key", name=op.f("uq_tenant_key")),
    )
    op.create_table(
        "tick",
        sa.Column("schedule", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("schedule", "due_at", name=op.f("pk_tick")),
    )
    op.create_index(
        "ix_tick_unhandled", "tick", ["due_at"], unique=False, postgresql_where=sa.text("handled_at is null")
    )
    op.create_table(
        "worker_process",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.BigInteger(), nullable=False),
        sa.Column("queues", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_worker_process")),
    )
    op.create_table(
        "course_version",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("course_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["course_id"], ["course.id"], name=op.f("fk_course_version_course_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_course_version")),
        sa.UniqueConstraint("course_id", "key", name=op.f("uq_course_version_course_id_key")),
    )
    op.create_table(
        "customer",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("tenant_id", sa.BigInteger(), nullable=True),
        sa.Column("mapped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("mapped_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_customer_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer")),
    )
    op.create_index(op.f("ix_customer_tenant_id"), "customer", ["tenant_id"], unique=False)
    op.create_table(
        "due_boundary",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("open", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_due_boundary_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "at", name=op.f("pk_due_boundary")),
    )
    op.create_index("ix_due_boundary_open", "due_boundary", ["at"], unique=False, postgresql_where=sa.text("open"))
    op.create_table(
        "hold",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("would_expire", sa.BigInteger(), nullable=False),
        sa.Column("enrolled", sa.BigInteger(), nullable=False),
        sa.Column("orders", sa.BigInteger(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decision_reason", sa.Text(), nullable=True),
        sa.CheckConstraint("(state = 'open') = (decided_at is null)", name=op.f("ck_hold_decided_has_time")),
        sa.CheckConstraint(
            "state in ('open', 'approved', 'rejected', 'superseded')", name=op.f("ck_hold_state_known")
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_hold_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hold")),
    )
    op.create_index(
        "uq_hold_open_tenant", "hold", ["tenant_id"], unique=True, postgresql_where=sa.text("state = 'open'")
    )
    op.create_table(
        "pull_missing",
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["sync_run.id"], name=op.f("fk_pull_missing_run_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", "order_id", name=op.f("pk_pull_missing")),
    )
    op.create_table(
        "pull_range",
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("low", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("high", sa.BigInteger(), nullable=True),
        sa.Column("read_to", sa.BigInteger(), nullable=False),
        sa.Column("done", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["sync_run.id"], name=op.f("fk_pull_range_run_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", "low", name=op.f("pk_pull_range")),
    )
    op.create_table(
        "sales_order",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("term_start", sa.Date(), nullable=True),
        sa.Column("term_end", sa.Date(), nullable=True),
        sa.Column("flag", sa.Text(), nullable=True),
        sa.Column("flagged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("modified_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "flag in ('cancelled', 'deleted', 'missing', 'moved')", name=op.f("ck_sales_order_flag_known")
        ),
        sa.CheckConstraint("(flag is null) = (flagged_at is null)", name=op.f("ck_sales_order_flag_has_time")),
        sa.CheckConstraint(
            "term_end is null or term_start is null or term_start <= term_end",
            name=op.f("ck_sales_order_term_order"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_sales_order_tenant_id")),
        sa.PrimaryKeyConstraint("id", "tenant_id", name=op.f("pk_sales_order")),
    )
    op.create_index(
        "ix_sales_order_flagged",
        "sales_order",
        ["tenant_id"],
        unique=False,
        postgresql_where=sa.text("flag is not null"),
    )
    op.create_index("ix_sales_order_tenant_id_number", "sales_order", ["tenant_id", "number"], unique=False)
    op.create_table(
        "sales_order_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=True),
        sa.Column("number_before", sa.Text(), nullable=False),
        sa.Column("number_after", sa.Text(), nullable=False),
        sa.Column("status_before", sa.Text(), nullable=False),
        sa.Column("status_after", sa.Text(), nullable=False),
        sa.Column("term_start_before", sa.Date(), nullable=True),
        sa.Column("term_start_after", sa.Date(), nullable=True),
        sa.Column("term_end_before", sa.Date(), nullable=True),
        sa.Column("term_end_after", sa.Date(), nullable=True),
        sa.Column("flag_before", sa.Text(), nullable=True),
        sa.Column("flag_after", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_sales_order_event_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sales_order_event")),
    )
    op.create_index(
        "ix_sales_order_event_order", "sales_order_event", ["order_id", "tenant_id", "id"], unique=False
    )
    op.create_table(
        "user_group",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_user_group_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_group")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_user_group_tenant_id_id")),
        sa.UniqueConstraint("tenant_id", "name", name=op.f("uq_user_group_tenant_id_name")),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("manager_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "manager_id"], ["users.tenant_id", "users.id"], name="fk_users_manager"
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name=op.f("fk_users_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_users_tenant_id_id")),
        sa.UniqueConstraint("tenant_id", "key", name=op.f("uq_users_tenant_id_key")),
    )
    op.create_index(op.f("ix_users_manager_id"), "users", ["manager_id"], unique=False)
    op.create_table(
        "enrollment",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("course_version_id", sa.BigInteger(), nullable=False),
        sa.Column("sales_order_id", sa.BigInteger(), nullable=True),
        sa.Column("boundary", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expiration_date", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("completed_modules", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("status", sa.CHAR(length=1), server_default="E", nullable=False),
        sa.Column("expired_cause", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(status = 'X') = (expired_cause is not null) and (status = 'X') = (expired_at is not null)",
            name=op.f("ck_enrollment_expired_explained"),
        ),
        sa.CheckConstraint(
            "expired_cause in ('term_ended', 'manual_date', 'expired_by_staff', 'order_ended_early')",
            name=op.f("ck_enrollment_cause_known"),
        ),
        sa.CheckConstraint("status in ('E', 'U', 'X')", name=op.f("ck_enrollment_status_known")),
        sa.CheckConstraint("completed_modules >= 0", name=op.f("ck_enrollment_progress_not_negative")),
        sa.ForeignKeyConstraint(
            ["course_version_id"], ["course_version.id"], name=op.f("fk_enrollment_course_version_id")
        ),
        sa.ForeignKeyConstraint(
            ["sales_order_id", "tenant_id"],
            ["sales_order.id", "sales_order.tenant_id"],
            name="fk_enrollment_order_of_same_tenant",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"], ["users.tenant_id", "users.id"], name="fk_enrollment_user"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enrollment")),
        sa.UniqueConstraint("user_id", "course_version_id", name=op.f("uq_enrollment_user_id_course_version_id")),
        postgresql_with={"fillfactor": "50"},
    )
    op.create_index(
        "ix_enrollment_sales_order_id",
        "enrollment",
        ["sales_order_id"],
        unique=False,
        postgresql_where=sa.text("sales_order_id is not null"),
    )
    op.create_index("ix_enrollment_tenant_id_boundary", "enrollment", ["tenant_id", "boundary"], unique=False)
    op.create_table(
        "group_member",
        sa.Column("group_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "group_id"],
            ["user_group.tenant_id", "user_group.id"],
            name=op.f("fk_group_member_tenant_id_group_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_group_member_tenant_id_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("group_id", "user_id", name=op.f("pk_group_member")),
    )
    op.create_index(op.f("ix_group_member_user_id"), "group_member", ["user_id"], unique=False)
    op.create_table(
        "hold_item",
        sa.Column("hold_id", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("term_start", sa.Date(), nullable=True),
        sa.Column("term_end", sa.Date(), nullable=True),
        sa.Column("flag", sa.Text(), nullable=True),
        sa.Column("modified_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("term_end_before", sa.Date(), nullable=True),
        sa.Column("would_expire", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["hold_id"], ["hold.id"], name=op.f("fk_hold_item_hold_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("hold_id", "order_id", name=op.f("pk_hold_item")),
    )
    op.create_table(
        "module",
        sa.Column("course_version_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["course_version_id"],
            ["course_version.id"],
            name=op.f("fk_module_course_version_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("course_version_id", "position", name=op.f("pk_module")),
    )
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
        "ix_notification_queued",
        "notification",
        ["not_before"],
        unique=False,
        postgresql_where=sa.text("state = 'queued'"),
    )


def downgrade() -> None:  # noqa: PLR0915  (one statement a table)
    op.drop_index(
        "ix_notification_queued", table_name="notification", postgresql_where=sa.text("state = 'queued'")
    )
    op.drop_table("notification")
    op.drop_table("module")
    op.drop_table("hold_item")
    op.drop_index(op.f("ix_group_member_user_id"), table_name="group_member")
    op.drop_table("group_member")
    op.drop_index("ix_enrollment_tenant_id_boundary", table_name="enrollment")
    op.drop_index(
        "ix_enrollment_sales_order_id",
        table_name="enrollment",
        postgresql_where=sa.text("sales_order_id is not null"),
    )
    op.drop_table("enrollment")
    op.drop_index(op.f("ix_users_manager_id"), table_name="users")
    op.drop_table("users")
    op.drop_table("user_group")
    op.drop_index("ix_sales_order_event_order", table_name="sales_order_event")
    op.drop_table("sales_order_event")
    op.drop_index("ix_sales_order_tenant_id_number", table_name="sales_order")
    op.drop_index("ix_sales_order_flagged", table_name="sales_order", postgresql_where=sa.text("flag is not null"))
    op.drop_table("sales_order")
    op.drop_table("pull_range")
    op.drop_table("pull_missing")
    op.drop_index("uq_hold_open_tenant", table_name="hold", postgresql_where=sa.text("state = 'open'"))
    op.drop_table("hold")
    op.drop_index("ix_due_boundary_open", table_name="due_boundary", postgresql_where=sa.text("open"))
    op.drop_table("due_boundary")
    op.drop_index(op.f("ix_customer_tenant_id"), table_name="customer")
    op.drop_table("customer")
    op.drop_table("course_version")
    op.drop_table("worker_process")
    op.drop_index("ix_tick_unhandled", table_name="tick", postgresql_where=sa.text("handled_at is null"))
    op.drop_table("tick")
    op.drop_table("tenant")
    op.drop_table("sync_state")
    op.drop_index(
        "uq_sync_run_open_scope", table_name="sync_run", postgresql_where=sa.text("state in ('queued', 'running')")
    )
    op.drop_index(
        "uq_sync_run_moving_watermark",
        table_name="sync_run",
        postgresql_where=sa.text("state = 'running' and moves_watermark"),
    )
    op.drop_index("ix_sync_run_asked_at", table_name="sync_run")
    op.drop_table("sync_run")
    op.drop_index("ix_staff_action_subject", table_name="staff_action")
    op.drop_table("staff_action")
    op.drop_table("staff")
    op.drop_index("uq_parked_row_payload", table_name="parked_row")
    op.drop_table("parked_row")
    op.drop_index(
        "ix_landing_order_rejected",
        table_name="landing_order",
        postgresql_where=sa.text("reject_code is not null"),
    )
    op.drop_index(op.f("ix_landing_order_customer_id"), table_name="landing_order")
    op.drop_table("landing_order")
    op.drop_index("ix_landing_due_free", table_name="landing_due", postgresql_where=sa.text("hold_id is null"))
    op.drop_table("landing_due")
    op.drop_index("ix_enrollment_event_id", table_name="enrollment_event", postgresql_using="brin")
    op.drop_table("enrollment_event")
    op.drop_table("course")
    op.drop_index("ix_attempt_work_key", table_name="attempt")
    op.drop_index("ix_attempt_started_at", table_name="attempt")
    op.drop_table("attempt")
    op.drop_table("account")
    op.execute(STATUS_AT_SQL_DROP)
