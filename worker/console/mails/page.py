"""One mail, and trying parked ones again."""

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from models import mail_listing
from models.enrollment_changes import Why
from models.mail_listing import MailRow
from worker import clock, explain
from worker.console.history.wording import who
from worker.console.mails import wording
from worker.console.pages import ConsolePage, console_page, done
from worker.console.ringing import ring
from worker.errors import NotFound
from worker.login.person import person_of
from worker.login.rights import Right
from worker.pages.context import in_session
from worker.pages.words import counted
from worker.pipeline import notifications
from worker.queue import doorbell

LIST = "/console/mails/list"


class MailPage(ConsolePage):
    """What is known of a mail. Its text is not shown: it may hold a link that opens an account."""

    menu_label = "Mail"
    path = "/mails"
    add_to_menu = False

    @console_page("/{mail_id:int}")
    async def detail(self, request: Request) -> Response:
        mail = await in_session(request, lambda session: _find(session, request))
        return self.show(
            request,
            "mails/mail.html",
            title=mail.subject,
            mail=mail,
            known=explain.find(mail.reason) if mail.reason else None,
            wording=wording,
            who=who,
            may_operate=person_of(request).may(Right.OPERATE),
        )

    @console_page("/{mail_id:int}/retry", Right.OPERATE, ["POST"])
    async def retry(self, request: Request) -> Response:
        """One parked mail, again."""
        mail_id = request.path_params["mail_id"]
        await self._retry(request, [mail_id])
        return done(request, "The mail is due again.", f"/console/mails/{mail_id}")

    @console_page("/retry", Right.OPERATE, ["POST"])
    async def retry_all(self, request: Request) -> Response:
        """All parked mails, again."""
        tried = await self._retry(request, None)
        told = f"{counted(len(tried), 'mail')} due again." if tried else "No mail is parked."
        return done(request, told, LIST, "success" if tried else "info")

    async def _retry(self, request: Request, ids: list[int] | None) -> list[int]:
        actor = person_of(request).actor

        def work(session: Session) -> list[int]:
            return notifications.retry(session, ids, Why(actor, clock.now(session)))

        tried = await in_session(request, work)
        await ring(request, doorbell.ring_mails)
        return tried


def _find(session: Session, request: Request) -> MailRow:
    mail = mail_listing.one(session, request.path_params["mail_id"])
    if mail is None:
        raise NotFound(
            "mail-unknown", "There is no such mail.", "Look for it in the list; mails are listed for 90 days."
        )
    return mail
