"""Faults: what can go wrong, on which kind of endpoint, and how often.

A fault without `next` and `probability` holds for every request until it is removed.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Kind = Literal[
    # before the request is looked at
    "latency",  # seconds: waits, holding its concurrency slot
    "rate-limit",  # 429; retry_after: seconds in a Retry-After header, none when unset
    "queue-then-401",  # seconds: waits, then 401 as an overloaded account does
    "request-limit",  # 400 SSS_REQUEST_LIMIT_EXCEEDED, the form RESTlets have
    "server-error",  # 500 UNEXPECTED_ERROR
    "maintenance",  # 503 with an HTML page
    "html-ok",  # 200 with an HTML page
    # on the wire
    "truncated",  # share: part of the body, then the connection ends
    "reset",  # share: part of the body (0: nothing), then RST
    "slow-page",  # seconds: the body dribbles
    "bad-json",  # 200 with a JSON text that breaks off
    "gzip-bomb",  # megabytes: a small body that unpacks to many
    # in what a query sees
    "empty",  # no transactions at all
    "half",  # every second transaction is missing
    "past-terms",  # every term date lies in the past
    "hidden-table",  # table: the role lost its permission
    "hidden-column",  # column: "transaction.memo"
    "hidden-subsidiary",  # subsidiary: its rows are invisible
    "shuffled",  # rows equal under ORDER BY come in another order each time
    # in the answer of a query
    "repeated-page",  # the items of the answer before
    "repeated-rows",  # count: some rows twice
    # in the data
    "churn",  # count: so many orders change before each page
    "late-commit",  # seconds: a write is dated now but seen only later
]


class Fault(BaseModel):
    """One fault and its reach. Times in seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    on: Literal["any", "suiteql", "record", "metadata", "system", "token"] = "any"
    next: int | None = Field(default=None, ge=1)
    probability: float | None = Field(default=None, ge=0, le=1)
    seed: int = 0
    seconds: float = 1.0
    retry_after: float | None = None
    share: float = Field(default=0.5, ge=0, lt=1)
    count: int = Field(default=10, ge=1)
    megabytes: int = Field(default=100, ge=1, le=1024)
    table: str = "transaction"
    column: str = "transaction.enddate"
    subsidiary: int = 1


@dataclass
class _Rule:
    fault: Fault
    left: int | None
    dice: random.Random = field(repr=False)

    def strikes(self) -> bool:
        """Whether this request is hit; uses up one of `next`."""
        if self.fault.probability is not None and self.dice.random() >= self.fault.probability:
            return False
        if self.left is not None:
            self.left -= 1
        return True


class Chaos:
    """The faults of a running account. Safe to use from several threads."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._lock = threading.Lock()
        self._numbers = count(1)
        self._rules: dict[int, _Rule] = {}
        for fault in faults:
            self.add(fault)

    def add(self, fault: Fault) -> int:
        """Switches a fault on; returns the number by which it is removed."""
        with self._lock:
            number = next(self._numbers)
            dice = random.Random(fault.seed)  # noqa: S311  chance for tests, not a secret
            self._rules[number] = _Rule(fault, fault.next, dice)
            return number

    def remove(self, number: int) -> bool:
        with self._lock:
            return self._rules.pop(number, None) is not None

    def clear(self) -> None:
        with self._lock:
            self._rules.clear()

    def listing(self) -> list[dict[str, object]]:
        with self._lock:
            return [
                {"id": number, **rule.fault.model_dump(exclude_defaults=True), "left": rule.left}
                for number, rule in self._rules.items()
            ]

    def draw(self, endpoint: str) -> list[Fault]:
        """The faults that hit one request to this kind of endpoint, in the order they were added."""
        with self._lock:
            hits = [
                (number, rule)
                for number, rule in self._rules.items()
                if rule.fault.on in ("any", endpoint) and rule.strikes()
            ]
            for number, rule in hits:
                if rule.left == 0:
                    del self._rules[number]
            return [rule.fault for _, rule in hits]


def fault_from_text(text: str) -> Fault:
    """`rate-limit,on=suiteql,probability=0.1,retry_after=2` as the command line takes it."""
    kind, *options = text.split(",")
    return Fault.model_validate({"kind": kind, **dict(option.split("=", 1) for option in options)})
