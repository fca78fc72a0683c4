"""What is remembered of a refused login: in Redis for all processes that use it, or in memory for this one.

Five refused logins lock a token for half an hour, also for the right secret that comes after them. So what one
process has learnt the others need not try: a login is known by a digest of all its parts, and a corrected secret
is another login, which is tried at once.
"""

import contextlib
import json
import time
from typing import NamedTuple, Protocol, cast

import redis

from connectors.errors import ConnectorError, OperatorMustAct

REFUSAL_SECONDS = 600.0
"""After a confirmed refusal nothing is sent for so long."""

_REMEMBERED_SECONDS = 86_400.0


class Refusal(NamedTuple):
    """Why NetSuite refused the login, and whether that is so fresh that it is not to be tried again."""

    cause: ConnectorError
    is_fresh: bool


class RefusalBook(Protocol):
    """Of one login. What cannot be reached or read counts as empty."""

    def last(self) -> Refusal | None: ...

    def note(self, cause: ConnectorError) -> None: ...

    def forget(self) -> None: ...


class LocalRefusals:
    """For one process."""

    def __init__(self) -> None:
        self._noted: tuple[ConnectorError, float] | None = None

    def last(self) -> Refusal | None:
        noted = self._noted
        return noted and Refusal(noted[0], time.monotonic() < noted[1] + REFUSAL_SECONDS)

    def note(self, cause: ConnectorError) -> None:
        self._noted = (cause, time.monotonic())

    def forget(self) -> None:
        self._noted = None


class RedisRefusals:
    """For all processes that share the Redis and the login. Its age is what is left of the key's life."""

    def __init__(self, client: "redis.Redis", account: str, login: str) -> None:
        self._client = client
        self._key = f"termsync:{{netsuite:{account.upper()}}}:refused:{login}"

    def last(self) -> Refusal | None:
        try:
            with self._client.pipeline(transaction=False) as both:
                both.get(self._key)
                both.pttl(self._key)
                text, left = cast(tuple[str | bytes | None, int], both.execute())
            if text is None:
                return None
            cause = OperatorMustAct(*(str(part) for part in json.loads(text)))
        except (redis.RedisError, ValueError, TypeError):
            return None
        return Refusal(cause, _REMEMBERED_SECONDS - left / 1000 < REFUSAL_SECONDS)

    def note(self, cause: ConnectorError) -> None:
        text = json.dumps([cause.code, cause.message, cause.remedy])
        with contextlib.suppress(redis.RedisError):
            self._client.set(self._key, text, px=round(_REMEMBERED_SECONDS * 1000))

    def forget(self) -> None:
        with contextlib.suppress(redis.RedisError):
            self._client.delete(self._key)
