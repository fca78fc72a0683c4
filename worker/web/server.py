"""The web process."""

from typing import Any

import uvicorn

from worker.database import make_engine
from worker.embedded import servers
from worker.settings import Settings
from worker.web.app import make_app
from worker.web.heads import LARGEST_HEADERS, LONGEST_ADDRESS, PunctualProtocol

# As many pages at once as there are connections; the others wait for a thread.
POOL_SIZE = 20
OPTIONS: dict[str, Any] = {
    # By name: what else is installed must not change who reads requests, and by which limits.
    "http": PunctualProtocol,
    "ws": "none",
    "h11_max_incomplete_event_size": LARGEST_HEADERS + LONGEST_ADDRESS,
    "log_config": None,
    # No log of requests: their addresses hold codes of single sign-on and what people search for.
    "access_log": False,
    "server_header": False,
    "timeout_graceful_shutdown": 3,
}


def main(settings: Settings, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT."""
    with servers(settings) as addresses:
        engine = make_engine(addresses.database_url, application_name="termsync web", pool_size=POOL_SIZE)
        app = make_app(engine, settings, addresses.redis_url)
        try:
            uvicorn.run(app, host=host, port=port, **OPTIONS)
        finally:
            engine.dispose()
