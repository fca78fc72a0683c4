"""One tenant: its numbers, and what people may change about it."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session
from starlette.datastructures import FormData, QueryParams
from starlette.requests import Request
from starlette.responses import Response

from models import history, tenant_listing, watermarks
from models.enrollment_changes import Changes, Why
from models.history import HistorySearch
from models.locks import lock_tenant
from models.tenant import Tenant
from worker import clock
from worker.console.attention.customers import foresee_mapping
from worker.console.history import wording as happened
from worker.console.pages import ConsolePage, console_page, done
from worker.console.ringing import ring
from worker.console.runs.page import asked
from worker.console.tenants import wording
from worker.console.tenants.listing import address
from worker.console.tenants.seen import check, seen
from worker.errors import NotFound, TermsyncError
from worker.login.person import person_of
from worker.login.rights import Right
from worker.pages.context import in_session, web_of
from worker.pages.words import counted
from worker.pipeline import tenant_change, tenants
from worker.pipeline.reading import ORDERS
from worker.pipeline.scope import parse_instant
from worker.pipeline.tenant_change import TenantChange
from worker.pipeline.tenants import GuardLimits
from worker.queue import doorbell
from worker.queue.runner import thresholds

ACTIONS = 10


class TenantPage(ConsolePage):
    """One tenant."""

    menu_label = "Tenant"
    path = "/tenants/{key}"
    add_to_menu = False

    @console_page()
    async def index(self, request: Request) -> Response:
        values = await in_session(request, lambda session: _read(session, request.path_params["key"]))
        person = person_of(request)
        return self.show(
            request,
            "tenants/tenant.html",
            title=values["tenant"]["name"],
            guard=thresholds(web_of(request).settings),
            zones=wording.zones(),
            may_manage=person.may(Right.MANAGE_TENANTS),
            may_operate=person.may(Right.OPERATE),
            **values,
        )

    @console_page("/name", Right.MANAGE_TENANTS, ["POST"])
    async def rename(self, request: Request) -> Response:
        name = _text(await request.form(), "name")
        if not name:
            raise TermsyncError("name-missing", "A tenant needs a name.", "Write the name as people know it.")
        await self._do(
            request,
            lambda session, tenant_id, why: tenants.change(session, tenant_id, why, name=name),
            "name",
            lambda tenant: tenant.name == name,
        )
        return done(request, f"The tenant is called {name} now.", address(request.path_params["key"]))

    @console_page("/dates", Right.MANAGE_TENANTS, ["POST"])
    async def dates(self, request: Request) -> Response:
        """A new zone or grace re-dates everybody: a dry run first, whose page has the button that does it."""
        form, actor = await request.form(), person_of(request).actor
        key, zone, grace = request.path_params["key"], _text(form, "time_zone"), _whole(form, "grace_days")

        def ask(session: Session) -> tuple[int, bool]:
            tenant = tenants.find(session, key)
            check(tenant, "dates", _text(form, "seen"))
            days = tenant.grace_days if grace is None else grace
            change = TenantChange(key, zone or tenant.time_zone, days)
            return tenant_change.request(session, change, actor, dry_run=True)

        return await asked(request, await in_session(request, ask))

    @console_page("/guard", Right.MANAGE_TENANTS, ["POST"])
    async def guard(self, request: Request) -> Response:
        form = await request.form()
        limits = GuardLimits(
            _whole(form, "people"),
            _share(form, "people_share"),
            _whole(form, "orders"),
            _share(form, "orders_share"),
        )
        changed = await self._do(
            request,
            lambda session, tenant_id, why: tenants.set_guard(session, tenant_id, limits, why),
            "guard",
            lambda tenant: tenants.guard_of(tenant) == limits,
        )
        words = "The guard goes by these limits from the next change on." if changed else "Nothing was changed."
        return done(request, words, address(request.path_params["key"]))

    @console_page("/pause", Right.OPERATE, ["POST"])
    async def pause(self, request: Request) -> Response:
        form = await request.form()
        reason, until = _text(form, "reason"), _text(form, "until")
        if not reason:
            raise TermsyncError("reason-missing", "A pause needs a reason.", "Write in a few words why.")

        def pause(session: Session, tenant_id: int, why: Why) -> None:
            zone = tenants.find(session, request.path_params["key"]).time_zone
            ends = _instant(until, zone) if until else None
            tenants.check_pause_end(ends, why.now)
            tenants.pause(session, tenant_id, why, reason, ends)

        def is_so(tenant: Tenant) -> bool:
            ends = wording.local(tenant.pause_until, tenant.time_zone)
            return (tenant.pause_reason, ends) == (reason, until[:16])

        await self._do(request, pause, "pause", is_so)
        words = "Expiry is paused: nobody becomes expired, nor reads as expired."
        return done(request, words, address(request.path_params["key"]))

    @console_page("/resume", Right.OPERATE, ["POST"])
    async def resume(self, request: Request) -> Response:
        changes: Changes = await self._do(
            request, tenants.resume, "pause", lambda tenant: tenant.paused_at is None
        )
        people = counted(changes.expired, "enrollment")
        return done(request, f"Expiry goes on: {people} expired just now.", address(request.path_params["key"]))

    @console_page("/map", Right.MANAGE_TENANTS)
    async def ask_map(self, request: Request) -> Response:
        """What mapping the customer would bring in, and whose it is now."""
        key, customer = request.path_params["key"], _customer(request.query_params)
        values = await in_session(
            request, lambda session: foresee_mapping(session, [customer], tenants.find(session, key))
        )
        at = address(key)
        title = "Map a customer to this tenant"
        return self.show(request, "attention/map.html", title=title, at=f"{at}/map", back=at, **values)

    @console_page("/map", Right.MANAGE_TENANTS, ["POST"])
    async def map_customer(self, request: Request) -> Response:
        return await self._mapping(request, tenants.map_customer, "mapped: its orders come in now")

    @console_page("/unmap", Right.MANAGE_TENANTS, ["POST"])
    async def unmap_customer(self, request: Request) -> Response:
        words = "no longer mapped: its orders stay, flagged as moved, and expire nobody"
        return await self._mapping(request, tenants.unmap_customer, words)

    async def _mapping(self, request: Request, act: Any, words: str) -> Response:
        customer = _customer(await request.form())

        def change(session: Session, tenant_id: int, why: Why) -> int:
            act(session, tenant_id, customer, why)
            return tenant_id

        await ring(request, doorbell.ring_reconcile, await self._do(request, change))
        return done(request, f"Customer {customer} is {words}.", address(request.path_params["key"]))

    async def _do(
        self, request: Request, act: Any, form: str | None = None, is_so: Callable[[Tenant], bool] | None = None
    ) -> Any:
        """`act(session, tenant_id, why)` on the tenant of the address, in one transaction.

        What a `form` asks for is done only when it was filled in against the present values, or `is_so` already:
        pressed twice, it is done once.
        """
        key, actor = request.path_params["key"], person_of(request).actor
        given = _text(await request.form(), "seen")

        def do(session: Session) -> Any:
            tenant = lock_tenant(session, tenants.find(session, key).id)
            if form is not None and not (is_so is not None and is_so(tenant)):
                check(tenant, form, given)
            return act(session, tenant.id, why=Why(actor, clock.now(session)))

        return await in_session(request, do)


def _read(session: Session, key: str) -> dict[str, Any]:
    now = clock.now(session)
    tenant = tenant_listing.one(session, key, now)
    if tenant is None:
        raise NotFound("tenant-unknown", f"There is no tenant {key!r}.", "Look for it in the list of tenants.")
    return {
        "tenant": tenant,
        "seen": seen(tenants.find(session, key)),
        "now": now,
        "until": wording.local(tenant["pause_until"], tenant["time_zone"]) if tenant["paused"] else "",
        "age": wording.data_age(tenant, watermarks.watermark(session, ORDERS), now),
        "customers": tenant_listing.customers(session, key),
        "actions": [
            happened.action(row) for row in history.actions(session, HistorySearch(tenant=key), None, ACTIONS)
        ],
        "wording": wording,
        "who": happened.who,
    }


def _customer(given: FormData | QueryParams) -> int:
    customer = _whole(given, "customer")
    if customer is None:
        raise TermsyncError(
            "customer-not-named",
            "It is not said which customer.",
            "Give the NetSuite internal id of the customer.",
        )
    return customer


def _text(form: FormData | QueryParams, name: str) -> str:
    return str(form.get(name, "")).replace("\0", "").strip()[:1000]


def _whole(form: FormData | QueryParams, name: str) -> int | None:
    text = _text(form, name)
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise TermsyncError("number-invalid", f"{text[:40]!r} is not a whole number.", "Write digits only.")
    return int(text)


def _share(form: FormData, name: str) -> Decimal | None:
    """A share given in per cent, as a fraction of one."""
    text = _text(form, name).rstrip("% ")
    if not text:
        return None
    try:
        share = (Decimal(text) / 100).quantize(Decimal("0.0001"))
    except ArithmeticError:
        share = Decimal("nan")
    if not share.is_finite():
        raise TermsyncError("number-invalid", f"{text[:40]!r} is not a share.", "Write a number of per cent.")
    return share


def _instant(text: str, zone: str) -> datetime:
    """What a date and time in a tenant's zone is. Raises `instant-invalid`, also for far years."""
    try:
        local = datetime.fromisoformat(text)
    except ValueError:
        raise TermsyncError(
            "instant-invalid", f"{text[:40]!r} is not a date and time.", "Write 2026-01-31T12:00."
        ) from None
    known = local if local.tzinfo else local.replace(tzinfo=ZoneInfo(zone))
    return parse_instant(known.isoformat()).astimezone(ZoneInfo(zone))
