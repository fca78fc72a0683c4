"""Live pages: one look at the database a second for all of them, and server-sent events to those that are open.

A topic is a small JSON document read from the database, such as the newest order or how far runs are. While at
least one page listens, one task of the process reads the topics that are listened to; a page gets an event when
a document is another than before. Nobody listens: nothing is read. A session has a few streams at most: one more
ends its oldest.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session, sessionmaker
from starlette.concurrency import run_in_threadpool

from worker.logs import get_logger

log = get_logger(__name__)

Topic = Callable[[Session], Mapping[str, Any]]

LOOK_SECONDS = 1.0
CHECK_SECONDS = 15.0  # between two looks whether the person is still signed in
KEPT_EVENTS = 100  # of a page that does not read; older ones are dropped, the newest say how things stand
# Of one session: hidden tabs hold none, so that nobody at work needs more. Those that are left over when a network
# went away count until they are found to be dead, which is why the oldest makes room and not the newest.
MOST_STREAMS = 20
CROWDED = ("crowded", "{}")


def said(document: Mapping[str, Any]) -> str:
    """A topic's document as events carry it, also for `data-seen` of a page."""
    return json.dumps(document, default=str)


@dataclass(eq=False, slots=True)
class _Page:
    """An open page: what it listens to, in whose session, and what it was not told yet."""

    topics: frozenset[str]
    whose: bytes
    events: asyncio.Queue[tuple[str, str]] = field(default_factory=lambda: asyncio.Queue(KEPT_EVENTS))
    crowded: bool = False

    def tell(self, event: tuple[str, str]) -> None:
        if self.events.full():
            self.events.get_nowait()
        self.events.put_nowait(event)


class Live:
    """The topics of one process and who listens to them."""

    def __init__(
        self, sessions: sessionmaker[Session], topics: Mapping[str, Topic], check_seconds: float = CHECK_SECONDS
    ) -> None:
        self._sessions = sessions
        self._topics = topics
        self._check_seconds = check_seconds
        self._pages: dict[_Page, None] = {}  # the oldest first
        self._last: dict[str, str] = {}
        self._task: asyncio.Task[None] | None = None

    @property
    def topics(self) -> frozenset[str]:
        return frozenset(self._topics)

    async def events(
        self, topics: Iterable[str], whose: bytes, still_valid: Callable[[], Awaitable[bool]]
    ) -> AsyncIterator[bytes]:
        """Server-sent events of these topics until the page goes away or `still_valid` says no.

        The first event of each topic is how it stands now, so that a page that was away misses nothing. `whose`
        names the session; the event `crowded` is the last of a stream that had to make room for a newer one of it.
        """
        page = _Page(self.topics & frozenset(topics), whose)
        self._make_room(whose)
        self._pages[page] = None
        self._start()
        for topic in page.topics & self._last.keys():
            page.tell((topic, self._last[topic]))
        try:
            yield b"retry: 3000\n\n"
            while await still_valid():
                async for event in _until(page, asyncio.get_running_loop().time() + self._check_seconds):
                    yield event
                if page.crowded:
                    return
            yield b"event: signed-out\ndata: {}\n\n"
        finally:
            del self._pages[page]

    def _make_room(self, whose: bytes) -> None:
        theirs = [page for page in self._pages if page.whose == whose and not page.crowded]
        for page in theirs[: max(0, len(theirs) - MOST_STREAMS + 1)]:
            page.crowded = True
            page.tell(CROWDED)

    def _start(self) -> None:
        if self._task is None or self._task.done():
            self._last.clear()
            self._task = asyncio.get_running_loop().create_task(self._watch())

    async def _watch(self) -> None:
        while self._pages:
            wanted = frozenset[str]().union(*(page.topics for page in self._pages))
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
        for page in self._pages:
            if topic in page.topics:
                page.tell((topic, document))


async def _until(page: _Page, deadline: float) -> AsyncIterator[bytes]:
    """The events of a page up to an instant of the event loop's clock, then a sign of life."""
    clock = asyncio.get_running_loop()
    while (left := deadline - clock.time()) > 0:
        with suppress(TimeoutError):
            topic, document = event = await asyncio.wait_for(page.events.get(), left)
            yield f"event: {topic}\ndata: {document}\n\n".encode()
            if event is CROWDED:
                return
    yield b": still here\n\n"
