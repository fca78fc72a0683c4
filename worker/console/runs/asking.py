"""Asking for a pull: everything, what changed since, one tenant, one customer, one order; dry first."""

from typing import Any

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from models import tenant_listing
from worker.console.pages import ConsolePage, console_page
from worker.console.runs.page import asked
from worker.errors import TermsyncError
from worker.login.person import person_of
from worker.login.rights import Right
from worker.pages.context import in_session, web_of
from worker.pipeline.scope import Scope
from worker.queue.asking import ask_pull

# The kinds of scope as the form names them; those that need a value name the field it is in.
VALUES = {"since": "since", "tenant": "tenant", "customer": "customer", "order": "order"}


class Resync(ConsolePage):
    """The form, and its answer."""

    menu_label = "Start a resync"
    path = "/runs/new"
    add_to_menu = False

    @console_page()
    async def index(self, request: Request) -> Response:
        tenants = await in_session(request, tenant_listing.names)
        return self.show(request, "runs/new.html", tenants=tenants, **_prefilled(request))

    @console_page("/ask", Right.OPERATE, ["POST"])
    async def ask(self, request: Request) -> Response:
        form = await request.form()
        scope = _scope({name: str(value).strip() for name, value in form.items()})
        settings, actor = web_of(request).settings, person_of(request).actor

        def ask(session: Session) -> tuple[int, bool]:
            return ask_pull(session, settings, scope, actor, dry_run=form.get("how") != "real")

        return await asked(request, await in_session(request, ask))


def _scope(form: dict[str, str]) -> str:
    kind = form.get("kind", "")
    if kind in {"full", "incremental"}:
        return kind
    value = form.get(VALUES.get(kind, ""), "")
    if not value:
        raise TermsyncError(
            "scope-invalid",
            "It is not said what is to be synced.",
            "Choose one of the kinds, and fill in the field beside it.",
        )
    return f"{kind}:{value}"


def _prefilled(request: Request) -> dict[str, Any]:
    """What `?scope=order:SO1001` fills in beforehand."""
    text = request.query_params.get("scope")
    scope = Scope.parse(text) if text else None
    may_operate = person_of(request).may(Right.OPERATE)
    return {
        "kind": "incremental" if scope is None else str(scope.kind),
        "value": scope.value if scope else "",
        "may_operate": may_operate,
    }
