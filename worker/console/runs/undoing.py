"""Undoing what a run or the approval of a hold applied; always dry first."""

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from models.enrollment_changes import Why
from worker import clock
from worker.console.pages import ConsolePage, console_page
from worker.console.runs.page import asked
from worker.errors import TermsyncError
from worker.login.person import person_of
from worker.login.rights import Right
from worker.pages.context import in_session
from worker.pipeline import undo


class Undo(ConsolePage):
    """The answer to the forms on the pages of a run and of a hold."""

    menu_label = "Undo"
    path = "/undo"
    add_to_menu = False

    @console_page("/run/{number:int}", Right.OPERATE, ["POST"])
    async def run(self, request: Request) -> Response:
        return await _dry_undo(request, "run")

    @console_page("/hold/{number:int}", Right.OPERATE, ["POST"])
    async def hold(self, request: Request) -> Response:
        return await _dry_undo(request, "hold")


async def _dry_undo(request: Request, what: str) -> Response:
    """The page of the dry run shows what would be restored, and has the button that does it."""
    reason, actor = str((await request.form()).get("reason", "")).strip()[:1000], person_of(request).actor
    if not reason:
        raise TermsyncError(
            "reason-missing", "An undo needs a reason for the history.", "Write in a few words why."
        )

    def ask(session: Session) -> tuple[int, bool]:
        number = request.path_params["number"]
        return undo.request(session, what, number, Why(actor, clock.now(session)), reason, dry_run=True)

    return await asked(request, await in_session(request, ask))
