"""Live pages: one look at the database a second for all of them, and server-sent events to those that are open.

A topic is a small JSON document read from the database, such as the newest order or how far runs are. While at
least one page listens, one task of the process reads the topics that are listened to; a page gets an event when
a document is another than before. Nobody listens: nothing is read.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker
from starlette.concurrency import run_in_threadpool

from worker.logs import get_logger

log = get_logger(__name__)

Topic = Callable[[Session], Mapping[str, Any]]

LOOK_SECONDS = 1.0
STILL_HERE_SECONDS = 15.0
KEPT_EVENTS = 100  # of a page that does not read; older ones are dropped, the newest say how things stand


class Live:
    """The topics of one process and who listens to them."""

    def __init__(self, sessions: sessionmaker[Session], topics: Mapping[str, Topic]) -> None:
        self._sessions = sessions
        self._topics = topics
        self._pages: dict[asyncio.Queue[tuple[str, str]], frozenset[str]] = {}
        self._last: dict[str, str] = {}
        self._task: asyncio.Task[None] | None = None

    @property
    def topics(self) -> frozenset[str]:
        return frozenset(self._topics)

    async def events(
        self, topics: Iterable[str], still_valid: Callable[[], Awaitable[bool]]
    ) -> AsyncIterator[bytes]:
        """Server-sent events of these topics until the page goes away or `still_valid` says no.

        The first event of each topic is how it stands now, so that a page that was away misses nothing.
        """
        page: asyncio.Queue[tuple[str, str]] = asyncio.Queue(KEPT_EVENTS)
        listened = self.topics & frozenset(topics)
        self._pages[page] = listened
        self._start()
        for topic in listened & self._last.keys():
            page.put_nowait((topic, self._last[topic]))
        try:
            yield b"retry: 3000\n\n"
            while True:
                try:
                    topic, document = await asyncio.wait_for(page.get(), STILL_HERE_SECONDS)
                except TimeoutError:
                    if not await still_valid():
                        yield b"event: signed-out\ndata: {}\n\n"
                        return
                    yield b": still here\n\n"
                else:
                    yield f"event: {topic}\ndata: {document}\n\n".encode()
        finally:
            del self._pages[page]

    def _start(self) -> None:
        if self._task is None or self._task.done():
            self._last.clear()
            self._task = asyncio.get_running_loop().create_task(self._watch())

    async def _watch(self) -> None:
        while self._pages:
            wanted = frozenset[str]().union(*self._pages.values())
            with suppress(SQLAlchemyError):  # pages keep what they show; the next look tries again
                for topic, document in (await run_in_threadpool(self._look, wanted)).items():
                    if self._last.get(topic) != document:
                        self._last[topic] = document
                        self._tell(topic, document)
            await asyncio.sleep(LOOK_SECONDS)

    def _look(self, wanted: Iterable[str]) -> dict[str, str]:
        with self._sessions() as session:
            return {topic: json.dumps(self._topics[topic](session), default=str) for topic in sorted(wanted)}

    def _tell(self, topic: str, document: str) -> None:
        for page, topics in self._pages.items():
            if topic in topics:
                if page.full():
                    page.get_nowait()
                page.put_nowait((topic, document))
