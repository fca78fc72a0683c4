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

from sqlalchemy.orm import Session, sessionmaker
from starlette.concurrency import run_in_threadpool

from worker.logs import get_logger

log = get_logger(__name__)

Topic = Callable[[Session], Mapping[str, Any]]

LOOK_SECONDS = 1.0
CHECK_SECONDS = 15.0  # between two looks whether the person is still signed in
KEPT_EVENTS = 100  # of a page that does not read; older ones are dropped, the newest say how things stand


def said(document: Mapping[str, Any]) -> str:
    """A topic's document as events carry it, also for `data-seen` of a page."""
    return json.dumps(document, default=str)


class Live:
    """The topics of one process and who listens to them."""

    def __init__(
        self, sessions: sessionmaker[Session], topics: Mapping[str, Topic], check_seconds: float = CHECK_SECONDS
    ) -> None:
        self._sessions = sessions
        self._topics = topics
        self._check_seconds = check_seconds
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
            while await still_valid():
                async for event in _until(page, asyncio.get_running_loop().time() + self._check_seconds):
                    yield event
            yield b"event: signed-out\ndata: {}\n\n"
        finally:
            del self._pages[page]

    def _start(self) -> None:
        if self._task is None or self._task.done():
            self._last.clear()
            self._task = asyncio.get_running_loop().create_task(self._watch())

    async def _watch(self) -> None:
        while self._pages:
            wanted = frozenset[str]().union(*self._pages.values())
            try:
                found = await run_in_threadpool(self._look, wanted)
            except Exception as error:  # pages keep what they show; the next look tries again
                log.warning("live-look-failed", reason=type(error).__name__)
                found = {}
            for topic, document in found.items():
                if self._last.get(topic) != document:
                    self._last[topic] = document
                    self._tell(topic, document)
            await asyncio.sleep(LOOK_SECONDS)

    def _look(self, wanted: Iterable[str]) -> dict[str, str]:
        with self._sessions() as session:
            return {topic: said(self._topics[topic](session)) for topic in sorted(wanted)}

    def _tell(self, topic: str, document: str) -> None:
        for page, topics in self._pages.items():
            if topic in topics:
                if page.full():
                    page.get_nowait()
                page.put_nowait((topic, document))


async def _until(page: asyncio.Queue[tuple[str, str]], deadline: float) -> AsyncIterator[bytes]:
    """The events of a page up to an instant of the event loop's clock, then a sign of life."""
    clock = asyncio.get_running_loop()
    while (left := deadline - clock.time()) > 0:
        with suppress(TimeoutError):
            topic, document = await asyncio.wait_for(page.get(), left)
            yield f"event: {topic}\ndata: {document}\n\n".encode()
    yield b": still here\n\n"
