"""Calls to one NetSuite account: each attempt signed anew, in a slot of the governor, errors by the table."""

import copy
import random
import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple, Self, TypeVar

import requests
from requests.auth import AuthBase
from tenacity import RetryCallState, Retrying, retry_if_exception

from connectors.errors import ConnectorError, NotFound, OperatorMustAct, TryAgain
from connectors.netsuite import answers, suiteql
from connectors.netsuite.account import Account
from connectors.netsuite.answers import QueryPage
from connectors.netsuite.auth import TOKEN_PATH, Login
from connectors.netsuite.codes import error
from connectors.netsuite.faults import (
    ATTEMPTS,
    BUSY,
    RULES,
    TOKEN_RULES,
    Answer,
    LoginRefused,
    Rule,
    answer_fault,
    clock_fault,
)
from connectors.netsuite.governor import GovernanceLimits, Governor
from connectors.netsuite.refusals import RefusalBook
from connectors.netsuite.standing import Standing
from connectors.netsuite.transport import Timeouts, Transport

PAGE_LIMIT = 1000
"""NetSuite's largest page."""

_SUITEQL = "/services/rest/query/v1/suiteql"
_SYSTEM = "/services/rest/system/v1"

T = TypeVar("T")


class ApiCall(NamedTuple):
    """One attempt, for the call log and metrics; without headers and bodies, so without secrets.

    `status` is None when there was no HTTP answer; `retry` counts from 0; `in_flight` includes this call.
    """

    method: str
    path: str
    status: int | None
    ms: float
    retry: int
    in_flight: int


class Backoff(NamedTuple):
    """Seconds between attempts: `first`, doubled up to `longest`, less up to half by chance.

    A Retry-After is followed instead, unless it is beyond `longest_asked`: then the caller gets the error at once.
    """

    first: float = 1.0
    longest: float = 30.0
    longest_asked: float = 120.0


_USUAL_BACKOFF = Backoff()


class _Call(NamedTuple):
    method: str
    path: str
    arguments: dict[str, Any] = {}  # noqa: RUF012  never changed
    rules: tuple[Rule, ...] = RULES


class _Slot(NamedTuple):
    retry: int
    in_flight: int


_SERVER_TIME = _Call("GET", f"{_SYSTEM}/serverTime")
_GOVERNANCE = _Call("GET", f"{_SYSTEM}/governanceLimits")


