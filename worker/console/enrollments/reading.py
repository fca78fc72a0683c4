"""What several pages of this room read first: the tenant and the course version that an address names."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import HTTPConnection
from starlette.requests import Request as HTTPRequest
from starlette.responses import RedirectResponse, Response

from models import courses
from models.courses import VersionRow
from models.enrollment_changes import Why
from models.tenant import Tenant
from worker import clock
from worker.console.enrollments import asked as addressed
from worker.console.enrollments import wording
from worker.console.pages import done
from worker.console.ringing import ring
from worker.errors import NotFound, TermsyncError
from worker.login.person import person_of
from worker.pages.context import in_session
from worker.pipeline import edit, edit_checks, edit_requests, tenants
from worker.pipeline.edit import Asked
from worker.pipeline.edit_requests import Request
from worker.queue import doorbell

MOST_ID = 2**63
KEY = re.compile("[0-9a-f-]{36}")
SEEN = re.compile(edit_checks.FINGERPRINT)


def tenant_named(session: Session, request: HTTPConnection) -> Tenant:
    """The tenant in the address. Raises NotFound."""
    return tenants.find(session, request.path_params["tenant"])


def version_named(session: Session, version_id: int) -> VersionRow:
    """A course version by its number. Raises NotFound."""
    found = courses.version(session, version_id) if version_id < MOST_ID else None
    if found is None:
        raise NotFound(
            "course-version-unknown", "There is no such course version.", "Choose one from the list of courses."
        )
    return found


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What the button of a preview sends beside the wish: which preview it is, and what it was said about."""

    key: str
    past: bool
    seen: str

    @staticmethod
    def of(form: FormData) -> "Confirmed":
        """Read the form. A key that is none of ours is not kept. Raises `edit-rows-differ` when it says of nothing
        that it was looked at.
        """
        key, seen = str(form.get("key", "")), str(form.get("expected", ""))
        if not SEEN.fullmatch(seen):
            raise TermsyncError(
                "edit-rows-differ",
                "The form does not say what you looked at; nothing was changed.",
                "Look at the preview, then confirm it.",
            )
        return Confirmed(key if KEY.fullmatch(key) else str(uuid4()), form.get("past_confirmed") == "1", seen)

    def ask(self, session: Session, wanted: Request, why: Why) -> Asked:
        """Ask for the edit as it was confirmed."""
        return edit.ask(session, wanted, why, self.key, past_confirmed=self.past, expected=self.seen)


async def ask(
    request: HTTPRequest, wanted: Callable[[Session, HTTPRequest, addressed.Asked], Request]
) -> Response:
    """Ask for what the form of a preview confirms, `wanted` read from it, and go to the page of that edit."""
    form = await request.form()
    asked, confirmed, actor = addressed.Asked.of(form), Confirmed.of(form), person_of(request).actor

    def work(session: Session) -> Asked:
        return confirmed.ask(session, wanted(session, request, asked), Why(actor, clock.now(session)))

    return await to_edit(request, await in_session(request, work))


async def to_edit(request: HTTPRequest, asked: Asked) -> Response:
    """To the page of an edit that was just asked for; a worker is told if it waits for one."""
    address = f"/console/edits/{asked.run_id}"
    if not asked.new:
        return done(request, "This edit was asked for already: here it is.", address, "info")
    if asked.waits:
        await ring(request, doorbell.ring_run, asked.run_id)
        return done(
            request, "The edit was asked for. It is done in the background: you may leave this page.", address
        )
    return RedirectResponse(address, 303)


def foresee(session: Session, wanted: Request, tenant: Tenant, version: VersionRow) -> dict[str, Any]:
    """What a page that asks "is this what you want?" shows."""
    foreseen = edit_requests.foresee(session, wanted, clock.now(session))
    number = None if foreseen.order is None else foreseen.order.number
    return {
        "tenant": tenant,
        "version": version,
        "foreseen": foreseen,
        "wish": wording.wish_words(wanted.wish.document(), number),
        "what": wanted.what,
        "key": str(uuid4()),
        "at_once": foreseen.counts.rows <= edit.AT_ONCE,
        "wording": wording,
    }
