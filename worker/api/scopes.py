"""What an operation of the API needs of the token that asks for it."""

from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    """What a token may do; `models.token` has the same list."""

    READ = "read"
    ROSTER = "roster"
    ENROLLMENTS = "enrollments"
    RESYNC = "resync"


@dataclass(frozen=True, slots=True)
class Needs:
    """`all_tenants`: what it does concerns tenants that a token of one tenant must not touch."""

    scope: Scope
    all_tenants: bool = False