class NetSuiteClient:
    """Safe to share between threads. Every call may raise TryAgain (after its retries) and OperatorMustAct.

    `stopping` ends all waiting with TryAgain `stopped`. `on_call` is told of every attempt.
    """

    def __init__(
        self,
        account: str,
        auth: Login,
        base_url: str | None = None,
        governor: Governor | None = None,
        timeouts: tuple[float, float] = Timeouts(),
        on_call: Callable[[ApiCall], None] | None = None,
        stopping: threading.Event | None = None,
        backoff: Backoff = _USUAL_BACKOFF,
        clock: Callable[[], float] = time.time,
        refusals: RefusalBook | None = None,
    ) -> None:
        self.account = Account.of(account, base_url)
        self.calls = 0
        self._login = auth
        self._governor = governor or Governor(limit=4)
        self._transport = Transport(self.account.base_url, Timeouts(*timeouts))
        self._on_call = on_call
        self._stopping = stopping or threading.Event()
        self._backoff = backoff
        self._clock = clock
        self._counting = threading.Lock()
        self._standing = Standing(refusals)

    def counted(self, on_call: Callable[[ApiCall], None]) -> Self:
        """This client with `calls` and listener of its own; login, slots and connections are shared with it."""
        counted = copy.copy(self)
        counted.calls = 0
        counted._on_call = on_call
        return counted

    def suiteql(self, q: str, limit: int = PAGE_LIMIT, offset: int = 0) -> QueryPage:
        """One page of a query's rows. `offset` must be a multiple of `limit`, which is at most 1000."""
        return self.query(q, lambda page: page, limit, offset)

    def query(self, q: str, read: Callable[[QueryPage], T], limit: int = PAGE_LIMIT, offset: int = 0) -> T:
        """What `read` makes of the page; its `netsuite-answer-broken` is retried like that of a page cut short."""
        if not 1 <= limit <= PAGE_LIMIT or offset % limit:
            raise ValueError(f"limit {limit}, offset {offset}: NetSuite takes neither")
        arguments = {
            "params": {"limit": limit, "offset": offset},
            "json": {"q": q},
            "headers": {"Prefer": "transient"},
        }
        return self._call(_Call("POST", _SUITEQL, arguments), lambda answer: read(answers.query_page(answer)))

    def server_time(self) -> datetime:
        """NetSuite's clock, aware UTC. Accounts before 2025.2 have no such address and are asked by a query."""
        if self._standing.tells_time:
            try:
                return self._call(_SERVER_TIME, answers.server_time)
            except NotFound:
                self._standing.tells_time = False
        now = suiteql.utc_text("CURRENT_TIMESTAMP")
        return self.query(f"SELECT {now} AS now FROM DUAL", answers.only_instant, limit=1)  # noqa: S608

    def governance_limits(self) -> GovernanceLimits | None:
        """How many requests the account allows at a time; None where the role may not know (most may not)."""
        try:
            return self._call(_GOVERNANCE, answers.governance_limits)
        except NotFound:
            return None
        except OperatorMustAct as problem:
            if problem.code != "netsuite-permission-missing":
                raise
            return None

    def learn_slots(self) -> GovernanceLimits | None:
        """Reads the limits and lets the governor heed them. None where they cannot be read: nothing needs them.

        One call; worth it once a process and a full pull.
        """
        try:
            limits = self.governance_limits()
        except TryAgain:
            return None
        if limits is not None:
            self._governor.heed(limits)
        return limits

    def close(self) -> None:
        self._transport.close()
        self._governor.close()

    def _call(self, call: _Call, read: Callable[[Answer], T]) -> T:
        """The only loop of retries there is; nothing above or below repeats a call by itself."""
        retrying = Retrying(
            retry=retry_if_exception(lambda fault: isinstance(fault, TryAgain) and fault.code in ATTEMPTS),
            stop=self._is_enough,
            wait=self._pause,
            sleep=self._sleep,
            reraise=True,
        )
        for attempt in retrying:
            with attempt:
                return self._attempt(call, read, attempt.retry_state.attempt_number - 1)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _attempt(self, call: _Call, read: Callable[[Answer], T], retry: int) -> T:
        with self._standing.one_by_one(self._stopping):
            answer = self._accepted(call, retry)
        return read(answer)

    def _accepted(self, call: _Call, retry: int) -> Answer:
        with self._governor.slot(stopping=self._stopping) as in_flight:
            answer = self._signed(call, _Slot(retry, in_flight))
        if 200 <= answer.status < 300:
            self._standing.accepted()
            return answer
        fault = answer_fault(answer, call.rules)
        if fault.code == BUSY:
            self._governor.throttled()
        if isinstance(fault, LoginRefused):
            fault = self._confirmed(fault, answer)
        raise fault

    def _signed(self, call: _Call, slot: _Slot) -> Answer:
        """One attempt; a refused access token is renewed and the request sent once more in the same slot."""
        self._standing.keep_still()
        signer = self._login.signer(lambda form: self._post_token(form, slot))
        answer = self._send(call, signer, slot)
        if answer.status == 401 and self._login.renew(signer):
            answer = self._send(call, self._login.signer(lambda form: self._post_token(form, slot)), slot)
        return answer

    def _send(self, call: _Call, signer: AuthBase | None, slot: _Slot) -> Answer:
        with self._counting:
            self.calls += 1
        status, started = None, time.perf_counter()
        try:
            answer = self._transport.send(requests.Request(call.method, call.path, auth=signer, **call.arguments))
            status = answer.status
            return answer
        finally:
            if self._on_call:
                ms = (time.perf_counter() - started) * 1000
                self._on_call(ApiCall(call.method, call.path, status, ms, *slot))

    def _post_token(self, form: dict[str, str], slot: _Slot) -> Answer:
        answer = self._send(_Call("POST", TOKEN_PATH, {"data": form}), None, slot)
        if answer.status == 200:
            return answer
        fault = answer_fault(answer, TOKEN_RULES)
        raise self._refused(fault, answer) if fault.code == "netsuite-login-refused" else fault

    def _confirmed(self, fault: LoginRefused, answer: Answer) -> ConnectorError:
        """Whether a 401 is about the login: overload looks the same, so it is tried again with nothing else going.

        Another thread's answer may settle it while this one waits for the account to be quiet. A login that was
        called bad, and not accepted since, needs no second refusal.
        """
        refused_at = time.monotonic()
        if self._standing.was_refused or clock_fault(answer.headers, self._clock()):
            return self._refused(fault, answer)
        with self._governor.slot(alone=True, stopping=self._stopping) as in_flight:
            if not self._standing.accepted_since(refused_at):
                answer = self._signed(_SERVER_TIME, _Slot(0, in_flight))
                if answer.status == 401:
                    return self._refused(fault, answer)
                if answer.status < 500:
                    self._standing.accepted()
        self._governor.throttled()
        return error(TryAgain, BUSY, "NetSuite refused a login with 401 and took it when it came alone: overload")

    def _refused(self, fault: ConnectorError, answer: Answer) -> ConnectorError:
        cause = clock_fault(answer.headers, self._clock()) or fault
        self._standing.refused(cause)
        return cause

    def _is_enough(self, state: RetryCallState) -> bool:
        fault = _fault(state)
        return state.attempt_number >= ATTEMPTS[fault.code] or (
            (fault.retry_after or 0) > self._backoff.longest_asked
        )

    def _pause(self, state: RetryCallState) -> float:
        asked = _fault(state).retry_after
        doubled = min(self._backoff.first * 2 ** (state.attempt_number - 1), self._backoff.longest)
        spread = random.uniform(0.5, 1.0)  # noqa: S311  so that clients do not retry in step
        return doubled * spread if asked is None else asked + self._backoff.first * spread

    def _sleep(self, seconds: float) -> None:
        if self._stopping.wait(seconds):
            raise error(TryAgain, "stopped", "Stopped while waiting to try NetSuite again")


def _fault(state: RetryCallState) -> TryAgain:
    fault = state.outcome.exception() if state.outcome else None
    if not isinstance(fault, TryAgain):
        raise AssertionError("only TryAgain is retried")
    return fault
