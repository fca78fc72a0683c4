"""The list of mails."""

from collections.abc import Iterable
from typing import Any

from markupsafe import Markup
from sqlalchemy.orm import Session
from starlette.requests import Request

from models import mail_listing
from models.mail_listing import MailFilter
from worker.console.listing import Cell, Choice, Instant, ListView, Query
from worker.console.mails import wording
from worker.login.person import person_of
from worker.login.rights import Right
from worker.pages.forms import csrf_field


def _small(words: str) -> Markup:
    return Markup('<small class="d-block text-secondary">{}</small>').format(words)


class Mails(ListView):
    """Every mail of the last 90 days with its outcome and the reason, the newest first."""

    key = "mails"
    menu_label = "Mails"
    icon = "fa fa-envelope"
    list_template = "mails/list.html"
    search_hint = "Whole address, or key of a tenant"
    empty_words = "No mail yet. The learning platform hands them over through the API."
    fields = (
        Cell(
            "subject",
            "Mail",
            show=lambda mail: Markup('<a href="/console/mails/{}"><bdi class="name">{}</bdi></a>{}').format(
                mail.id, mail.subject[:100], _small(wording.kind(mail.kind))
            ),
            export=lambda mail: mail.subject,
        ),
        Cell("kind", "Kind", exclude_from_list=True),
        Cell(
            "state",
            "Outcome",
            show=lambda mail: wording.state(mail) + _small(wording.why(mail)),
            export=lambda mail: wording.STATES[mail.state][0],
        ),
        Cell(
            "address",
            "To",
            show=lambda mail: Markup('<bdi class="name">{}</bdi>{}').format(
                wording.to(mail), _small(mail.tenant_name or "Staff")
            ),
        ),
        Cell("user", "User", exclude_from_list=True),
        Cell("tenant", "Tenant", exclude_from_list=True),
        Cell("reason", "Reason", exclude_from_list=True),
        Cell("detail", "In detail", exclude_from_list=True),
        Cell("attempts", "Attempts", exclude_from_list=True),
        Instant("queued_at", "Handed over"),
        Instant("decided_at", "Decided"),
        Cell("message_id", "Message-ID", exclude_from_list=True),
    )
    sortable_fields = ("queued_at",)
    fields_default_sort = (("queued_at", True),)

    def rows(self, session: Session, query: Query) -> Iterable[Any]:
        oldest_first = ("queued_at", False) in query.sorts
        return mail_listing.rows(session, _wanted(query), query.skip, query.limit, oldest_first=oldest_first)

    def total(self, session: Session, query: Query) -> int:
        return mail_listing.count(session, _wanted(query))

    def choices(self, session: Session) -> list[Choice]:
        return [
            Choice("state", "Outcome", [(state, words) for state, (words, _) in wording.STATES.items()]),
            Choice("kind", "Kind", [(kind, wording.kind(kind)) for kind in wording.KINDS]),
            Choice("to", "To", [("staff", "Staff")]),
        ]

    def buttons(self, request: Request) -> Markup:
        if not person_of(request).may(Right.OPERATE) or request.query_params.get("state") != "parked":
            return Markup("")
        return Markup(
            '<form method="post" action="/console/mails/retry" class="d-inline">{}'
            '<button class="btn btn-primary" type="submit">Try all parked ones again</button></form>'
        ).format(csrf_field(request))


def _wanted(query: Query) -> MailFilter:
    words = (query.search or "").replace("\0", "").strip()[:300]
    address, tenant = (words, None) if "@" in words else (None, words)
    chosen = query.chosen
    return MailFilter(
        state=chosen.get("state"),
        kind=chosen.get("kind"),
        address=address,
        tenant=tenant,
        to_staff=chosen.get("to") == "staff",
    )
