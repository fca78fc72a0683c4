"""The way in to what waits."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from worker.console.attention.tabs import tabs
from worker.console.pages import ConsolePage, console_page
from worker.pages.context import in_session


class Attention(ConsolePage):
    """Leads to the first kind of which something waits."""

    menu_label = "Attention"
    icon = "fa fa-bell"
    path = "/attention"

    def waits(self, request: Request) -> int:
        """How much waits for a decision, as the health strip of the page knows it: for the menu."""
        facts = request.state.health.facts
        return sum((facts.open_holds, facts.unmatched_customers, facts.rejected_rows, facts.flagged_orders))

    @console_page()
    async def index(self, request: Request) -> Response:
        found = await in_session(request, tabs)
        first = next((tab.name for tab in found if tab.waiting), found[0].name)
        return RedirectResponse(f"/console/attention/{first}", 303)
