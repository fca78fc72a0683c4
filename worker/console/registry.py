"""What is in the console: one line a list or page, in the order of the menu."""

from starlette_admin.views import BaseView, CustomView

from worker.console.accounts import AccountPage, Accounts, NewAccount
from worker.console.attention.customers import Unmatched
from worker.console.attention.flagged import Ending, Flagged
from worker.console.attention.holds import Holds
from worker.console.attention.home import Attention
from worker.console.attention.rejected import Rejected
from worker.console.enrollments.courses import Courses
from worker.console.enrollments.edits import Edits
from worker.console.enrollments.users import Users
from worker.console.health.page import Health
from worker.console.history.page import EnrollmentHistory, History
from worker.console.home import Home
from worker.console.mails.listing import Mails
from worker.console.mails.page import MailPage
from worker.console.orders.deciding import OrderDecisions
from worker.console.orders.detail import OrderPage
from worker.console.orders.listing import Orders
from worker.console.runs.asking import Resync
from worker.console.runs.listing import Runs
from worker.console.runs.page import RunPage
from worker.console.runs.undoing import Undo
from worker.console.tenants.listing import Tenants
from worker.console.tenants.page import TenantPage
from worker.console.tokens.page import Tokens
from worker.console.webhooks.page import Webhooks


def index_view() -> CustomView:
    """The first page."""
    return Home()


def views() -> list[BaseView]:
    """Lists and pages; group what belongs together with `starlette_admin.DropDown`."""
    return [
        Orders(),
        OrderPage(),
        OrderDecisions(),
        Attention(),
        Unmatched(),
        Rejected(),
        Holds(),
        Flagged(),
        Ending(),
        Courses(),
        Users(),
        Edits(),
        Tenants(),
        TenantPage(),
        Runs(),
        RunPage(),
        Resync(),
        Undo(),
        Mails(),
        MailPage(),
        History(),
        EnrollmentHistory(),
        Health(),
        Accounts(),
        NewAccount(),
        AccountPage(),
        Tokens(),
        Webhooks(),
    ]
