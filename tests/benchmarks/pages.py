"""Q12: the lists of the console and of the portal, asked of a web process by somebody who is signed in."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import quantiles

import httpx
from processes import tree
from web_running import add_staff, browsing, give_password, sign_in

from worker.demo.account import free_port
from worker.lifeline import end_with_parent

from .bench import Bench, Database
from .figures import Figure, Spread
from .installation import installation
from .workers import wait_until, worker_environment
from .world import Worlds

WARM_UP = 3
MOST = 200.0  # ms
COURSE = "/console/courses/t1/1"
# What is asked for, by whom. Tenant 1 has a tenth of everybody. Each address is one kind of work for the database.
LISTS: dict[str, dict[str, str]] = {
    "admin": {
        "overview": "/console/",
        "orders, the newest": "/console/orders",
        "orders by customer": "/console/orders?sort=customer",
        "orders with a text in number or name": "/console/orders?q=77",
        "orders with a flag": "/console/orders?mark=any",
        "orders of one tenant by last day": "/console/orders?tenant=t1&sort=term_end",
        "one order": "/console/orders/t1/1",
        "unmatched customers": "/console/attention/unmatched",
        "rejected rows": "/console/attention/rejected",
        "flagged orders": "/console/attention/flagged",
        "orders ending soon": "/console/attention/ending",
        "holds": "/console/attention/holds",
        "hold": "/console/attention/holds/1",
        "courses": "/console/courses?tenant=t1",
        "enrollments": COURSE,
        "enrollments of a user": f"{COURSE}?user=ada",
        "enrollments of a group": f"{COURSE}?group=Group+7",
        "enrollments, expired": f"{COURSE}?status=X",
        "enrollments that end within 30 days": f"{COURSE}?ends_within=30",
        "users": "/console/users?tenant=t1",
        "edits": "/console/edits",
        "edit of 10,000": "/console/edits/20000",
        "tenants": "/console/tenants",
        "one tenant": "/console/tenants/t1",
        "runs": "/console/runs",
        "one run": "/console/runs/19999",
        "mails": "/console/mails/list",
        "mails, parked": "/console/mails/list?state=parked",
        "mails of one tenant": "/console/mails/list?q=t7",
        "mails to one address": "/console/mails/list?q=user-4321%40example.com",
        "one mail": "/console/mails/1",
        "webhooks": "/console/webhooks",
        "one webhook": "/console/webhooks/1",
        "tokens": "/console/tokens",
        "deeds": "/console/history",
        "deeds on one tenant": "/console/history?tenant=t7",
        "events of enrollments": "/console/history/enrollments",
        "events of one user": "/console/history/enrollments?q=user-4321",
        "events of one enrollment": "/console/history/enrollments/1",
        "accounts": "/console/accounts/list",
        "one account": "/console/accounts/1",
        "health": "/console/health",
    },
    "client": {
        "courses of a learner": "/",
        "one course of a learner": "/courses/c1/1/results",
        "dashboard": "/dashboard",
        "dashboard, expired": "/dashboard?status=X",
        "dashboard, searched": "/dashboard?q=ada",
        "Organization Report": "/report",
        "Coach": "/team",
    },
}


def q12_pages(bench: Bench, worlds: Worlds) -> list[Figure]:
    """What every list costs the processors of web process and database, and how long people wait for it here."""
    figures = []
    with installation(bench) as database, _web(database, bench.redis_url()) as (url, web):
        server = _Server(web, _postmaster(database))
        bench.say(f"Q12 pages over {bench.sizes.enrollments:,} enrollments")
        for who, email in _people(database).items():
            with browsing(url) as browser:
                assert sign_in(browser, email).status_code == 303
                for name, address in LISTS[who].items():
                    figures.append(_page(bench, server, browser, name, address))
    return figures


def _people(database: Database) -> dict[str, str]:
    """Addresses of an admin, and of somebody of tenant 1 who is its client admin and a manager of many."""
    with database.sessions.begin() as session:
        admin = add_staff(session, "admin", "bench@staff.example")
    number = database.scalar("select min(id) from users where tenant_id = 1")
    with database.sessions.begin() as session:
        give_password(session, number, client_admin=True)
    return {"admin": admin, "client": f"user-{number - 1}@example.com"}


class _Server:
    """The web process and the database, by the processor time they have used."""

    def __init__(self, web: int, postmaster: int) -> None:
        self._web = web
        self._postmaster = postmaster

    def spent(self) -> float:
        """Milliseconds so far: of the web process, and of all processes of the database that are or were."""
        database = sum(_ticks(pid)[0] for pid in tree(self._postmaster))
        ticks = _ticks(self._web)[0] + database + _ticks(self._postmaster)[1]
        return 1000 * ticks / os.sysconf("SC_CLK_TCK")


def _ticks(pid: int) -> tuple[int, int]:
    """Processor time of a process, and of its children that have ended; (0, 0) when it has ended itself."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0, 0
    user, system, childrens_user, childrens_system = map(int, fields[11:15])
    return user + system, childrens_user + childrens_system


def _postmaster(database: Database) -> int:
    """The process whose children serve the connections."""
    with database.connect() as connection:
        backend = connection.info.backend_pid
        return int(Path(f"/proc/{backend}/stat").read_text().rpartition(")")[2].split()[1])


def _page(bench: Bench, server: _Server, browser: httpx.Client, name: str, address: str) -> Figure:
    views = bench.sizes.page_views
    floor = _milliseconds(browser, "/health", views)
    _milliseconds(browser, address, WARM_UP)
    before = server.spent()
    ours = _milliseconds(browser, address, views)
    spent = (server.spent() - before) / views
    return Figure(
        "Q12",
        f"page: {name}",
        Spread.of([spent], " ms"),
        MOST,
        floor=Spread.of(floor, " ms"),
        ours=Spread.of(ours, " ms"),
        facts={"p95_ms": round(quantiles(ours, n=20, method="inclusive")[-1], 1)},
    )


def _milliseconds(browser: httpx.Client, address: str, views: int) -> list[float]:
    """From the request to the whole of the page, over one kept connection."""
    found = []
    for _ in range(views):
        started = time.perf_counter()
        answer = browser.get(address)
        found.append(1000 * (time.perf_counter() - started))
        assert answer.status_code == 200, (address, answer.status_code, answer.text)
    return found


@contextmanager
def _web(database: Database, redis_url: str) -> Iterator[tuple[str, int]]:
    """`termsync web` on this database; yields its address and its process."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "worker.cli", "web", "--port", str(port)],
        env={**os.environ, **worker_environment(database, redis_url, None)},
        stdin=subprocess.DEVNULL,
        preexec_fn=partial(end_with_parent, signal.SIGTERM, os.getpid()),
    )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until(partial(_answers, url), "no web process has started", 60)
        yield url, process.pid
    finally:
        process.terminate()
        process.wait(timeout=30)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health").status_code == 200
    except httpx.TransportError:
        return False
