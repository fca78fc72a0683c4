"""The web process over a real socket."""

from collections.abc import Iterator

import httpx
import pytest
from anyio.from_thread import start_blocking_portal
from sqlalchemy import Engine
from web_running import serving

from models import migrate
from worker.database import make_engine
from worker.settings import load
from worker.web.app import make_app


@pytest.fixture
def client(database: Engine) -> Iterator[httpx.Client]:
    yield from _serve(database)


def _serve(engine: Engine) -> Iterator[httpx.Client]:
    with serving(engine) as url, httpx.Client(base_url=url, timeout=10) as client:
        yield client


def test_a_process_on_a_migrated_database_is_alive_and_ready(client: httpx.Client) -> None:
    assert client.get("/health").json() == {"status": "ok"}
    answer = client.get("/ready")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_metrics_are_prometheus_text(client: httpx.Client) -> None:
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert "python_info" in answer.text


@pytest.mark.parametrize("header", ["Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"])
def test_metrics_are_not_for_whoever_comes_by_a_proxy(client: httpx.Client, header: str) -> None:
    answer = client.get("/metrics", headers={header: "203.0.113.9"})
    assert answer.status_code == 404
    assert "python_info" not in answer.text


def test_metrics_are_not_for_other_machines(database: Engine) -> None:
    app = make_app(database, load())

    async def asked_from(host: str) -> int:
        transport = httpx.ASGITransport(app, client=(host, 50000))
        async with httpx.AsyncClient(transport=transport, base_url="http://web") as client:
            return (await client.get("/metrics")).status_code

    hosts = ("203.0.113.9", "127.0.0.1", "::1")
    with start_blocking_portal() as loop:  # a browser test of the same process may have one open
        assert [loop.call(asked_from, host) for host in hosts] == [404, 200, 200]


def test_a_database_without_the_schema_is_not_ready_and_says_what_to_do(
    client: httpx.Client, database_url: str
) -> None:
    migrate.downgrade(database_url, "base")
    answer = client.get("/ready")
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["remedy"] == "Run `termsync migrate`."


def test_an_unreachable_database_is_not_ready_but_the_process_is_alive() -> None:
    engine = make_engine("postgresql://nobody@127.0.0.1:1/none")
    for client in _serve(engine):
        assert client.get("/health").status_code == 200
        answer = client.get("/ready")
        assert answer.status_code == 503
        assert "DATABASE_URL" in answer.json()["remedy"]
