"""Webhooks: who is called about changes, how that goes, and what went wrong."""

from typing import Any

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from connectors.errors import ConnectorError
from models import order_listing, webhook_listing
from models.api_events import KINDS
from models.enrollment_changes import Why
from models.webhook import Webhook
from worker import clock
from worker.console.history import wording as happened
from worker.console.pages import ConsolePage, console_page, done
from worker.console.webhooks import wording
from worker.errors import NotFound
from worker.login.person import person_of
from worker.login.rights import Right
from worker.pages.context import in_session, web_of
from worker.pipeline import webhooks
from worker.pipeline.webhooks import Wanted
from worker.pipeline.webhooks_secrets import keyring
from worker.queue import calling

LIST = "/console/webhooks"
SHOWN = 100  # calls on the page of a webhook


class Webhooks(ConsolePage):
    """All webhooks."""

    menu_label = "Webhooks"
    icon = "fa fa-bullhorn"
    path = "/webhooks"

    @console_page()
    async def index(self, request: Request) -> Response:
        rows = await in_session(request, webhook_listing.webhooks)
        return self.show(request, "webhooks/list.html", webhooks=rows, wording=wording, **_rights(request))

    @console_page("/new", Right.MANAGE_TENANTS)
    async def form(self, request: Request) -> Response:
        tenants = await in_session(request, order_listing.tenant_names)
        return self.show(request, "webhooks/new.html", title="New webhook", tenants=tenants, kinds=KINDS)

    @console_page("/new", Right.MANAGE_TENANTS, ["POST"])
    async def add(self, request: Request) -> Response:
        form, settings = await request.form(), web_of(request).settings
        kinds = [str(kind) for kind in form.getlist("kind")]
        wanted = Wanted(_text(form, "name"), _text(form, "url"), _text(form, "tenant") or None, kinds)
        actor = person_of(request).actor

        def add(session: Session) -> str:
            keys = keyring(settings, make=True)
            return webhooks.add(session, settings, keys, wanted, Why(actor, clock.now(session)))

        return self._secret(request, wanted.name, await in_session(request, add))

    @console_page("/{webhook_id:int}")
    async def detail(self, request: Request) -> Response:
        state = request.query_params.get("state", "")
        if state not in wording.CALL_STATES:
            state = ""

        def read(session: Session) -> dict[str, Any]:
            row = webhook_listing.one(session, _name(session, request))
            assert row is not None, "its name was read a moment ago"
            calls = webhook_listing.deliveries(session, row["id"], state=state or None, limit=SHOWN)
            return {"webhook": row, "calls": calls}

        found = await in_session(request, read)
        values = {"title": found["webhook"]["name"], "state": state, "shown": SHOWN, "who": happened.who}
        return self.show(request, "webhooks/webhook.html", wording=wording, **values, **found, **_rights(request))

    @console_page("/{webhook_id:int}/test", Right.OPERATE, ["POST"])
    async def test(self, request: Request) -> Response:
        """A call about nothing, now; what was answered is told."""
        web = web_of(request)
        name = await in_session(request, lambda session: _name(session, request))
        try:
            answer = await run_in_threadpool(calling.try_out, web.sessions, web.settings, name)
        except ConnectorError as error:
            return done(request, f"{error.message} {error.remedy}", _address(request), "error")
        taken = 200 <= answer.status < 300
        words = "The test was taken" if taken else "The test was not taken: only 200 to 299 counts as taken"
        return done(request, f"{words} ({answer.status}).", _address(request), "success" if taken else "error")

    @console_page("/{webhook_id:int}/disable", Right.OPERATE, ["POST"])
    async def disable(self, request: Request) -> Response:
        because = _text(await request.form(), "reason")

        def disable(session: Session, name: str, why: Why) -> None:
            webhooks.disable(session, name, why, because)

        await self._do(request, disable)
        return done(request, "It is not called any more; what happens meanwhile waits.", _address(request))

    @console_page("/{webhook_id:int}/enable", Right.OPERATE, ["POST"])
    async def enable(self, request: Request) -> Response:
        await self._do(request, webhooks.enable)
        return done(request, "It is called again, from where it stopped.", _address(request))

    @console_page("/{webhook_id:int}/replay", Right.OPERATE, ["POST"])
    async def replay(self, request: Request) -> Response:
        """One dead call, or all."""
        chosen = _call(await request.form())

        def replay(session: Session, name: str, why: Why) -> int:
            return webhooks.replay(session, name, why, chosen)

        count = await self._do(request, replay)
        words = f"{count:,} dead calls go out again." if count != 1 else "The dead call goes out again."
        return done(request, words if count else "No call is dead.", _address(request))

    @console_page("/{webhook_id:int}/secret", Right.MANAGE_TENANTS, ["POST"])
    async def rotate(self, request: Request) -> Response:
        settings = web_of(request).settings

        def rotate(session: Session, name: str, why: Why) -> tuple[str, str]:
            return name, webhooks.rotate(session, keyring(settings, make=True), name, why)

        name, secret = await self._do(request, rotate)
        return self._secret(request, name, secret, overlap=True)

    @console_page("/{webhook_id:int}/remove", Right.MANAGE_TENANTS, ["POST"])
    async def remove(self, request: Request) -> Response:
        await self._do(request, webhooks.remove)
        return done(request, "The webhook is removed.", LIST)

    def _secret(self, request: Request, name: str, secret: str, *, overlap: bool = False) -> Response:
        return self.show(request, "webhooks/secret.html", title=name, name=name, secret=secret, overlap=overlap)

    async def _do(self, request: Request, act: Any) -> Any:
        """`act(session, name, why)` on the webhook of the address, in one transaction."""
        actor = person_of(request).actor

        def do(session: Session) -> Any:
            return act(session, _name(session, request), Why(actor, clock.now(session)))

        return await in_session(request, do)


def _name(session: Session, request: Request) -> str:
    webhook = session.get(Webhook, request.path_params["webhook_id"])
    if webhook is None:
        raise NotFound("webhook-unknown", "There is no such webhook.", "Look for it in the list.")
    return webhook.name


def _call(form: FormData) -> int | None:
    """The call that a form names; None when it names none and means all. Raises NotFound."""
    call = _text(form, "call")
    if call and not (call.isascii() and call.isdigit() and len(call) < 16):
        raise NotFound("webhook-delivery-unknown", "There is no such dead call.", "Look for it in the list.")
    return int(call) if call else None


def _address(request: Request) -> str:
    return f"{LIST}/{request.path_params['webhook_id']}"


def _rights(request: Request) -> dict[str, Any]:
    person = person_of(request)
    return {"may_manage": person.may(Right.MANAGE_TENANTS), "may_operate": person.may(Right.OPERATE)}


def _text(form: FormData, name: str) -> str:
    return str(form.get(name, "")).replace("\0", "").strip()[:3000]
