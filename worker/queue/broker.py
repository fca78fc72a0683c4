"""The one broker. Importing it opens no connection; `broker.connect(url)` says where Redis is.

Redis is only the doorbell: every message says "look now" about a row that is due anyway. What dramatiq loses or
delays when Redis restarts, stalls or is full is cured here and in `worker.queue.middleware` as far as it goes;
the scheduler's look at the rows covers the rest.
"""

from typing import Any

import dramatiq
import redis
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import CurrentMessage, Middleware, ShutdownNotifications, TimeLimit
from redis.backoff import NoBackoff
from redis.retry import Retry

from worker.errors import DependencyUnreachable, SettingInvalid
from worker.queue.middleware import JobLedger, LogContext, PatientRetries
from worker.queue.resources import Resources
from worker.queue.runner import ON_THE_ROW
from worker.queue.watchdog import Watchdog

SHORT = "short"  # expiry, reconciling, looking: seconds at most
LONG = "long"  # runs: pulls and background edits
CALLS = "calls"  # what waits for others: receivers of webhooks, the mail server
QUEUES = (SHORT, LONG, CALLS)

HEARTBEAT_TIMEOUT = 10_000  # ms without a fetch after which a worker's messages go to others
MAINTENANCE_CHANCE = 200_000  # with every fifth command, not with one in a thousand; out of a million
SOCKET_TIMEOUT = 5  # s
TIME_LIMIT = 600_000  # ms
MAX_RETRIES = 3
MIN_BACKOFF = 5_000  # ms
MAX_BACKOFF = 300_000  # ms

# Answers of a server that is up but cannot serve now. dramatiq waits and tries again after a ConnectionError
# only; after any other error it leaves the message leased to this process for as long as it lives.
TRY_AGAIN = (
    redis.TimeoutError,
    redis.exceptions.OutOfMemoryError,
    redis.exceptions.ReadOnlyError,
    redis.exceptions.ExecAbortError,
)
# The same by the first word of an answer that redis-py has no class for: disk full, replicas away, failing over.
TRY_AGAIN_CODES = ("MISCONF", "NOREPLICAS", "MASTERDOWN", "CLUSTERDOWN", "BUSY")


class DoorbellRedis(redis.Redis):
    """A client for which a server that cannot serve now is one that cannot be reached."""

    def execute_command(self, *args: Any, **options: Any) -> Any:
        try:
            return super().execute_command(*args, **options)  # type: ignore[no-untyped-call]
        except TRY_AGAIN as error:
            raise redis.ConnectionError(str(error)) from error
        except redis.ResponseError as error:
            if str(error).startswith(TRY_AGAIN_CODES):
                raise redis.ConnectionError(str(error)) from error
            raise


def connect_redis(url: str, timeout: float = SOCKET_TIMEOUT) -> DoorbellRedis:
    """A client with deadlines (seconds) and no retries of its own: a fetch sent twice would lose messages.

    Opens no connection. Raises SettingInvalid for what is no URL of a Redis server.
    """
    try:
        pool = redis.ConnectionPool.from_url(
            url,
            socket_timeout=timeout,
            socket_connect_timeout=timeout,
            health_check_interval=30,
            retry=Retry(NoBackoff(), 0),
        )
        pool.connection_class(**pool.connection_kwargs)  # unknown options would show at the first command only
    except (ValueError, TypeError):  # their text may hold a part of the password
        raise SettingInvalid(
            "setting-invalid",
            "REDIS_URL: is not a URL like redis://user:password@host:6379/0",
            "Correct REDIS_URL; marks like @ : / in its password are written as %40 %3A %2F.",
        ) from None
    return DoorbellRedis(connection_pool=pool)


class DoorbellBroker(RedisBroker):
    """RedisBroker whose server is named after import, so that actors can be declared before it is known."""

    def __init__(self, resources: Resources, min_backoff: int = MIN_BACKOFF) -> None:
        super().__init__(  # type: ignore[no-untyped-call]
            client=connect_redis("redis://127.0.0.1:0"),  # nobody, until connect() is called
            middleware=make_middleware(resources, min_backoff),
            heartbeat_timeout=HEARTBEAT_TIMEOUT,
            maintenance_chance=MAINTENANCE_CHANCE,
        )
        self.resources = resources

    def connect(self, url: str, timeout: float = SOCKET_TIMEOUT) -> None:
        """Uses the Redis server at `url` from now on; `timeout` in seconds."""
        self.client = connect_redis(url, timeout)
        for script in self.scripts.values():
            script.registered_client = self.client


def make_middleware(resources: Resources, min_backoff: int = MIN_BACKOFF) -> list[Middleware]:
    """All middleware, in order; `min_backoff` in ms.

    What runs after a message runs in reverse: PatientRetries decides whether it failed for good, JobLedger
    writes the outcome down, LogContext forgets the message; the watchdog sees to all of it.
    """
    return [
        Watchdog(TIME_LIMIT),
        LogContext(),
        JobLedger(resources),
        resources,
        ShutdownNotifications(),
        TimeLimit(time_limit=TIME_LIMIT),
        CurrentMessage(),
        PatientRetries(
            max_retries=MAX_RETRIES,
            min_backoff=min_backoff,
            max_backoff=MAX_BACKOFF,
            on_the_row=ON_THE_ROW,
        ),
    ]


def check(url: str) -> None:
    """Raises DependencyUnreachable when Redis does not answer."""
    try:
        with connect_redis(url) as client:
            client.ping()
    except redis.RedisError as error:
        raise DependencyUnreachable(
            "redis-unreachable",
            f"REDIS_URL: Redis does not answer: {error}",
            "Check that the server runs and that REDIS_URL names it.",
        ) from None


resources = Resources()
broker = DoorbellBroker(resources)
dramatiq.set_broker(broker)
dramatiq.set_encoder(dramatiq.JSONEncoder())  # never pickle: a message must not be able to run code
