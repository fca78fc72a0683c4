"""Who learns what: users and groups of a tenant, courses with their versions and modules."""

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id


class User(Base):
    """One person of one tenant, known to the learning platform by `key`.

    The password is an argon2 hash, null for single sign-on only. Client admins are made by staff.
    """

    __tablename__ = "users"  # `user` is a reserved word in SQL
    __table_args__ = (
        UniqueConstraint("tenant_id", "key"),
        UniqueConstraint("tenant_id", "id"),
        ForeignKeyConstraint(
            ["tenant_id", "manager_id"], ["users.tenant_id", "users.id"], name="fk_users_manager"
        ),
        Index("ix_users_address", text("lower(email)")),
        Index("ix_users_tenant_id_name_id", "tenant_id", "name", "id"),
    )

    id: Mapped[Id]
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.id"))
    key: Mapped[str]
    name: Mapped[str]
    email: Mapped[str]
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    manager_id: Mapped[int | None] = mapped_column(index=True)
    client_admin: Mapped[bool] = mapped_column(server_default=text("false"))
    password_hash: Mapped[str | None]
    password_must_change: Mapped[bool] = mapped_column(server_default=text("false"))


class UserGroup(Base):
    """A named set of users of one tenant."""

    __tablename__ = "user_group"
    __table_args__ = (UniqueConstraint("tenant_id", "name"), UniqueConstraint("tenant_id", "id"))

    id: Mapped[Id]
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.id"))
    name: Mapped[str]


class GroupMember(Base):
    """Membership of a user in a group of the same tenant."""

    __tablename__ = "group_member"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "group_id"], ["user_group.tenant_id", "user_group.id"], ondelete="CASCADE"
        ),
        ForeignKeyConstraint(["tenant_id", "user_id"], ["users.tenant_id", "users.id"], ondelete="CASCADE"),
    )

    group_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    user_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, index=True)
    tenant_id: Mapped[int]


class Course(Base):
    """A course of the learning platform, shared by all tenants."""

    __tablename__ = "course"

    id: Mapped[Id]
    key: Mapped[str] = mapped_column(unique=True)


class CourseVersion(Base):
    """One version of a course; enrollments and progress belong to a version."""

    __tablename__ = "course_version"
    __table_args__ = (UniqueConstraint("course_id", "key"),)

    id: Mapped[Id]
    course_id: Mapped[int] = mapped_column(ForeignKey("course.id"))
    key: Mapped[str]
    title: Mapped[str]


class Module(Base):
    """One module of a course version, by its place from 1 on."""

    __tablename__ = "module"

    course_version_id: Mapped[int] = mapped_column(
        ForeignKey("course_version.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    title: Mapped[str]
