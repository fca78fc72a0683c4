"""What an edit is asked for with, checked: of enrollments, of users to enroll, or of an edit to take back."""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy.exc import NoResultFound
from sqlalchemy.orm import Session

from models import edit_jobs, edit_preview, editing
from models.edit_jobs import Selection
from models.edit_preview import Preview, PreviewRow
from models.editing import Edit, Plan
from models.enrollment_search import EnrollmentFilter
from models.locks import lock_tenant
from models.roster import CourseVersion
from models.sales_order import SalesOrder
from models.selectable import OrderChoice, order_choice
from models.tenant import Tenant
from models.terms import FIRST_YEAR, LAST_YEAR
from models.user_search import UserFilter
from worker.errors import NotFound, TermsyncError
from worker.pipeline import edit_checks


@dataclass(frozen=True, slots=True)
class EditEnrollments:
    """Change the enrollments that a filter matches, or those it names."""

    enrollments: EnrollmentFilter
    wish: Edit
    what = "edit"

    @property
    def tenant_id(self) -> int:
        return self.enrollments.tenant_id

    @property
    def digest(self) -> str:
        return _digest(self.what, asdict(self.enrollments), self.wish.document())

    @property
    def columns(self) -> dict[str, Any]:
        version = self.enrollments.course_version_id
        return {"what": self.what, "wish": self.wish.document(), "course_version_id": version}

    def selection(self, tenant: Tenant, now: datetime) -> Selection:
        return edit_jobs.of_enrollments(tenant, self.enrollments, now)

    def plan(self, tenant: Tenant, order: OrderChoice | None, now: datetime) -> Plan:
        version = self.enrollments.course_version_id
        return editing.edit_plan(tenant, self.wish, order, now, course_version_id=version)


@dataclass(frozen=True, slots=True)
class EnrollUsers:
    """Enroll the users that a filter matches, or those it names, with the order and the date of `wish`."""

    users: UserFilter
    course_version_id: int
    wish: Edit
    what = "enroll"

    @property
    def tenant_id(self) -> int:
        return self.users.tenant_id

    @property
    def digest(self) -> str:
        return _digest(self.what, asdict(self.users), self.course_version_id, self.wish.document())

    @property
    def columns(self) -> dict[str, Any]:
        return {"what": self.what, "wish": self.wish.document(), "course_version_id": self.course_version_id}

    def selection(self, tenant: Tenant, now: datetime) -> Selection:
        return edit_jobs.of_users(tenant, self.users)

    def plan(self, tenant: Tenant, order: OrderChoice | None, now: datetime) -> Plan:
        return editing.enroll_plan(tenant, self.course_version_id, self.wish, order, now)


@dataclass(frozen=True, slots=True)
class ExpirePeople:
    """Expire whoever is Enrolled on a flagged order, and is on it still when their turn comes."""

    tenant_id: int
    order_id: int
    wish = Edit(ask="X")
    what = "expire"

    @property
    def digest(self) -> str:
        return _digest(self.what, self.order_id)

    @property
    def columns(self) -> dict[str, Any]:
        return {"what": self.what, "wish": self.wish.document(), "order_id": self.order_id}

    def selection(self, tenant: Tenant, now: datetime) -> Selection:
        return edit_jobs.of_order(tenant, self.order_id, now)

    def plan(self, tenant: Tenant, order: OrderChoice | None, now: datetime) -> Plan:
        return editing.edit_plan(tenant, self.wish, order, now, of_order=self.order_id)


@dataclass(frozen=True, slots=True)
class Undo:
    """Take the edit `undoes` back."""

    tenant_id: int
    undoes: int
    wish = Edit()
    what = "undo"

    @property
    def digest(self) -> str:
        return _digest(self.what, self.undoes)

    @property
    def columns(self) -> dict[str, Any]:
        return {"what": self.what, "wish": {}, "undoes": self.undoes}

    def selection(self, tenant: Tenant, now: datetime) -> Selection:
        return edit_jobs.of_job(self.undoes)

    def plan(self, tenant: Tenant, order: OrderChoice | None, now: datetime) -> Plan:
        return editing.undo_plan(tenant, self.undoes, now)


