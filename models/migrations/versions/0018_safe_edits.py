"""Edits know the order whose people they expire, their course version, and whether a past date is meant."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

CHECKS = ("what_known", "enroll_has_course", "expire_has_order")
NOW = (
    "what in ('edit', 'enroll', 'undo', 'expire')",
    "what <> 'enroll' or course_version_id is not null",
    "(what = 'expire') = (order_id is not null)",
)
BEFORE = ("what in ('edit', 'enroll', 'undo')", "(what = 'enroll') = (course_version_id is not null)")


def upgrade() -> None:
    op.add_column("edit_job", sa.Column("order_id", sa.BigInteger(), nullable=True))
    op.add_column(
        "edit_job", sa.Column("past_confirmed", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.create_foreign_key(
        op.f("fk_edit_job_order_id_tenant_id"),
        "edit_job",
        "sales_order",
        ["order_id", "tenant_id"],
        ["id", "tenant_id"],
    )
    _drop(*CHECKS[:2])
    for name, condition in zip(CHECKS, NOW, strict=True):
        op.create_check_constraint(op.f(f"ck_edit_job_{name}"), "edit_job", condition)


def downgrade() -> None:
    """What expired the people of an order is an edit like others: its rows and its wish say what it did."""
    _drop(*CHECKS)
    op.execute("update edit_job set what = 'edit' where what = 'expire'")
    op.execute("update edit_job set course_version_id = null where what <> 'enroll'")
    for name, condition in zip(CHECKS[:2], BEFORE, strict=True):
        op.create_check_constraint(op.f(f"ck_edit_job_{name}"), "edit_job", condition)
    op.drop_constraint(op.f("fk_edit_job_order_id_tenant_id"), "edit_job", type_="foreignkey")
    op.drop_column("edit_job", "past_confirmed")
    op.drop_column("edit_job", "order_id")


def _drop(*names: str) -> None:
    for name in names:
        op.drop_constraint(op.f(f"ck_edit_job_{name}"), "edit_job", type_="check")
