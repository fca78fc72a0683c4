"""Tokens of the JSON API: which there are, what each may do, when it was last used; making and revoking them."""

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from models import order_listing, token_use
from models.enrollment_changes import Why
from models.token import PER_MINUTE, SCOPES
from worker import clock
from worker.console.history import wording as happened
from worker.console.pages import ConsolePage, console_page, done
from worker.errors import TermsyncError
from worker.login.person import person_of
from worker.login.rights import Right
from worker.pages.context import in_session
from worker.pipeline import tokens

LIST = "/console/tokens"
# What each scope lets a program do, in the order of SCOPES.
MAY = {
    "read": "read everything of its tenants, access decisions and the change feed included",
    "roster": "put in users and groups, and with a token for all tenants also tenants, customers and courses",
    "enrollments": "enroll people and edit enrollments",
    "resync": "ask for resyncs and decide holds",
}


class Tokens(ConsolePage):
    """All tokens."""

    menu_label = "API tokens"
    icon = "fa fa-key"
    path = "/tokens"

    def is_accessible(self, request: Request) -> bool:
        """Only who may open it is told of it in the menu."""
        return person_of(request).may(Right.MANAGE_TENANTS)

    @console_page("", Right.MANAGE_TENANTS)
    async def index(self, request: Request) -> Response:
        revoked = bool(request.query_params.get("revoked"))
        rows = await in_session(request, lambda session: token_use.tokens(session, revoked=revoked))
        return self.show(request, "tokens/list.html", tokens=rows, revoked=revoked, who=happened.who)

    @console_page("/new", Right.MANAGE_TENANTS)
    async def form(self, request: Request) -> Response:
        tenants = await in_session(request, order_listing.tenant_names)
        scopes = [(scope, MAY[scope]) for scope in SCOPES]
        return self.show(
            request, "tokens/new.html", title="New token", tenants=tenants, scopes=scopes, per_minute=PER_MINUTE
        )

    @console_page("/new", Right.MANAGE_TENANTS, ["POST"])
    async def add(self, request: Request) -> Response:
        """A new token, shown this once."""
        form, actor = await request.form(), person_of(request).actor
        name, tenant, limit = (str(form.get(part, "")).strip()[:200] for part in ("name", "tenant", "per_minute"))
        scopes = [str(scope) for scope in form.getlist("scope")]
        per_minute = _whole(limit)

        def add(session: Session) -> str:
            why = Why(actor, clock.now(session))
            return tokens.add(session, name, scopes, why, tenant or None, per_minute)

        token = await in_session(request, add)
        return self.show(request, "tokens/token.html", title=name, name=name, token=token, tenant=tenant)

    @console_page("/revoke", Right.MANAGE_TENANTS, ["POST"])
    async def revoke(self, request: Request) -> Response:
        name, actor = str((await request.form()).get("name", ""))[:200], person_of(request).actor

        def revoke(session: Session) -> bool:
            return tokens.revoke(session, name, Why(actor, clock.now(session)))

        ended = await in_session(request, revoke)
        words = "is revoked: it opens nothing any more" if ended else "was revoked already"
        return done(request, f"The token {name} {words}.", LIST)


def _whole(text: str) -> int:
    """A number of requests a minute; nothing for the usual one. Raises `number-invalid`."""
    plain = text.replace(",", "")
    if not plain:
        return PER_MINUTE
    if not (plain.isascii() and plain.isdigit() and len(plain) < 16):
        raise TermsyncError("number-invalid", f"{text[:40]!r} is not a whole number.", "Write digits only.")
    return int(plain)