Request = EditEnrollments | EnrollUsers | ExpirePeople | Undo


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What a request would do, the people it would do it to, and whether its date has to be confirmed.

    `fingerprint` tells later whether the request still means the same rows, and does the same to them.
    """

    counts: Preview
    people: list[PreviewRow]
    order: OrderChoice | None
    ends_in_past: bool
    fingerprint: str


def foresee(session: Session, request: Request, now: datetime, people: int = 50) -> Foreseen:
    """What asking would do, at most `people` of those concerned. Writes nothing. Raises what `check` raises."""
    tenant = _tenant(session, request)
    order = check(session, tenant, request, now)
    judged = judge(session, tenant, request, order, now, people)
    past = edit_checks.ends_in_past(request.wish, tenant.time_zone, now)
    return Foreseen(judged.counts, judged.people, order, past, judged.fingerprint)


class Judged(NamedTuple):
    """What a request that was checked comes to."""

    counts: Preview
    people: list[PreviewRow]
    fingerprint: str


def judge(
    session: Session, tenant: Tenant, request: Request, order: OrderChoice | None, now: datetime, people: int = 0
) -> Judged:
    """What a checked request would do, at most `people` of those concerned. Raises `edit-nobody-selected`."""
    plan, selection = request.plan(tenant, order, now), request.selection(tenant, now)
    counts, rows = edit_preview.preview(session, plan, selection.rows, selection.parameters, people)
    if not counts.rows:
        raise nobody(request)
    who = edit_jobs.fingerprint(session, selection)
    return Judged(counts, rows, edit_checks.fingerprint(who, counts))


def check(session: Session, tenant: Tenant, request: Request, now: datetime) -> OrderChoice | None:
    """The order that is chosen, if one is. Raises `edit-nothing-chosen`, `edit-date-out-of-range`,
    `order-not-of-tenant`, `order-not-selectable`, `course-version-unknown`, `order-not-flagged`.
    """
    if isinstance(request, EditEnrollments) and request.wish == Edit():
        raise TermsyncError(
            "edit-nothing-chosen",
            "No change was selected.",
            "Choose a sales order, an expiration date or an action.",
        )
    if isinstance(request, EnrollUsers) and session.get(CourseVersion, request.course_version_id) is None:
        raise NotFound(
            "course-version-unknown", "There is no such course version.", "Choose one from the list of courses."
        )
    if isinstance(request, ExpirePeople):
        edit_checks.check_flag(session.get_one(SalesOrder, (request.order_id, tenant.id)))
    _check_year(request.wish.expiration_date)
    order = chosen_order(session, tenant, request.wish, now)
    if order is not None and order.obstacle is not None:
        raise TermsyncError(
            "order-not-selectable",
            f"Sales order {order.number} cannot be chosen: it {order.obstacle}.",
            "Choose an order of the tenant whose term has not ended.",
        )
    return order


def _check_year(typed: date | None) -> None:
    if typed is not None and not FIRST_YEAR <= typed.year <= LAST_YEAR:
        raise TermsyncError(
            "edit-date-out-of-range",
            f"{typed} is no expiration date.",
            f"Choose a date between the years {FIRST_YEAR} and {LAST_YEAR}.",
        )


def chosen_order(session: Session, tenant: Tenant, wish: Edit, now: datetime) -> OrderChoice | None:
    """The order that `wish` names, whatever has become of it. Raises `order-not-of-tenant`."""
    if wish.order_id is None:
        return None
    order = order_choice(session, tenant, wish.order_id, now)
    if order is None:
        raise NotFound(
            "order-not-of-tenant",
            "The tenant has no such sales order.",
            "Choose one of the orders that are offered.",
        )
    return order


def nobody(request: Request) -> TermsyncError:
    """The refusal of a request without rows."""
    if isinstance(request, Undo):
        return TermsyncError(
            "edit-nobody-selected",
            f"Edit {request.undoes} changed nobody, so there is nothing to take back.",
            "Look at its rows for what became of each.",
        )
    if isinstance(request, ExpirePeople):
        return TermsyncError(
            "edit-nobody-selected", "Nobody on this order is Enrolled.", "There is nobody to expire."
        )
    return TermsyncError(
        "edit-nobody-selected", "Nobody is selected.", "Tick somebody, or widen the search until somebody matches."
    )


def lock(session: Session, request: Request) -> Tenant:
    """The request's tenant with its write lock. Raises NotFound."""
    try:
        return lock_tenant(session, request.tenant_id)
    except NoResultFound:
        raise _no_tenant() from None


def _tenant(session: Session, request: Request) -> Tenant:
    tenant = session.get(Tenant, request.tenant_id)
    if tenant is None:
        raise _no_tenant()
    return tenant


def _no_tenant() -> NotFound:
    return NotFound("tenant-unknown", "There is no such tenant.", "Choose one from the list of tenants.")


def _digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()
