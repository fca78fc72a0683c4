"""What the people of the demo do, one after the other, in a thread beside the screen."""

import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session, sessionmaker

from models import listings
from models.enrollment_changes import Why
from models.roster import User
from worker import clock
from worker.demo import people, roster
from worker.demo.account import RecordApi
from worker.demo.desk import SalesDesk
from worker.demo.world import CLIENTS, UNMATCHED, Client
from worker.errors import TermsyncError
from worker.pipeline import holds, reconcile, runs, tenants
from worker.pipeline.guard import Thresholds
from worker.pipeline.roster import RosterImport
from worker.pipeline.scope import Scope
from worker.queue import doorbell

Say = Callable[[str, str, str], None]
ACTION_SECONDS = 1.5  # at speed 1
DECIDE_SECONDS = 12.0  # how long a hold waits for its person, at speed 1
MAP_AFTER = 6  # actions of the desk until somebody maps a waiting customer
PAUSE_EVERY, PAUSE_SECONDS = 20, 12  # actions; at speed 1
PATIENCE = 60.0
ASKED_BY = "demo"


class Director(threading.Thread):
    """Pulls everything, imports the roster, then sells and decides until stopped. `say`: client, kind, text."""

    def __init__(
        self, engine: Engine, api: RecordApi, folder: Path, say: Say, *, seed: int, speed: float, today: date
    ) -> None:
        super().__init__(name="demo", daemon=True)
        self._engine = engine
        self._sessions: sessionmaker[Session] = sessionmaker(engine, expire_on_commit=False)
        self._api = api
        self._folder = folder
        self._say = say
        self._seed = seed
        self._speed = speed
        self._today = today
        self._dice = random.Random(seed)  # noqa: S311  (a play, not a secret)
        self._stopping = threading.Event()
        self.error: Exception | None = None

    def stop(self) -> None:
        self._stopping.set()

    def run(self) -> None:
        try:
            self._play()
        except Exception as error:
            self.error = error

    def _play(self) -> None:
        self._pull_everything()
        if not self._stopping.is_set():
            self._import_roster()
        desk = SalesDesk(self._api, self._today, self._seed, lambda client, what: self._say(client, "sales", what))
        actions = 0
        while not self._stopping.wait(ACTION_SECONDS / self._speed):
            desk.act(self._quiet_clients())
            actions += 1
            self._decide(desk)
            if actions == MAP_AFTER:
                self._map_a_customer()
            if actions % PAUSE_EVERY == PAUSE_EVERY // 2:
                self._pause_a_client(desk)

    def _quiet_clients(self) -> list[Client]:
        """Clients none of whose changes wait for a person: whoever sells to the others waits too."""
        with self._sessions() as session:
            held = {row["tenant"] for row in listings.holds(session)}
        return [client for client in CLIENTS if client.key not in held]

    def _pull_everything(self) -> None:
        self._say("", "note", "a full pull of the account is asked for")
        with self._sessions.begin() as session:
            run_id, _ = runs.request_pull(session, Scope.parse("full"), ASKED_BY)
        doorbell.ring_run(run_id)
        deadline = time.monotonic() + PATIENCE
        while not self._stopping.wait(0.1):
            with self._sessions() as session:
                row = listings.run(session, run_id)
            if row is not None and row["finished_at"]:
                break
            if time.monotonic() > deadline:
                raise TermsyncError(
                    "demo-not-started",
                    f"The first pull has not ended in {PATIENCE:g} s.",
                    f"Look into {self._folder / 'demo.log'}, then start the demo again.",
                )

    def _import_roster(self) -> None:
        with self._sessions() as session:
            if session.execute(select(func.count()).select_from(User)).scalar_one():
                return  # kept from an earlier demo
            file = self._folder / "roster.csv"
            roster.write(file, session, self._today, self._seed)
        imported = RosterImport(self._engine, ASKED_BY).run(file)
        counts = imported.counts
        taken = f"{counts.users_new} users, {counts.enrolled} enrollments, {imported.bad} bad lines"
        self._say("", "note", f"roster.csv is imported: {taken}")
        self._let_people_in()

    def _let_people_in(self) -> None:
        with self._sessions.begin() as session:
            people.let_in(session, CLIENTS[0].key, Why("demo", clock.now(session)))
        for line in people.words():
            self._say("", "note", line)

    def _map_a_customer(self) -> None:
        client, customer = self._dice.choice(CLIENTS), self._dice.choice(UNMATCHED)
        with self._sessions.begin() as session:
            tenant = tenants.find(session, client.key)
            why = Why("admin team", clock.now(session))
            due = tenants.map_customer(session, tenant.id, customer, why)
            reconcile.reconcile_tenant(session, tenant.id, Thresholds(), why)
        self._say(client.key, "note", f"the Admin team maps customer {customer}: its {due} orders come in")

    def _pause_a_client(self, desk: SalesDesk) -> None:
        """What is shortened in a pause expires when it ends: the sweep sees to that."""
        clients = self._quiet_clients()
        if not clients:
            return
        client, seconds = self._dice.choice(clients), PAUSE_SECONDS / self._speed
        with self._sessions.begin() as session:
            why = Why("ops", clock.now(session))
            until = why.now + timedelta(seconds=seconds)
            tenants.pause(session, tenants.find(session, client.key).id, why, "the client asked for time", until)
        self._say(client.key, "note", f"ops pauses expiry for {seconds:.0f} s")
        desk.shorten(client)

    def _decide(self, desk: SalesDesk) -> None:
        """Holds are rejected and approved in turn, after somebody has had time to read them."""
        with self._sessions() as session:
            now = clock.now(session)
            waiting = [
                row
                for row in listings.holds(session)
                if (now - row["opened_at"]).total_seconds() > DECIDE_SECONDS / self._speed
            ]
        for row in waiting:
            mistake = row["id"] % 2 == 1
            with suppress(TermsyncError), self._sessions.begin() as session:  # a newer list may have replaced it
                why = Why("ops", clock.now(session))
                if mistake:
                    holds.reject(session, row["id"], why, "a mass update by mistake")
                else:
                    holds.approve(session, row["id"], why, "confirmed with the client")
            if mistake:
                desk.set_right(row["tenant"])
