"""The one table of what the API does and what each operation needs. What is not in it does not exist."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from worker.api import own_token
from worker.api.scopes import Needs, Scope


@dataclass(frozen=True)
class Operation:
    """What answers, what it needs of the token, and what else its route is made of."""

    endpoint: Callable[..., Any]
    needs: Needs
    more: Mapping[str, Any] = field(default_factory=dict)


READ = Needs(Scope.READ)

OPERATIONS: Mapping[str, Operation] = {
    "GET /token": Operation(own_token.show, READ),
}
