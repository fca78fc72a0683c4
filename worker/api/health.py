"""Whether this process lives, and whether it can do its work."""

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from models import migrate

router = APIRouter()

LOOPBACK = ("127.0.0.1", "::1")
FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")


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
def metrics(request: Request) -> Response:
    """Prometheus metrics of this process, for this machine only: 404 for whoever comes from another one, or by a
    proxy. Elsewhere they are scraped from the ports of TERMSYNC_METRICS_HOST and TERMSYNC_METRICS_PORT.
    """
    if not _from_here(request):
        raise HTTPException(404)
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


def _from_here(request: Request) -> bool:
    """Whether the request began on this machine: what a proxy on it hands on did not."""
    host = request.client.host if request.client else ""
    return host in LOOPBACK and not any(name in request.headers for name in FORWARDED)


def _not_ready(detail: str, remedy: str) -> JSONResponse:
    problem = {"title": "Not ready", "status": 503, "detail": detail, "remedy": remedy}
    return JSONResponse(problem, status_code=503, media_type="application/problem+json")
