"""What an operation of the API is given: who asks, and what there is to answer with."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, TypeVar, cast

from fastapi import Depends, Request
from sqlalchemy.orm import Session, sessionmaker

from models.enrollment_changes import Why
from models.tenant import Tenant
from models.token_use import Bearer
from worker import clock
from worker.api.admission import Admission, no_tenant
from worker.api.deciding import Decider
from worker.api.feed import Feed
from worker.database import in_transaction
from worker.pipeline import tenants
from worker.queue.broker import broker
from worker.settings import Settings

Result = TypeVar("Result")


@dataclass(frozen=True)
class Api:
    """The web process as the API sees it. `redis_url` None: nobody to ring, the scheduler finds the work."""

    settings: Settings
    sessions: sessionmaker[Session]
    redis_url: str | None
    admission: Admission
    decider: Decider
    feed: Feed

    def ring(self, bell: Callable[..., bool], *ids: int) -> None:
        """Ring one of `worker.queue.doorbell`."""
        if self.redis_url is not None:
            _connect(self.redis_url)
            bell(*ids)


@lru_cache(maxsize=1)
def _connect(url: str) -> None:
    broker.connect(url)


@dataclass(frozen=True)
class Call:
    """One admitted request."""

    api: Api
    bearer: Bearer
    token_hash: bytes

    def do(self, work: Callable[[Session], Result]) -> Result:
        """Do `work` in one transaction."""
        return in_transaction(self.api.sessions, work)

    def why(self, session: Session) -> Why:
        """For changes by this request, at the database's present."""
        return Why(self.bearer.actor, clock.now(session))

    def tenant(self, session: Session, key: str) -> Tenant:
        """The tenant of the address. Raises NotFound; other tenants than the token's never come this far."""
        tenant = tenants.known(session, key)
        if tenant is None:
            raise no_tenant(key)
        return tenant


async def _call_of(request: Request) -> Call:
    return cast(Call, request.state.call)


Asked = Annotated[Call, Depends(_call_of)]
