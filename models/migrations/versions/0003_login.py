"""Sign-in: passwords of client people, client admins, sessions, refused attempts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from models.login import END_SESSIONS_SQL, END_SESSIONS_SQL_DROP

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "users", sa.Column("client_admin", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    for table in ("staff", "users"):
        op.add_column(
            table, sa.Column("password_must_change", sa.Boolean(), server_default=sa.text("false"), nullable=False)
        )
    op.add_column("users", sa.Column("password_hash", sa.Text(), nullable=True))
    op.create_index("ix_users_address", "users", [sa.text("lower(email)")])
    op.create_table(
        "login_session",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=True),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("num_nonnulls(staff_id, user_id) = 1", name=op.f("ck_login_session_one_person")),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_login_session_staff_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_login_session_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_login_session")),
    )
    op.create_index(op.f("ix_login_session_staff_id"), "login_session", ["staff_id"])
    op.create_index(op.f("ix_login_session_user_id"), "login_session", ["user_id"])
    op.create_index(op.f("ix_login_session_seen_at"), "login_session", ["seen_at"])
    op.create_table(
        "failed_login",
        sa.Column("address_hash", sa.LargeBinary(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("address_hash", name=op.f("pk_failed_login")),
    )
    op.create_index(op.f("ix_failed_login_last_at"), "failed_login", ["last_at"])
    op.create_table(
        "login_step",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind in ('organisation', 'oidc')", name=op.f("ck_login_step_kind_known")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_login_step")),
    )
    op.create_index(op.f("ix_login_step_created_at"), "login_step", ["created_at"])
    op.execute(END_SESSIONS_SQL)


def downgrade() -> None:
    op.execute(END_SESSIONS_SQL_DROP)
    for table in ("login_step", "failed_login", "login_session"):
        op.drop_table(table)
    op.drop_index("ix_users_address", table_name="users")
    op.drop_column("users", "password_hash")
    for table in ("users", "staff"):
        op.drop_column(table, "password_must_change")
    op.drop_column("users", "client_admin")
