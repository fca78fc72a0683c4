"""The one table of what the API does and what each operation needs. What is not in it does not exist."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, get_type_hints

from pydantic import BaseModel

from worker.api import (
    access,
    bulk,
    edits,
    enrollments,
    events,
    notifications,
    operating,
    orders,
    own_token,
    roster,
    webhooks,
)
from worker.api.lines import CourseLine, EnrollmentLine, UserLine
from worker.api.scopes import Needs, Scope
from worker.api.values import Body


@dataclass(frozen=True)
class Operation:
    """What answers, what it needs of the token, and what else its route is made of.

    `raw`: it takes the request as it is and checks the token by itself. `most_bytes`: of a body.
    """

    endpoint: Callable[..., Any]
    needs: Needs
    raw: bool = False
    most_bytes: int = 1_000_000
    more: Mapping[str, Any] = field(default_factory=dict)


READ = Needs(Scope.READ)
# Courses are shared by all tenants; which tenants there are, and whose a customer is, is no tenant's own business.
ROSTER, ROSTER_OF_ALL = Needs(Scope.ROSTER), Needs(Scope.ROSTER, all_tenants=True)
ENROLLMENTS, RESYNC = Needs(Scope.ENROLLMENTS), Needs(Scope.RESYNC)
_NOT_MODIFIED = {304: {"description": "The answer is the one that If-None-Match names."}}


def _access(endpoint: Callable[..., Any], document: type[BaseModel], *keys: str) -> Operation:
    more = {
        "response_model": document,
        "responses": _NOT_MODIFIED,
        "openapi_extra": access.path_parameters(*keys),
    }
    return Operation(endpoint, READ, raw=True, more=more)


def _put(endpoint: Callable[..., Any], needs: Needs, *also: int) -> Operation:
    model = get_type_hints(endpoint)["return"]
    told = {201: "It is new.", 202: "A part of it waits for a worker."}
    answers = {status: {"description": told[status], "model": model} for status in (201, *also)}
    return Operation(endpoint, needs, more={"responses": answers})


def _bulk(endpoint: Callable[..., Any], needs: Needs, line: type[Body]) -> Operation:
    return Operation(endpoint, needs, most_bytes=bulk.MOST_BYTES, more=bulk.description(line))


def _waits(endpoint: Callable[..., Any], needs: Needs) -> Operation:
    queued = {202: {"description": "It waits for a worker.", "model": edits.EditAnswer}}
    return Operation(endpoint, needs, more={"responses": queued})


OPERATIONS: Mapping[str, Operation] = {
    "GET /tenants/{tenant}/users/{user}/access/{course}/{version}/{page}": _access(
        access.page_access, access.PageAccessDocument, "tenant", "user", "course", "version", "page"
    ),
    "GET /tenants/{tenant}/users/{user}/access": _access(
        access.user_access, access.UserAccessDocument, "tenant", "user"
    ),
    "GET /token": Operation(own_token.show, READ),
    "PUT /tenants/{tenant}": _put(roster.put_tenant, ROSTER_OF_ALL, 202),
    "PUT /tenants/{tenant}/customers/{netsuite_customer_id}": Operation(roster.put_customer, ROSTER_OF_ALL),
    "PUT /courses/{course}/versions/{version}": _put(roster.put_course, ROSTER_OF_ALL),
    "PUT /tenants/{tenant}/users/{user}": _put(roster.put_user, ROSTER),
    "PUT /tenants/{tenant}/enrollments/{user}/{course}/{version}": _put(roster.put_enrollment, ENROLLMENTS),
    "POST /courses/bulk": _bulk(bulk.bring_courses, ROSTER_OF_ALL, CourseLine),
    "POST /tenants/{tenant}/users/bulk": _bulk(bulk.bring_users, ROSTER, UserLine),
    "POST /tenants/{tenant}/enrollments/bulk": _bulk(bulk.bring_enrollments, ENROLLMENTS, EnrollmentLine),
    "GET /tenants/{tenant}/enrollments": Operation(enrollments.list_enrollments, READ),
    "GET /tenants/{tenant}/sales-orders": Operation(orders.list_orders, READ),
    "GET /tenants/{tenant}/sales-orders/{number:path}": Operation(orders.show_order, READ),
    "POST /tenants/{tenant}/enrollments/edit": _waits(edits.edit_enrollments, ENROLLMENTS),
    "GET /tenants/{tenant}/edits/{edit_id}": Operation(edits.show_edit, READ),
    "GET /tenants/{tenant}/edits/{edit_id}/results": Operation(edits.list_results, READ),
    "POST /tenants/{tenant}/edits/{edit_id}/stop": Operation(edits.stop_edit, ENROLLMENTS),
    "POST /tenants/{tenant}/edits/{edit_id}/resume": _waits(edits.resume_edit, ENROLLMENTS),
    "POST /tenants/{tenant}/edits/{edit_id}/undo": _waits(edits.undo_edit, ENROLLMENTS),
    "POST /tenants/{tenant}/notifications": Operation(
        notifications.hand_over, ENROLLMENTS, more={"status_code": 202}
    ),
    "GET /tenants/{tenant}/notifications": Operation(notifications.list_notifications, READ),
    "GET /tenants/{tenant}/notifications/{notification_id}": Operation(notifications.show_notification, READ),
    "GET /events": Operation(events.follow, READ),
    "GET /webhooks": Operation(webhooks.list_webhooks, READ),
    "GET /webhooks/{webhook}/calls": Operation(webhooks.list_calls, READ),
    "POST /webhooks/{webhook}/replay": Operation(webhooks.replay, RESYNC),
    "POST /resyncs": Operation(operating.ask_resync, RESYNC, more={"status_code": 202}),
    "GET /resyncs/{resync_id}": Operation(operating.show_resync, READ),
    "GET /holds": Operation(operating.list_holds, READ),
    "GET /holds/{hold_id}": Operation(operating.show_hold, READ),
    "POST /holds/{hold_id}/approve": Operation(operating.approve_hold, RESYNC),
    "POST /holds/{hold_id}/reject": Operation(operating.reject_hold, RESYNC),
}
