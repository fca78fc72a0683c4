"""The first page of the console."""

from starlette.requests import Request
from starlette.responses import Response

from worker.console.pages import ConsolePage, console_page


class Home(ConsolePage):
    """How things stand, and where to go."""

    menu_label = "Overview"
    icon = "fa fa-gauge"
    path = "/"
    route_name = "index"

    @console_page()
    async def index(self, request: Request) -> Response:
        return self.show(request, "home.html")

    def is_active(self, request: Request) -> bool:
        return bool(request.scope["path"] == f"{request.scope['root_path']}/")
