"""From a request to a response: faults, concurrency, login, then the endpoint."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from email.utils import format_datetime
from typing import Any

from connectors.mock_netsuite import problems, system
from connectors.mock_netsuite.account import Account
from connectors.mock_netsuite.chaos import Fault
from connectors.mock_netsuite.config import Endpoint, MockConfig
from connectors.mock_netsuite.control import PREFIX as CONTROL
from connectors.mock_netsuite.control import Control
from connectors.mock_netsuite.disturbances import answer_instead, on_the_wire
from connectors.mock_netsuite.governance import Slot
from connectors.mock_netsuite.journal import Journal
from connectors.mock_netsuite.messages import Request, Response, problem_response
from connectors.mock_netsuite.oauth2 import TOKEN_PATH
from connectors.mock_netsuite.oddities import Oddities
from connectors.mock_netsuite.records.service import ROOT as RECORDS
from connectors.mock_netsuite.records.service import RecordService
from connectors.mock_netsuite.suiteql.service import PATH as SUITEQL
from connectors.mock_netsuite.suiteql.service import SuiteqlService

_log = logging.getLogger(__name__)
_REST = "/services/rest/"


def endpoint_of(path: str) -> Endpoint:
    """The kind of endpoint a path belongs to, as faults and latency name it."""
    if path == SUITEQL:
        return "suiteql"
    if path == TOKEN_PATH:
        return "token"
    if path.startswith(f"{RECORDS}/metadata-catalog"):
        return "metadata"
    if path.startswith(f"{RECORDS}/"):
        return "record"
    return "system"


class App:
    """The mocked account behind a socket."""

    def __init__(self, config: MockConfig) -> None:
        self.account = Account(config)
        self.journal = Journal()
        self.oddities = Oddities()
        self._suiteql = SuiteqlService(self.account, self.oddities)
        self._records = RecordService(self.account)
        self._control = Control(self.account, self.journal, self.oddities)

    def close(self) -> None:
        self.account.close()

    def respond(self, request: Request) -> tuple[Response, Slot | None]:
        """The response, and the concurrency slot to give back when it is about to be complete."""
        if request.path == CONTROL or request.path.startswith(f"{CONTROL}/"):
            return self._control.handle(request), None
        started = time.perf_counter()
        endpoint = endpoint_of(request.path)
        faults = self.account.chaos.draw(endpoint)
        slot: Slot | None = None
        try:
            if request.path.startswith(_REST) and endpoint != "token" and request.method != "OPTIONS":
                slot = self.account.governance.enter(self.account.login.challenge())
            response = self._answered(request, endpoint, faults)
        except problems.Problem as problem:
            response = problem_response(problem)
        except Exception:
            _log.exception("mock-request-failed")
            response = problem_response(problems.unexpected_error())
        response = on_the_wire(response, faults)
        self._journal(request, endpoint, faults, response, time.perf_counter() - started)
        return response, slot

    def _answered(self, request: Request, endpoint: Endpoint, faults: Sequence[Fault]) -> Response:
        time.sleep(self.account.latency.get(endpoint, 0.0))
        instead = answer_instead(faults, self.account)
        return instead if instead is not None else self._endpoint(request, endpoint, faults)

    def _endpoint(self, request: Request, endpoint: Endpoint, faults: Sequence[Fault]) -> Response:
        if endpoint == "token":
            return self.account.login.issue_token(request)
        if request.method == "OPTIONS" and request.path.startswith(_REST):
            return Response(204, headers={"Allow": "GET, POST, PATCH, PUT, DELETE, OPTIONS"})
        self.account.login.check(request)
        if request.method == "HEAD":
            request = replace(request, method="GET")
        self.account.settle()
        for fault in faults:
            if fault.kind == "churn":
                self.account.churn_by_chance(fault.count)
        view = self.account.view(faults)
        if endpoint == "suiteql":
            return self._suiteql.handle(request, view, faults)
        if endpoint in ("record", "metadata"):
            return self._records.handle(request, view)
        return system.handle(request, self.account)

    def _journal(
        self, request: Request, endpoint: Endpoint, faults: Sequence[Fault], response: Response, seconds: float
    ) -> None:
        entry: dict[str, Any] = {
            "time": self.account.clock.now().isoformat(),
            "method": request.method,
            "path": request.path,
            "query": dict(request.query),
            "endpoint": endpoint,
            "status": response.status,
            "seconds": round(seconds, 6),
            "bytes": len(response.body),
        }
        if faults:
            entry["faults"] = [fault.kind for fault in faults]
        if endpoint == "suiteql":
            entry["body"] = request.body[:4000].decode("utf-8", "replace")
        self.journal.add(entry)

    def http_date(self) -> str:
        """The account's time, as the Date header has it."""
        return format_datetime(self.account.clock.now(), usegmt=True)

    def stats(self) -> dict[str, Any]:
        return self._control.stats()
