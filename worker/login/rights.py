"""The one table of who may what. What is not in it, nobody may."""

from collections.abc import Mapping
from enum import StrEnum


class Role(StrEnum):
    """What somebody is. A person of a client can be several of the last three at once."""

    ADMIN = "admin"
    ENROLLMENT = "enrollment"
    OPS = "ops"
    CLIENT_ADMIN = "client_admin"
    MANAGER = "manager"
    LEARNER = "learner"


STAFF = frozenset({Role.ADMIN, Role.ENROLLMENT, Role.OPS})
CLIENT = frozenset({Role.CLIENT_ADMIN, Role.MANAGER, Role.LEARNER})


class Right(StrEnum):
    """What a page or a button needs; the value is how a refusal names it."""

    ANYBODY = "sign in"
    SIGNED_IN = "sign out and change their password"
    SEE_CONSOLE = "see the console"
    EDIT_ENROLLMENTS = "edit enrollments"
    MANAGE_TENANTS = "manage tenants, flags and accounts"
    OPERATE = "operate runs, rejected rows, holds and pauses"
    SEE_OWN_COURSES = "see their courses"
    SEE_OWN_TEAM = "see their team"
    SEE_OWN_TENANT = "see their organisation"


RIGHTS: Mapping[Right, frozenset[Role]] = {
    Right.SIGNED_IN: STAFF | CLIENT,
    Right.SEE_CONSOLE: STAFF,
    Right.EDIT_ENROLLMENTS: frozenset({Role.ADMIN, Role.ENROLLMENT}),
    Right.MANAGE_TENANTS: frozenset({Role.ADMIN}),
    Right.OPERATE: frozenset({Role.ADMIN, Role.OPS}),
    Right.SEE_OWN_COURSES: CLIENT,
    Right.SEE_OWN_TEAM: frozenset({Role.MANAGER}),
    Right.SEE_OWN_TENANT: frozenset({Role.CLIENT_ADMIN}),
}
NAMES: Mapping[Role, str] = {
    Role.ADMIN: "Admin team",
    Role.ENROLLMENT: "Enrollment team",
    Role.OPS: "Ops",
    Role.CLIENT_ADMIN: "Client admin",
    Role.MANAGER: "Manager",
    Role.LEARNER: "Learner",
}


def allows(right: Right, roles: frozenset[Role]) -> bool:
    """Whether somebody with these roles has the right. Nobody who is not signed in has any but ANYBODY."""
    return right is Right.ANYBODY or bool(RIGHTS.get(right, frozenset()) & roles)


def who(right: Right) -> str:
    """`Admin team or Ops`: who has the right, for messages."""
    return " or ".join(NAMES[role] for role in Role if role in RIGHTS.get(right, ()))
