"""The one table of what the API does and what each operation needs. What is not in it does not exist."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from worker.api import access, own_token
from worker.api.scopes import Needs, Scope


@dataclass(frozen=True)
class Operation:
    """What answers, what it needs of the token, and what else its route is made of.

    `raw`: it takes the request as it is and checks the token by itself.
    """

    endpoint: Callable[..., Any]
    needs: Needs
    raw: bool = False
    more: Mapping[str, Any] = field(default_factory=dict)


READ = Needs(Scope.READ)
_NOT_MODIFIED = {304: {"description": "The answer is the one that If-None-Match names."}}


def _access(endpoint: Callable[..., Any], document: type[BaseModel], *keys: str) -> Operation:
    more = {
        "response_model": document,
        "responses": _NOT_MODIFIED,
        "openapi_extra": access.path_parameters(*keys),
    }
    return Operation(endpoint, READ, raw=True, more=more)


OPERATIONS: Mapping[str, Operation] = {
    "GET /tenants/{tenant}/users/{user}/access/{course}/{version}/{page}": _access(
        access.page_access, access.PageAccessDocument, "tenant", "user", "course", "version", "page"
    ),
    "GET /tenants/{tenant}/users/{user}/access": _access(
        access.user_access, access.UserAccessDocument, "tenant", "user"
    ),
    "GET /token": Operation(own_token.show, READ),
}
