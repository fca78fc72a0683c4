"""The person behind a request."""

from dataclasses import dataclass
from functools import cached_property
from typing import cast

from starlette.requests import HTTPConnection

from models.signing_in import SignedIn, actor_of
from worker.login.rights import NAMES, Right, Role, allows


@dataclass(frozen=True)
class Person:
    """Somebody who is signed in: what the session's row says, and what follows from it."""

    row: SignedIn
    token_hash: bytes

    @property
    def id(self) -> int:
        """Id in `staff` or in `users`, as `is_staff` says."""
        return self.row.id

    @property
    def name(self) -> str:
        return self.row.name

    @property
    def is_staff(self) -> bool:
        return self.row.kind == "staff"

    @property
    def tenant_id(self) -> int:
        """The one tenant of a person of a client; staff have none."""
        assert self.row.tenant_id is not None, "staff belong to no tenant"
        return self.row.tenant_id

    @property
    def zone(self) -> str:
        """Time zone that pages show: the tenant's, UTC for staff."""
        return self.row.time_zone or "UTC"

    @property
    def actor(self) -> str:
        """How this person is written beside what they do."""
        return actor_of(self.row.email, self.row.tenant_key)

    @property
    def subject(self) -> str:
        """How this account is written where something was done to it."""
        return f"staff {self.row.email}" if self.is_staff else f"user {self.row.tenant_key}/{self.row.user_key}"

    @cached_property
    def roles(self) -> frozenset[Role]:
        if self.row.staff_role is not None:
            return frozenset({Role(self.row.staff_role)})
        also = {Role.CLIENT_ADMIN: self.row.client_admin, Role.MANAGER: self.row.manager}
        return frozenset({Role.LEARNER, *(role for role, has in also.items() if has)})

    @property
    def role_names(self) -> str:
        return ", ".join(NAMES[role] for role in Role if role in self.roles)

    def may(self, right: Right) -> bool:
        return allows(right, self.roles)


def person_of(request: HTTPConnection) -> Person:
    """Who asks, on pages that need somebody to be signed in."""
    person = cast("Person | None", request.state.person)
    assert person is not None, "the guard lets nobody else in"
    return person
