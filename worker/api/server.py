"""The web process."""

import uvicorn
from fastapi import FastAPI
from sqlalchemy import Engine

from worker.api import health
from worker.database import make_engine
from worker.embedded import servers
from worker.settings import Settings


def make_app(engine: Engine) -> FastAPI:
    """The application on one database. Opens nothing by itself."""
    app = FastAPI(title="termsync", openapi_url="/api/v1/openapi.json", docs_url=None, redoc_url=None)
    app.state.engine = engine
    app.include_router(health.router)
    return app


def main(settings: Settings, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT."""
    with servers(settings) as addresses:
        engine = make_engine(addresses.database_url, application_name="termsync web")
        try:
            uvicorn.run(make_app(engine), host=host, port=port, log_config=None, server_header=False)
        finally:
            engine.dispose()
