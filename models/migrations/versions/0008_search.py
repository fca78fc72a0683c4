"""Searching enrollments: those of a tenant in one course version, users of a tenant by name."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_enrollment_tenant_id_course_version_id", "enrollment", ["tenant_id", "course_version_id"], unique=False
    )
    op.create_index("ix_users_tenant_id_name_id", "users", ["tenant_id", "name", "id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_users_tenant_id_name_id", table_name="users")
    op.drop_index("ix_enrollment_tenant_id_course_version_id", table_name="enrollment")
