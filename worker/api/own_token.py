"""What the token of a request may do."""

from pydantic import BaseModel, Field

from worker.api.call import Asked


class OwnToken(BaseModel):
    """A token as its bearer sees it."""

    name: str
    tenant: str | None = Field(description="Key of its one tenant; null: all tenants.")
    scopes: list[str]
    per_minute: int = Field(description="Most requests a minute.")


async def show(call: Asked) -> OwnToken:
    """What this token may do: to see that it is the right one."""
    bearer = call.bearer
    return OwnToken(
        name=bearer.name, tenant=bearer.tenant, scopes=list(bearer.scopes), per_minute=bearer.per_minute
    )
