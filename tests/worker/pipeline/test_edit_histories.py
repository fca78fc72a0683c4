"""Bulk edits among everything else that happens to a small world: asked for, foreseen, done, taken back."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from itertools import count
from typing import Any
from uuid import uuid4

import pytest
from domain_oracle import Person
from effort import effort
from hypothesis import given
from hypothesis import strategies as st
from netsuite_histories import KEYS, picks, workers
from school import checksums, rows
from sqlalchemy import Engine, text
from test_engine_histories import Histories, keys

from models import edit_jobs, runs
from models.editing import Edit
from models.enrollment_search import EnrollmentFilter
from models.user_search import UserFilter
from worker.database import make_engine
from worker.errors import TermsyncError
from worker.pipeline import edit, edit_requests
from worker.pipeline.edit_requests import EditEnrollments, EnrollUsers, Foreseen, Request, Undo

UNKNOWN = 999_999_999
# Order: keep, none, or one of the tenant's. Date: keep, clear, or so many days from today.
orders = st.sampled_from(["keep", "none", "one", "one"])
dates = st.sampled_from(["keep", "keep", "clear"]) | st.integers(-1, 4)
asks = st.sampled_from([None, None, "E", "U", "X"])


@dataclass
class Done:
    """An edit that was done: whom it changed, what they were before, and how many changes they had after it."""

    key: str
    changed: dict[int, tuple[tuple[Any, ...] | None, int]]
    undone: bool = False


class EditHistories(Histories):
    """Histories with bulk edits in them; each is foreseen first, and done at once or by a worker."""

    def __init__(self) -> None:
        super().__init__()
        self.inactive: set[int] = set()
        self.edits: dict[int, Done] = {}
        self.enrolled: set[int] = set()
        self.numbers = count()
        self.last: dict[int, tuple[Any, ...] | None] = {}

    def order_moves(self, pick: int, end: int) -> None:
        """NetSuite gives an order another last day; it lands and is reconciled at once."""
        self.order_redated(pick, end)
        self.read_page(0, 100)
        self.land_page(0, 0, 100, 0)
        self.reconcile(0)

    def user_goes_or_comes_back(self, pick: int) -> None:
        number = sorted(self.oracle.people)[pick % len(self.oracle.people)]
        self.inactive ^= {number}
        with self.workers[0].begin() as session:
            update = (
                "update users set active = not active where id = (select user_id from enrollment where id = :id)"
            )
            session.execute(text(update), {"id": number})

    def edited(
        self,
        picked: list[int],
        key: str,
        order: str,
        order_pick: int,
        typed: str | int,
        ask: str | None,
        worker: int,
        job: bool,
    ) -> None:
        self.tick()
        wish = self._wish(key, order, order_pick, typed, ask)
        theirs = [number for number, person in sorted(self.oracle.people.items()) if person.client == key]
        strangers = [number for number in sorted(self.oracle.people) if number not in theirs][:1]
        everybody = [*theirs, *strangers, UNKNOWN]
        named = {everybody[pick % len(everybody)] for pick in picked}
        request = EditEnrollments(EnrollmentFilter(self.school.tenant_ids[key], ids=tuple(named)), wish)
        if refused := self._refusal(key, wish):
            self._must_refuse(request, refused)
            return
        foreseen = self._foresee(request)
        run_id = self._done(request, worker, job)
        self.last = {}
        expected = {number: self._edit_one(key, number, wish) for number in sorted(named)}
        self._compare(run_id, foreseen, expected)
        self._remember(run_id, key)

    def taken_back(self, pick: int, worker: int, job: bool) -> None:
        self.tick()
        open_edits = [run_id for run_id, done in sorted(self.edits.items()) if done.changed and not done.undone]
        if not open_edits:
            return
        run_id = open_edits[pick % len(open_edits)]
        done = self.edits[run_id]
        done.undone = True
        request = Undo(self.school.tenant_ids[done.key], run_id)
        foreseen = self._foresee(request)
        undo_id = self._done(request, worker, job)
        self.last = {}
        taken = {number: self._take_back(number, *was) for number, was in done.changed.items()}
        by_enrollment = undo_id in self.enrolled or run_id in self.enrolled
        self._compare(
            undo_id, foreseen, {self._user_of(n) if by_enrollment else n: was for n, was in taken.items()}
        )
        self._remember(undo_id, done.key)
        self.enrolled |= {undo_id} if by_enrollment else set()

    def users_enrolled(
        self, key: str, order: str, order_pick: int, typed: str | int, worker: int, again: list[int]
    ) -> None:
        self.tick()
        wish = self._wish(key, order, order_pick, typed, None)
        users: dict[int, int | None] = {self._new_user(key): None}
        for pick in again:
            number = sorted(self.oracle.people)[pick % len(self.oracle.people)]
            users[self._user_of(number)] = number
        request = EnrollUsers(
            UserFilter(self.school.tenant_ids[key], ids=tuple(users)), self.school.course_version_id, wish
        )
        if refused := self._refusal(key, wish, edits=False):
            self._must_refuse(request, refused)
            return
        foreseen = self._foresee(request)
        run_id = self._done(request, worker, job=False)
        self.enrolled.add(run_id)
        self.last = {}
        expected = {user: self._enroll_one(key, user, number, wish) for user, number in users.items()}
        self._compare(run_id, foreseen, expected)
        self._remember(run_id, key)

    def _remember(self, run_id: int, key: str) -> None:
        changed = {number: (before, self.oracle.people[number].changes) for number, before in self.last.items()}
        self.edits[run_id] = Done(key, changed)

    # what is asked for

    def _wish(self, key: str, order: str, pick: int, typed: str | int, ask: str | None) -> Edit:
        number = self._order_of(key, pick) if order == "one" else None
        return Edit(
            order_given=order != "keep",
            order_id=number,
            date_given=typed != "keep",
            expiration_date=self.day(typed) if isinstance(typed, int) else None,
            ask=ask,
        )

    def _refusal(self, key: str, wish: Edit, edits: bool = True) -> str | None:
        if edits and wish == Edit():
            return "edit-nothing-chosen"
        if wish.order_id is None:
            return None
        client, terms = self.oracle.clients[key], self.oracle.accepted[key, wish.order_id]
        over = self.oracle._term_over(client, terms.end)
        ended = over is not None and over <= self.now
        return "order-not-selectable" if terms.flag or terms.status == "A" or ended else None

    def _must_refuse(self, request: Request, code: str) -> None:
        with self.workers[0]() as session:
            before = checksums(session)
            with pytest.raises(TermsyncError) as error:
                edit_requests.foresee(session, request, self.now)
            assert error.value.code == code
            with pytest.raises(TermsyncError) as error:
                edit.ask(session, request, self.why("ann"), str(uuid4()), past_confirmed=True)
            session.rollback()
            assert error.value.code == code
            assert checksums(session) == before

    # what is foreseen and what is done

    def _foresee(self, request: Request) -> Foreseen:
        with self.workers[0]() as session:
            before = checksums(session)
            foreseen = edit_requests.foresee(session, request, self.now)
            assert checksums(session) == before
        return foreseen

    def _done(self, request: Request, worker: int, job: bool) -> int:
        """At once, or asked for and then performed in pieces of two by a worker."""
        at_once = 0 if job else edit.AT_ONCE
        with self.workers[0].begin() as session:
            if isinstance(request, Undo):
                asked = edit.ask_undo(session, request.undoes, self.why("ann"), at_once=at_once)
            else:
                key = str(next(self.numbers))
                asked = edit.ask(session, request, self.why("ann"), key, past_confirmed=True, at_once=at_once)
        assert (asked.new, asked.waits) == (True, job)
        if job:
            with self.workers[worker].begin() as session:
                claimed = runs.claim(session, asked.run_id, uuid4(), self.now)
            assert claimed is not None
            assert edit.perform(self.workers[worker], claimed, now=lambda _: self.now, size=2) == "done"
        return asked.run_id

    def _compare(self, run_id: int, foreseen: Foreseen, expected: dict[int, str]) -> None:
        """Foreseen, done and expected are the same, row by row."""
        with self.workers[0]() as session:
            query = "select coalesce(user_id, enrollment_id), coalesce(reason, outcome) from edit_row"
            found = dict(rows(session, f"{query} where run_id = :run", run=run_id))
            (counts,) = rows(session, "select counts from sync_run where state = 'done' and id = :run", run=run_id)
            assert edit_jobs.reasons(session, run_id) == foreseen.counts.skipped
        assert found == expected
        preview = asdict(foreseen.counts)
        preview["skipped"] = sum(foreseen.counts.skipped.values())
        assert {name: preview[name] for name in counts[0]} == counts[0]
        assert preview["rows"] == len(expected)

    # what the oracle makes of it: each returns the outcome of a row

    def _edit_one(self, key: str, number: int, wish: Edit) -> str:
        person = self.oracle.people.get(number)
        if person is None or person.client != key:
            return "enrollment-unknown"
        if number in self.inactive:
            return "user-inactive"
        if wish.ask == "X" and person.status == "U":
            return "user-unenrolled"
        order = wish.order_id if wish.order_given else person.order
        typed = wish.expiration_date if wish.date_given else person.typed if order == person.order else None
        return self._outcome(number, lambda: self.oracle.edit(person, order, typed, wish.ask))

    def _enroll_one(self, key: str, user: int, number: int | None, wish: Edit) -> str:
        if number is None:
            person = Person(key, wish.order_id, wish.expiration_date, 0)
            with self.workers[0]() as session:
                ((number,),) = rows(session, "select id from enrollment where user_id = :user", user=user)
            self.oracle.enroll(number, person)
            self.last[number] = None
            return "changed"
        person = self.oracle.people[number]
        if person.client != key:
            return "user-not-of-tenant"
        if number in self.inactive:
            return "user-inactive"
        if person.status != "U":
            return "already-enrolled"
        wishes = (wish.order_id, wish.expiration_date, "E")
        return self._outcome(number, lambda: self.oracle.edit(person, *wishes))

    def _outcome(self, number: int, do: Callable[[], None]) -> str:
        person = self.oracle.people[number]
        before, changes = person.state(), person.changes
        do()
        if person.changes == changes:
            return "unchanged"
        self.last[number] = before
        return "changed"

    def _take_back(self, number: int, before: tuple[Any, ...] | None, changes: int) -> str:
        person = self.oracle.people[number]
        if person.changes != changes:
            return "changed-since"
        if number in self.inactive:
            return "user-inactive"
        order, typed, status, cause, expired_at = before or (person.order, person.typed, "U", None, None)
        moved = replace(person, order=order, typed=typed)
        over = self.oracle.boundary(moved)
        passed = over is not None and over <= self.now
        if status == "X" and not passed and cause != "expired_by_staff":
            status = "E"
        outcome = self._outcome(number, lambda: self.oracle.edit(person, order, typed, status))
        if status == "X":
            person.cause, person.expired_at = cause, expired_at
        return outcome

    def _new_user(self, key: str) -> int:
        with self.workers[0].begin() as session:
            insert = """insert into users (tenant_id, key, name, email)
                values (:tenant_id, gen_random_uuid()::text, 'N', 'n@example.test') returning id"""
            found: int = session.execute(text(insert), {"tenant_id": self.school.tenant_ids[key]}).scalar_one()
        return found

    def _user_of(self, number: int) -> int:
        with self.workers[0]() as session:
            ((user,),) = rows(session, "select user_id from enrollment where id = :id", id=number)
        return int(user)


edits = st.fixed_dictionaries(
    {
        "picked": st.lists(picks, min_size=1, max_size=6),
        "key": keys,
        "order": orders,
        "order_pick": picks,
        "typed": dates,
        "ask": asks,
        "worker": workers,
        "job": st.booleans(),
    }
).map(lambda values: ("edited", values))
undos = st.fixed_dictionaries({"pick": picks, "worker": workers, "job": st.booleans()}).map(
    lambda values: ("taken_back", values)
)
enrollings = st.fixed_dictionaries(
    {
        "key": keys,
        "order": orders,
        "order_pick": picks,
        "typed": dates,
        "worker": workers,
        "again": st.lists(picks, max_size=2),
    }
).map(lambda values: ("users_enrolled", values))
meanwhile = st.one_of(
    st.builds(lambda pick: ("user_goes_or_comes_back", {"pick": pick}), picks),
    st.builds(lambda hours: ("time_passes", {"hours": hours, "sweep": False}), st.integers(1, 120)),
    st.builds(lambda key, seconds: ("a_day_ends", {"key": key, "seconds": seconds}), keys, st.integers(-1, 1)),
    st.builds(lambda pick, end: ("order_moves", {"pick": pick, "end": end}), picks, st.integers(-3, 5)),
    st.builds(lambda key, hours: ("pause", {"key": key, "hours": hours}), keys, st.none() | st.integers(1, 60)),
    st.builds(lambda key: ("resume", {"key": key}), keys),
    st.just(("sweep", {"worker": 0})),
)
STEPS = st.lists(st.one_of(edits, edits, undos, enrollings, meanwhile, meanwhile), min_size=4, max_size=14)


@pytest.fixture
def engines(database_url: str) -> Iterator[tuple[Engine, Engine]]:
    two = (make_engine(database_url, pool_size=1), make_engine(database_url, pool_size=1))
    yield two
    for engine in two:
        engine.dispose()


@effort(80)
@given(
    start=st.lists(st.tuples(picks, st.integers(0, 5)), min_size=4, max_size=6),
    typed=st.lists(st.none() | st.integers(-1, 4), min_size=2, max_size=8),
    steps=STEPS,
)
def test_an_edit_does_what_was_foreseen_and_what_the_domain_says(
    engines: tuple[Engine, Engine],
    start: list[tuple[int, int]],
    typed: list[int | None],
    steps: list[tuple[str, dict[str, Any]]],
) -> None:
    histories = type("Machine", (EditHistories,), {"engines": engines})()
    histories.begin(start, people=0)
    for number, day in enumerate(typed):
        histories.enroll(KEYS[number % 2], number, day, 0)
    for name, values in steps:
        getattr(histories, name)(**values)
        histories.engine_and_oracle_agree()
    histories.teardown()
