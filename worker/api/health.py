"""Whether this process lives, and whether it can do its work."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from models import migrate

router = APIRouter()


@router.get("/health")
def health() -> dict[str, str]:
    """200 as long as the process answers."""
    return {"status": "ok"}


@router.get("/ready", responses={503: {"description": "The database cannot be used."}})
def ready(request: Request) -> JSONResponse:
    """200 when the database answers and has the schema this program needs, else 503 with what to do."""
    engine: Engine = request.app.state.engine
    try:
        with engine.connect() as connection:
            revision = migrate.current(connection)
    except SQLAlchemyError:
        return _not_ready("The database does not answer.", "Start PostgreSQL, or correct DATABASE_URL.")
    if revision != migrate.head():
        return _not_ready(f"The schema is at {revision}, not {migrate.head()}.", "Run `termsync migrate`.")
    return JSONResponse({"status": "ok"})


@router.get("/metrics")
def metrics() -> Response:
    """Prometheus metrics of this process."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


def _not_ready(detail: str, remedy: str) -> JSONResponse:
    problem = {"title": "Not ready", "status": 503, "detail": detail, "remedy": remedy}
    return JSONResponse(problem, status_code=503, media_type="application/problem+json")
