"""Questions about access, answered many at a time on one connection.

While one statement is under way the questions that arrive wait, and go together with the next one: with little to
do each is asked by itself, with much to do a statement answers dozens for little more than the cost of one.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import psycopg
from sqlalchemy import Engine

from models import api_access
from models.api_access import Answer, Question
from worker.errors import DependencyUnreachable
from worker.logs import get_logger

log = get_logger(__name__)

MOST = 200  # questions in one statement
CONNECT_TIMEOUT = 5  # s
# Look-ups by key for a few questions: planned once, by index.
OPTIONS = (
    "-c timezone=UTC -c statement_timeout=5s -c plan_cache_mode=force_generic_plan -c jit=off"
    " -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off"
)
Waiting = tuple[Question, "asyncio.Future[Answer]"]


class Decider:
    """Answers questions about access. Belongs to the event loop it is first asked in; connects when asked."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: psycopg.AsyncConnection[tuple[Any, ...]] | None = None
        self._waiting: list[Waiting] = []
        self._work: asyncio.Task[None] | None = None

    async def answer(self, question: Question) -> Answer:
        """Raises DependencyUnreachable when the database does not answer."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answer] = loop.create_future()
        self._waiting.append((question, future))
        if self._work is None or self._work.done():
            self._work = loop.create_task(self._answer_all())
        return await future

    async def _answer_all(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
            try:
                answers = await self._ask([question for question, _ in batch])
            except Exception as error:
                self._fail(batch, error)
                continue
            for (_, future), answer in zip(batch, answers, strict=True):
                if not future.done():  # who asked may have gone
                    future.set_result(answer)

    def _fail(self, batch: Sequence[Waiting], error: Exception) -> None:
        log.warning("access-not-decided", questions=len(batch), exc_info=error)
        for _, future in batch:
            if not future.done():
                future.set_exception(
                    DependencyUnreachable(
                        "database-unreachable", "The database does not answer.", "Ask again in a moment."
                    )
                )

    async def _ask(self, questions: Sequence[Question]) -> list[Answer]:
        """A connection that was lost since it was last used is made anew, once."""
        reused = self._connection is not None
        try:
            return await self._ask_once(questions)
        except psycopg.OperationalError:
            await self.close()
            if not reused:
                raise
            return await self._ask_once(questions)

    async def _ask_once(self, questions: Sequence[Question]) -> list[Answer]:
        if self._connection is None:
            self._connection = await self._connect()
        async with self._connection.cursor(binary=True) as cursor:
            await cursor.execute(api_access.ACCESS, api_access.parameters(questions), prepare=True)
            return api_access.answers(await cursor.fetchall())

    async def _connect(self) -> psycopg.AsyncConnection[tuple[Any, ...]]:
        _, parameters = self._engine.dialect.create_connect_args(self._engine.url)
        parameters.pop("context", None)
        options = {"application_name": "termsync access", "connect_timeout": CONNECT_TIMEOUT, "options": OPTIONS}
        return await psycopg.AsyncConnection.connect(**{**parameters, **options}, autocommit=True)

    async def close(self) -> None:
        """End the connection; the next question opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()
