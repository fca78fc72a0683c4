"""Live updates of the console: one line a topic. A topic reads a small document that changes when pages should."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from models import edit_jobs
from worker.console.attention import tabs as attention
from worker.console.health import strip
from worker.console.orders import listing as orders
from worker.console.runs import listing as runs
from worker.login import sessions
from worker.login.guard import page
from worker.login.person import person_of
from worker.login.rights import Right
from worker.pages.context import web_of
from worker.pages.live import Topic

TOPICS: Mapping[str, Topic] = {
    "health": strip.topic,
    "attention": attention.topic,
    "edits": edit_jobs.under_way,
    "orders": orders.topic,
    "runs": runs.topic,
}


async def live(request: Request) -> Response:
    """Server-sent events of the topics in `?topics=a,b`; ends when the person is signed out."""
    hub, whose = web_of(request).live, person_of(request).token_hash
    asked = request.query_params.get("topics", "").split(",")

    async def still_signed_in() -> bool:
        return await sessions.find(request, touch=False) is not None

    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    events = hub.events(asked, whose, still_signed_in)
    return StreamingResponse(events, media_type="text/event-stream", headers=headers)


async def console(request: Request) -> Response:
    """The console's address without the slash at its end."""
    return RedirectResponse("/console/", 303)


ROUTES: list[Route] = [
    page("/console", console, Right.SEE_CONSOLE),
    page("/console/live", live, Right.SEE_CONSOLE, name="live"),
]
