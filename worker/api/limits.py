"""How many requests each token has left in this minute, over all web processes."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from redis import RedisError
from redis.asyncio import Redis

from worker.logs import get_logger

log = get_logger(__name__)

WINDOW = 60  # s
# A process asks Redis for so many hundredths of a token's limit at once: most requests cost no round trip.
PORTIONS = 100
TIMEOUT = 0.25  # s
SILENCE = 5.0  # s without asking a Redis that did not answer


@dataclass(slots=True)
class _Share:
    """What this process may still use of one token's window; `alone`: granted without Redis."""

    window: int
    left: int = 0
    alone: int = 0
    spent: bool = False


class Limits:
    """Grants requests of tokens. Without Redis, or while it does not answer, each process counts by itself."""

    def __init__(self, redis_url: str | None, clock: Callable[[], float] = time.time) -> None:
        self._redis = None if redis_url is None else _client(redis_url)
        self._clock = clock
        self._shares: dict[int, _Share] = {}
        self._ask_again = 0.0

    async def take(self, token_id: int, per_minute: int) -> int | None:
        """None when one more request is granted, else the seconds to wait."""
        now = self._clock()
        window = int(now // WINDOW)
        share = self._shares.get(token_id)
        if share is None or share.window != window:
            share = self._shares[token_id] = _Share(window)
        if share.left <= 0 and not share.spent:
            await self._draw(token_id, share, per_minute)
        if share.left > 0:
            share.left -= 1
            return None
        return max(1, math.ceil((window + 1) * WINDOW - now))

    async def _draw(self, token_id: int, share: _Share, per_minute: int) -> None:
        portion = max(1, per_minute // PORTIONS)
        drawn = await self._drawn_from_redis(f"termsync:api:{token_id}:{share.window}", portion)
        if drawn is None:
            share.alone += portion
            drawn = share.alone
        granted = min(portion, per_minute - (drawn - portion))
        share.left += max(0, granted)
        share.spent = granted <= 0

    async def _drawn_from_redis(self, key: str, portion: int) -> int | None:
        """What all processes have drawn, this portion included; None when Redis is not there."""
        if self._redis is None or time.monotonic() < self._ask_again:
            return None
        try:
            async with self._redis.pipeline(transaction=False) as pipeline:
                pipeline.incrby(key, portion)
                pipeline.expire(key, 2 * WINDOW)
                drawn, _ = await pipeline.execute()
            return int(drawn)
        except (RedisError, OSError) as error:
            self._ask_again = time.monotonic() + SILENCE
            log.warning("limits-without-redis", reason=type(error).__name__)
            return None


def _client(url: str) -> Redis:
    client: Redis = Redis.from_url(url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT)
    return client
