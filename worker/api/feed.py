"""Waiting for news of the change feed: every reader of this process shares one look at the database."""

import asyncio
import time

from sqlalchemy.orm import Session, sessionmaker
from starlette.concurrency import run_in_threadpool

from models.api_events import Horizon

LOOK_SECONDS = 0.25  # between two looks while somebody waits


class Feed:
    """How far the feed is settled. Belongs to the event loop it is first asked in."""

    def __init__(self, sessions: sessionmaker[Session]) -> None:
        self._sessions = sessions
        self._horizon = Horizon()
        self._looked_at = float("-inf")
        self._looking: asyncio.Lock | None = None

    async def settled(self) -> int:
        """What is settled now."""
        asked_at = time.monotonic()
        if self._looking is None:
            self._looking = asyncio.Lock()
        async with self._looking:
            if self._looked_at <= asked_at:  # else somebody else has looked since
                looked_at = time.monotonic()
                await run_in_threadpool(self._look)
                self._looked_at = looked_at
        return self._horizon.settled

    async def beyond(self, after: int, deadline: float) -> int:
        """What is settled, once it is more than `after` or `deadline` (monotonic seconds) has come."""
        while (settled := await self.settled()) <= after and time.monotonic() < deadline:
            await asyncio.sleep(min(LOOK_SECONDS, max(0.0, deadline - time.monotonic())))
        return settled

    @property
    def last(self) -> int:
        """The newest number that was drawn, settled or not."""
        return self._horizon.last

    def _look(self) -> None:
        with self._sessions() as session:
            self._horizon.look(session)
