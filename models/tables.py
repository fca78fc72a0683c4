"""Every table, imported once: what migrations and tests need to see the whole schema."""

from models.accepted_cut import AcceptedCut
from models.api_answer import ApiAnswer
from models.base import Base
from models.edit import EditJob, EditRow
from models.enrollment import DueBoundary, Enrollment, EnrollmentEvent
from models.hold import Hold, HoldItem
from models.login import FailedLogin, KnownDevice, LoginSession, LoginStep
from models.mail import Alert, Notification
from models.roster import Course, CourseVersion, GroupMember, Module, User, UserGroup
from models.sales_order import LandingDue, LandingOrder, ParkedRow, RejectCare, SalesOrder, SalesOrderEvent
from models.staff import Staff, StaffAction
from models.sync_run import (
    Attempt,
    FreshnessGap,
    PullMissing,
    PullRange,
    SyncRun,
    SyncState,
    Tick,
    WorkerProcess,
)
from models.tenant import Account, Customer, Tenant
from models.token import ApiToken
from models.webhook import Webhook, WebhookDelivery

__all__ = [
    "AcceptedCut",
    "Account",
    "Alert",
    "ApiAnswer",
    "ApiToken",
    "Attempt",
    "Base",
    "Course",
    "CourseVersion",
    "Customer",
    "DueBoundary",
    "EditJob",
    "EditRow",
    "Enrollment",
    "EnrollmentEvent",
    "FailedLogin",
    "FreshnessGap",
    "GroupMember",
    "Hold",
    "HoldItem",
    "KnownDevice",
    "LandingDue",
    "LandingOrder",
    "LoginSession",
    "LoginStep",
    "Module",
    "Notification",
    "ParkedRow",
    "PullMissing",
    "PullRange",
    "RejectCare",
    "SalesOrder",
    "SalesOrderEvent",
    "Staff",
    "StaffAction",
    "SyncRun",
    "SyncState",
    "Tenant",
    "Tick",
    "User",
    "UserGroup",
    "Webhook",
    "WebhookDelivery",
    "WorkerProcess",
]
