"""Sessions know how somebody signed in: a first password need not be changed by who came by single sign-on."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "login_session", sa.Column("single_sign_on", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )


def downgrade() -> None:
    op.drop_column("login_session", "single_sign_on")
