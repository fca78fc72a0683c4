"""The `/_mock/` API: faults, clock, statistics and bulk seeding of a running account. JSON in and out, no login.
It answers clients on the same machine only.

GET    /_mock/                    the list of these
GET    /_mock/stats               requests, in flight, most in flight, orders
GET    /_mock/log                 the last thousand requests, without headers
DELETE /_mock/log                 forgets requests and maxima
GET    /_mock/login-audit         refused logins with their reasons
GET    /_mock/assumptions         what the mock guesses about NetSuite
GET    /_mock/faults              faults switched on
POST   /_mock/faults              {"kind": "rate-limit", "on": "suiteql", "next": 3, ...} → {"id": 1}
DELETE /_mock/faults[/1]          all faults off, or one
GET    /_mock/odd-cells           odd cells in place
POST   /_mock/odd-cells           {"order": 1001, "column": "transaction.memo", "kind": "huge"}
DELETE /_mock/odd-cells           none any more
PATCH  /_mock/settings            {"clock_offset": 60, "latency": {"suiteql": 0.5}, "concurrency": 5,
                                   "over_limit": "429", "queue_seconds": 1, "retry_after": 2,
                                   "line_edits_bump_header": false}; answers all of them
GET    /_mock/settings            the same
POST   /_mock/orders              {"count": 1000, "modified": "2026-01-01T00:00:00Z"} → {"first_id", "last_id"}
POST   /_mock/churn               {"count": 10, "seed": 1} changes orders → {"ids": [...]}
POST   /_mock/settle              applies all late commits → {"applied": 2}
POST   /_mock/revoke-tokens       ends every OAuth 2.0 access token
POST   /_mock/reset               faults, odd cells, log and clock as at the start; the data stay
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from connectors.mock_netsuite import problems
from connectors.mock_netsuite.account import Account
from connectors.mock_netsuite.assumptions import ASSUMPTIONS
from connectors.mock_netsuite.chaos import Fault
from connectors.mock_netsuite.config import Endpoint
from connectors.mock_netsuite.journal import Journal
from connectors.mock_netsuite.messages import Request, Response, json_response
from connectors.mock_netsuite.oddities import Oddities, Oddity

PREFIX = "/_mock"


class Settings(BaseModel):
    """What can be changed while the account runs; only the fields given are changed."""

    model_config = ConfigDict(extra="forbid")

    clock_offset: float | None = None
    latency: dict[Endpoint, float] | None = None
    concurrency: int | None = Field(default=None, ge=1)
    over_limit: Literal["429", "queue-then-401"] | None = None
    queue_seconds: float | None = None
    retry_after: float | None = None
    line_edits_bump_header: bool | None = None


class _Seeding(BaseModel):
    model_config = ConfigDict(extra="forbid")

    count: int = Field(ge=1, le=2_000_000)
    modified: AwareDatetime | None = None


class _Churning(BaseModel):
    model_config = ConfigDict(extra="forbid")

    count: int = Field(default=10, ge=1)
    seed: int = 0


class Control:
    """Answers `/_mock/…` for one account."""

    def __init__(self, account: Account, journal: Journal, oddities: Oddities) -> None:
        self._account, self._journal, self._oddities = account, journal, oddities
        self._endpoints: dict[tuple[str, str], Callable[[Request], Any]] = {
            ("GET", ""): lambda _: {"help": (__doc__ or "").splitlines()},
            ("GET", "stats"): lambda _: self.stats(),
            ("GET", "log"): lambda _: {"requests": journal.entries()},
            ("DELETE", "log"): lambda _: self._forget(),
            ("GET", "login-audit"): lambda _: {"entries": list(account.login.audit)},
            ("GET", "assumptions"): lambda _: {"assumptions": [entry._asdict() for entry in ASSUMPTIONS]},
            ("GET", "faults"): lambda _: {"faults": account.chaos.listing()},
            ("POST", "faults"): self._add_fault,
            ("DELETE", "faults"): lambda _: account.chaos.clear(),
            ("GET", "odd-cells"): lambda _: {"odd_cells": oddities.listing()},
            ("POST", "odd-cells"): lambda request: oddities.add(Oddity.model_validate(request.json_object())),
            ("DELETE", "odd-cells"): lambda _: oddities.clear(),
            ("GET", "settings"): lambda _: self._settings(),
            ("PATCH", "settings"): self._change_settings,
            ("POST", "orders"): self._seed,
            ("POST", "churn"): self._churn,
            ("POST", "settle"): lambda _: {"applied": account.settle(everything=True)},
            ("POST", "revoke-tokens"): lambda _: account.login.revoke_tokens(),
            ("POST", "reset"): lambda _: self._reset(),
        }

    def handle(self, request: Request) -> Response:
        if not request.local:  # there is no login, so that only this machine may change the account
            return json_response({"error": f"{PREFIX}/ answers clients on this machine only"}, status=403)
        name = request.path.removeprefix(PREFIX).strip("/")
        if request.method == "DELETE" and name.startswith("faults/"):
            return self._remove_fault(name.removeprefix("faults/"))
        endpoint = self._endpoints.get((request.method, name))
        if endpoint is None:
            return json_response({"error": f"no {request.method} /_mock/{name}; see GET /_mock/"}, status=404)
        try:
            answer = endpoint(request)
        except ValidationError as error:
            return json_response({"error": error.errors(include_url=False, include_context=False)}, status=400)
        except problems.Problem as problem:
            return json_response({"error": problem.detail}, status=400)
        return Response(204) if answer is None else json_response(answer)

    def stats(self) -> dict[str, Any]:
        governance = self._account.governance
        orders = self._account.store.rows("SELECT count(*) FROM \"transaction\" WHERE type = 'SalesOrd'")[0][0]
        return {
            **self._journal.counts(),
            "in_flight": governance.in_flight,
            "most_in_flight": governance.most_in_flight,
            "over_limit_refused": governance.refused,
            "pending_commits": self._account.pending,
            "orders": orders,
        }

    def _forget(self) -> None:
        self._journal.clear()
        self._account.governance.forget()

    def _add_fault(self, request: Request) -> dict[str, int]:
        return {"id": self._account.chaos.add(Fault.model_validate(request.json_object()))}

    def _remove_fault(self, number: str) -> Response:
        removed = number.isdigit() and self._account.chaos.remove(int(number))
        return Response(204) if removed else json_response({"error": f"no fault {number}"}, status=404)

    def _settings(self) -> dict[str, Any]:
        account, governance = self._account, self._account.governance
        return {
            "clock_offset": account.clock.offset,
            "latency": account.latency,
            "concurrency": governance.limit,
            "over_limit": governance.over_limit,
            "queue_seconds": governance.queue_seconds,
            "retry_after": governance.retry_after,
            "line_edits_bump_header": account.line_edits_bump_header,
        }

    def _change_settings(self, request: Request) -> dict[str, Any]:
        given = Settings.model_validate(request.json_object()).model_dump(exclude_unset=True)
        account, governance = self._account, self._account.governance
        for name, value in given.items():
            match name:
                case "clock_offset":
                    account.clock.offset = value
                case "latency":
                    account.latency = value or {}
                case "concurrency":
                    governance.limit = value
                case "line_edits_bump_header":
                    account.line_edits_bump_header = value
                case _:
                    setattr(governance, name, value)
        return self._settings()

    def _seed(self, request: Request) -> dict[str, int]:
        wanted = _Seeding.model_validate(request.json_object())
        modified: datetime | None = wanted.modified
        first, last = self._account.seed_orders(wanted.count, modified)
        return {"first_id": first, "last_id": last}

    def _churn(self, request: Request) -> dict[str, list[int]]:
        wanted = _Churning.model_validate(request.json_object())
        return {"ids": self._account.churn(wanted.count, wanted.seed)}

    def _reset(self) -> None:
        self._account.chaos.clear()
        self._oddities.clear()
        self._account.clock.offset = self._account.config.clock_offset
        self._account.settle(everything=True)
        self._forget()
