"""The book of leases behind the governor: in Redis for all processes, or in memory for this one.

Both follow the same rules:
1. leases that ended are struck out, and so are waiters that stopped asking;
2. a lone request waits in front of all others, and then has the account to itself;
3. the others are served first come, first served, up to the limit;
4. the limit is what was asked for, at most the ceiling, and one less after every "too many requests", growing back
   one by one.
"""

import threading
import time
from typing import NamedTuple, Protocol, cast

import redis

RECOVERY_SECONDS = 15.0
"""After a "too many requests" one slot comes back every so often."""

_WAITER_SECONDS = 3.0
_CEILING_SECONDS = 86_400


class Granted(NamedTuple):
    """Whether the slot was given, and how many are in flight now (with this one, if given)."""

    given: bool
    in_flight: int


class SlotBook(Protocol):
    """Times in seconds. `owner` names one request; asking again with the same owner keeps its place or slot."""

    def ask(self, owner: str, alone: bool, limit: int, lease: float) -> Granted: ...

    def renew(self, owners: list[str], lease: float) -> None: ...

    def give_back(self, owner: str) -> None: ...

    def shrink(self, limit: int) -> None: ...

    def set_ceiling(self, ceiling: int) -> None: ...


class LocalSlots:
    """For one process. Its leases need no end: a thread always gives its slot back."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: set[str] = set()
        self._waiting: dict[str, bool] = {}
        self._lone: str | None = None
        self._ceiling: int | None = None
        self._shrunk: tuple[int, float] | None = None

    def ask(self, owner: str, alone: bool, limit: int, lease: float) -> Granted:
        with self._lock:
            self._waiting.setdefault(owner, alone)
            if not self._is_free(owner, alone, limit):
                return Granted(False, len(self._held))
            del self._waiting[owner]
            self._held.add(owner)
            self._lone = owner if alone else None
            return Granted(True, len(self._held))

    def renew(self, owners: list[str], lease: float) -> None:
        """Nothing to do, see the class."""

    def give_back(self, owner: str) -> None:
        with self._lock:
            self._held.discard(owner)
            self._waiting.pop(owner, None)
            self._lone = None if self._lone == owner else self._lone

    def shrink(self, limit: int) -> None:
        with self._lock:
            self._shrunk = (max(1, self._limit(limit) - 1), time.monotonic())

    def set_ceiling(self, ceiling: int) -> None:
        self._ceiling = ceiling

    def _is_free(self, owner: str, alone: bool, limit: int) -> bool:
        lone_first = sorted(self._waiting, key=lambda waiter: not self._waiting[waiter])
        rank = lone_first.index(owner)
        if alone:
            return rank == 0 and not self._held
        someone_alone = self._lone is not None or any(self._waiting.values())
        return rank < self._limit(limit) - len(self._held) and not someone_alone

    def _limit(self, limit: int) -> int:
        if self._ceiling is not None:
            limit = min(limit, self._ceiling)
        if self._shrunk is not None:
            to, at = self._shrunk
            limit = min(limit, to + int((time.monotonic() - at) / RECOVERY_SECONDS))
        return limit


_LUA_COMMON = """
local leases, waiting, seen, places, lone, ceiling, shrunk = unpack(KEYS)
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

local function limit_of(asked, recovery)
  local limit = tonumber(asked)
  local most = redis.call('GET', ceiling)
  if most then limit = math.min(limit, tonumber(most)) end
  local small = redis.call('HMGET', shrunk, 'to', 'at')
  if small[1] then limit = math.min(limit, small[1] + math.floor((now - small[2]) / recovery)) end
  return limit
end

local function forget(owner)
  redis.call('ZREM', waiting, owner)
  redis.call('ZREM', seen, owner)
end
"""

_LUA_ASK = (
    _LUA_COMMON
    + """
local owner, alone, asked, lease = ARGV[1], ARGV[2] == '1', ARGV[3], tonumber(ARGV[4])
local waiter_life, recovery = tonumber(ARGV[5]), tonumber(ARGV[6])
redis.call('ZREMRANGEBYSCORE', leases, '-inf', now)
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', seen, '-inf', now - waiter_life)) do forget(gone) end
-- Given before, and the answer was lost on its way: without this it would wait for its own lease to end.
local given_before = redis.call('ZREM', leases, owner) == 1
if not given_before and not redis.call('ZSCORE', waiting, owner) then
  local place = redis.call('INCR', places)
  if alone then place = place - 2 ^ 50 end
  redis.call('ZADD', waiting, place, owner)
end
redis.call('ZADD', seen, now, owner)

local held = redis.call('ZCARD', leases)
local rank = redis.call('ZRANK', waiting, owner)
local free
if given_before then
  free = true
elseif alone then
  free = rank == 0 and held == 0
else
  local someone_alone = redis.call('EXISTS', lone) == 1 or redis.call('ZCOUNT', waiting, '-inf', 0) > 0
  free = rank < limit_of(asked, recovery) - held and not someone_alone
end
if not free then return {0, held} end
forget(owner)
redis.call('ZADD', leases, now + lease, owner)
if alone then redis.call('SET', lone, owner, 'PX', lease) end
return {1, held + 1}
"""
)

# XX: a call that ended while its renewal was on the way must not come back as a lease that nobody gives up.
_LUA_RENEW = (
    _LUA_COMMON
    + """
for i = 2, #ARGV do
  redis.call('ZADD', leases, 'XX', now + ARGV[1], ARGV[i])
  if redis.call('GET', lone) == ARGV[i] then redis.call('PEXPIRE', lone, ARGV[1]) end
end
"""
)

_LUA_GIVE_BACK = (
    _LUA_COMMON
    + """
forget(ARGV[1])
redis.call('ZREM', leases, ARGV[1])
if redis.call('GET', lone) == ARGV[1] then redis.call('DEL', lone) end
"""
)

_LUA_SHRINK = (
    _LUA_COMMON
    + """
redis.call('HSET', shrunk, 'to', math.max(1, limit_of(ARGV[1], tonumber(ARGV[2])) - 1), 'at', now)
redis.call('PEXPIRE', shrunk, ARGV[1] * ARGV[2])
"""
)


class RedisSlots:
    """For all processes that share the Redis and the account. Give it a client with socket timeouts."""

    def __init__(self, client: "redis.Redis", account: str) -> None:
        names = ("leases", "waiting", "seen", "places", "lone", "ceiling", "shrunk")
        # The braces put all keys of an account on one node of a Redis cluster.
        self._keys = [f"termsync:{{netsuite:{account}}}:{name}" for name in names]
        self._client = client
        self._ask = client.register_script(_LUA_ASK)
        self._renew = client.register_script(_LUA_RENEW)
        self._give_back = client.register_script(_LUA_GIVE_BACK)
        self._shrink = client.register_script(_LUA_SHRINK)

    def ask(self, owner: str, alone: bool, limit: int, lease: float) -> Granted:
        timing = (_ms(lease), _ms(_WAITER_SECONDS), _ms(RECOVERY_SECONDS))
        given, in_flight = cast(list[int], self._ask(self._keys, [owner, int(alone), limit, *timing]))
        return Granted(bool(given), in_flight)

    def renew(self, owners: list[str], lease: float) -> None:
        self._renew(self._keys, [_ms(lease), *owners])

    def give_back(self, owner: str) -> None:
        self._give_back(self._keys, [owner])

    def shrink(self, limit: int) -> None:
        self._shrink(self._keys, [limit, _ms(RECOVERY_SECONDS)])

    def set_ceiling(self, ceiling: int) -> None:
        self._client.set(self._keys[5], ceiling, ex=_CEILING_SECONDS)


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
