"""The guard: what was held weighs on, what was rejected is marked. Dates people type have a range."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

DATE_RANGE = "ck_enrollment_expiration_date_range"
REJECTED_SO_FAR = """
update hold_item i set
    end_rejected = i.term_end is not null and (i.term_end_before is null or i.term_end < i.term_end_before),
    flag_rejected = h.rule = 'all-gone' and coalesce(i.flag in ('deleted', 'missing', 'moved'), false)
from hold h
where h.id = i.hold_id and h.state = 'rejected'
    and exists (select from sales_order o where o.id = i.order_id and o.tenant_id = h.tenant_id)
"""


def upgrade() -> None:
    op.add_column(
        "hold",
        sa.Column("waiting_since", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
    )
    op.execute("update hold set waiting_since = opened_at")
    for column in ("end_rejected", "flag_rejected"):
        op.add_column(
            "hold_item", sa.Column(column, sa.Boolean(), server_default=sa.text("false"), nullable=False)
        )
    op.execute(REJECTED_SO_FAR)
    op.create_index(
        "ix_hold_item_rejected",
        "hold_item",
        ["hold_id"],
        postgresql_where=sa.text("end_rejected or flag_rejected"),
    )
    op.add_column(
        "landing_order",
        sa.Column("modified_known", sa.Boolean(), server_default=sa.text("true"), nullable=False),
    )
    # Two steps: the rows are read without keeping anybody from writing.
    op.execute(
        f"alter table enrollment add constraint {DATE_RANGE}"
        " check (expiration_date between date '2000-01-01' and date '2100-12-31') not valid"
    )
    op.execute(f"alter table enrollment validate constraint {DATE_RANGE}")


def downgrade() -> None:
    op.drop_constraint(DATE_RANGE, "enrollment")
    op.drop_column("landing_order", "modified_known")
    op.drop_index("ix_hold_item_rejected", table_name="hold_item")
    op.drop_column("hold_item", "flag_rejected")
    op.drop_column("hold_item", "end_rejected")
    op.drop_column("hold", "waiting_since")
