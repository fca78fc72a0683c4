"""The latest NetSuite calls of all processes, kept in Redis: something to look at, never needed for the work.

A call is noted without its headers, parameters and body: there is no secret and nobody's data in it.
"""

import time
from datetime import UTC, datetime
from typing import Any, NamedTuple

import redis

from connectors.netsuite import ApiCall
from worker.logs import get_logger

log = get_logger(__name__)

KEY = "termsync:api-calls"
KEPT = 500
# After a Redis that did not answer, calls go unnoted for so long: noting must not slow the calls themselves.
SILENT_SECONDS = 30.0

KINDS = {
    "/services/rest/query/v1/suiteql": "query",
    "/services/rest/system/v1/serverTime": "clock",
    "/services/rest/system/v1/governanceLimits": "limits",
    "/services/rest/auth/oauth2/v1/token": "login",
}


class NotedCall(NamedTuple):
    """One attempt. `status` None: no HTTP answer came; `retry` counts from 0; `in_flight` includes this call."""

    at: datetime
    kind: str
    path: str
    status: int | None
    ms: float
    retry: int
    in_flight: int
    run_id: int | None


class CallLog:
    """Where a worker notes its calls. Without a client nothing is noted."""

    def __init__(self, client: "redis.Redis | None") -> None:
        self._client = client
        self._silent_until = 0.0

    def note(self, call: ApiCall, run_id: int | None = None) -> None:
        """Adds one call and forgets the oldest beyond `KEPT`. Never raises for Redis."""
        if self._client is None or time.monotonic() < self._silent_until:
            return
        known = {"status": call.status, "run": run_id}
        fields: dict[Any, Any] = {name: value for name, value in known.items() if value is not None}
        fields |= {"path": call.path, "ms": round(call.ms, 1), "retry": call.retry, "in_flight": call.in_flight}
        try:
            self._client.xadd(KEY, fields, maxlen=KEPT, approximate=True)
        except redis.RedisError as error:
            self._silent_until = time.monotonic() + SILENT_SECONDS
            log.warning("call-not-noted", reason=type(error).__name__)


def latest(client: redis.Redis, limit: int = 100) -> list[NotedCall]:
    """The latest calls, newest first. Raises redis.RedisError when Redis does not answer."""
    entries: Any = client.xrevrange(KEY, count=min(limit, KEPT))
    return [_read(_text(key), {_text(k): _text(v) for k, v in fields.items()}) for key, fields in entries]


def _read(key: str, fields: dict[str, str]) -> NotedCall:
    path = fields["path"]
    return NotedCall(
        at=datetime.fromtimestamp(int(key.partition("-")[0]) / 1000, UTC),
        kind=KINDS.get(path, "other"),
        path=path,
        status=int(fields["status"]) if "status" in fields else None,
        ms=float(fields["ms"]),
        retry=int(fields["retry"]),
        in_flight=int(fields["in_flight"]),
        run_id=int(fields["run"]) if "run" in fields else None,
    )


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
