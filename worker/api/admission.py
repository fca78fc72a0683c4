"""In front of every operation: a valid token, within its limit, of the right scope, for this tenant."""

from sqlalchemy.orm import Session, sessionmaker
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from models import token_use
from models.token_use import Bearer
from worker.api.limits import Limits
from worker.api.problems import Refusal
from worker.api.scopes import Needs
from worker.errors import NotFound
from worker.pipeline.tokens import hashed

SCHEME = "bearer "


def hash_of(request: Request) -> bytes:
    """The SHA-256 of the token that the request bears. Raises Refusal 401 when it bears none."""
    header = request.headers.get("authorization", "")
    token = header[len(SCHEME) :].strip()
    if header[: len(SCHEME)].lower() != SCHEME or not token:
        raise no_token("The request bears no token.")
    return hashed(token)


def no_token(detail: str = "The token is not known, or was revoked.") -> Refusal:
    """What is said to who may not even ask."""
    return Refusal(
        401,
        "token-missing",
        detail,
        "Send the header `Authorization: Bearer TOKEN`; make a token with `termsync token add`.",
        {"www-authenticate": "Bearer"},
    )


class Admission:
    """Lets requests in, or says why not."""

    def __init__(self, sessions: sessionmaker[Session], limits: Limits) -> None:
        self._sessions = sessions
        self._limits = limits

    async def bearer(self, request: Request, needs: Needs) -> Bearer:
        """Whose request this is. Raises Refusal 401, 403, 429, and NotFound for another tenant's path."""
        bearer = await run_in_threadpool(self._find, hash_of(request))
        if bearer is None:
            raise no_token()
        await self.check(bearer, needs, request.path_params.get("tenant"))
        return bearer

    async def check(self, bearer: Bearer, needs: Needs, tenant: str | None) -> None:
        """Raises what `bearer` raises, once it is known whose the token is."""
        wait = await self._limits.take(bearer.id, bearer.per_minute)
        if wait is not None:
            raise Refusal(
                429,
                "token-limit-reached",
                f"The token {bearer.name} has used up its {bearer.per_minute:,} requests of this minute.",
                f"Ask again in {wait} seconds.",
                {"retry-after": str(wait)},
            )
        if needs.scope not in bearer.scopes:
            raise Refusal(
                403,
                "token-scope-missing",
                f"The token {bearer.name} does not have the scope {needs.scope}.",
                f"Use a token with the scope {needs.scope}.",
            )
        if tenant is not None and bearer.tenant not in (None, tenant):
            raise no_tenant(tenant)
        if needs.all_tenants and bearer.tenant is not None:
            raise Refusal(
                403,
                "token-of-one-tenant",
                f"This concerns all tenants, and the token {bearer.name} is for {bearer.tenant}.",
                "Use a token for all tenants.",
            )

    def note(self, token_id: int) -> None:
        """Write down that the token is in use."""
        with self._sessions.begin() as session:
            token_use.note(session, token_id)

    def _find(self, token_hash: bytes) -> Bearer | None:
        with self._sessions.begin() as session:
            bearer = token_use.find(session, token_hash)
            if bearer is not None and bearer.unnoted:
                token_use.note(session, bearer.id)
        return bearer


def no_tenant(key: str) -> NotFound:
    """The same for a tenant that is not there and for one that is not the token's."""
    return NotFound("tenant-unknown", f"There is no tenant {key!r}.", "Check the key of the tenant.")
