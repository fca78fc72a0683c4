"""Importing a roster: users, groups, courses and enrollments from a file of any length, in flat memory.

Lines go to the database in chunks; then courses are written, then tenant by tenant users and, slice by slice under
the tenant's write lock, enrollments. An import that was cut off is simply run again.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from models import roster_enrolling, roster_import, roster_users
from models.enrollment_changes import Why
from models.locks import lock_tenant
from models.roster_import import Line, RosterCounts
from models.staff import StaffAction
from worker import clock
from worker.pipeline import expire, roster_file
from worker.pipeline.roster_file import BadLine

CHUNK = 5_000  # lines copied at once
SLICE = 10_000  # lines of enrollments written in one transaction

Told = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did; `bad` counts what was not taken of it, `lines` all that were read."""

    lines: int
    bad: int
    tenants: int
    counts: RosterCounts

    def document(self) -> dict[str, int]:
        return {"lines": self.lines, "bad": self.bad, "tenants": self.tenants, **asdict(self.counts)}


class RosterImport:
    """One import, on one connection whose temporary tables hold the file.

    `told` hears of progress as ("read", lines so far), ("tenant", number of tenants done), ("enrolled", lines of
    enrollments so far).
    """

    def __init__(self, engine: Engine, actor: str, told: Told = lambda what, count: None) -> None:
        self._engine = engine
        self._actor = actor
        self._told = told

    def run(self, path: Path, report: Callable[[Iterator[BadLine]], None] = lambda bad: None) -> Imported:
        """Imports the file; hands what was not taken to `report`, in the order of lines.

        Raises `file-unreadable` and `roster-header-invalid` before anything is written.
        """
        with self._engine.connect() as connection:
            sessions = sessionmaker(connection, expire_on_commit=False)
            try:
                return self._run(sessions, path, report)
            finally:
                connection.rollback()
                connection.invalidate()  # its temporary tables go with it

    def _run(
        self, sessions: sessionmaker[Session], path: Path, report: Callable[[Iterator[BadLine]], None]
    ) -> Imported:
        lines = self._copy(sessions, path)
        with sessions.begin() as session:
            tenants = roster_import.check(session)
            counts = roster_import.bring_in_courses(session)
        done = 0
        for position, tenant_id in enumerate(tenants, 1):
            with sessions.begin() as session:
                tenant = lock_tenant(session, tenant_id)
                counts += roster_users.bring_in_users(session, tenant)
            after = 0
            while (step := self._enroll(sessions, tenant_id, tenant.key, after)) is not None:
                after, size, written = step
                counts += written
                done += size
                self._told("enrolled", done)
            self._told("tenant", position)
        with sessions.begin() as session:
            bad = roster_import.count_bad(session)
            imported = Imported(lines, bad, len(tenants), counts)
            self._note(session, path, imported)
            report(BadLine(*row) for row in roster_import.all_bad(session))
        return imported

    def _copy(self, sessions: sessionmaker[Session], path: Path) -> int:
        read = roster_file.read(path)
        first = next(read, None)  # the first line is checked before there is a transaction
        with sessions.begin() as session:
            roster_import.create(session)
        lines = 0
        chunk = ([] if first is None else [first]) + list(islice(read, CHUNK))
        while chunk:
            good = [row for row in chunk if isinstance(row, Line)]
            bad = [row for row in chunk if isinstance(row, BadLine)]
            with sessions.begin() as session:
                roster_import.copy(session, good, [roster_import.Bad(*row) for row in bad])
            lines += len(chunk)
            self._told("read", lines)
            chunk = list(islice(read, CHUNK))
        return lines

    def _enroll(
        self, sessions: sessionmaker[Session], tenant_id: int, key: str, after: int
    ) -> tuple[int, int, RosterCounts] | None:
        with sessions.begin() as session:
            step = roster_enrolling.next_slice(session, key, after, SLICE)
            if step is None:
                return None
            tenant = lock_tenant(session, tenant_id)
            why = Why(self._actor, clock.now(session))
            expire.catch_up(session, tenant, why)
            counts = roster_enrolling.bring_in_enrollments(session, tenant, why, after, step[0])
        return step[0], step[1], counts

    def _note(self, session: Session, path: Path, imported: Imported) -> None:
        session.add(
            StaffAction(
                at=clock.now(session),
                actor=self._actor,
                action="roster imported",
                subject=f"file {path.name}",
                detail=imported.document(),
            )
        )
