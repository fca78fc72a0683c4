"""Runs as a worker does them: whatever happens, the row says how it ended."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from dramatiq.middleware import TimeLimitExceeded
from prometheus_client import REGISTRY
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker

from connectors.errors import ConnectorError, OperatorMustAct
from connectors.mock_netsuite import MockConfig, serve
from connectors.netsuite import SalesOrders
from models import runs as statements
from models.sync_run import SyncRun
from worker.errors import TermsyncError
from worker.pipeline import runs
from worker.pipeline.guard import Thresholds
from worker.pipeline.scope import Scope
from worker.queue import runner
from worker.queue.resources import Resources
from worker.settings import Settings, load

ACCOUNT = "1234567"


class Unlucky(Resources):
    """Resources whose NetSuite reader cannot be had because of `error`."""

    error: BaseException | None = None

    def orders(self, run_id: int | None = None) -> SalesOrders:
        if self.error is not None:
            raise self.error
        return super().orders(run_id)


@pytest.fixture
def opened(database_url: str) -> Iterator[Callable[[Settings], Unlucky]]:
    made: list[Unlucky] = []

    def open_with(settings: Settings) -> Unlucky:
        resources = Unlucky()
        resources.configure(settings, database_url)
        resources.open("long", 1, None)
        made.append(resources)
        return resources

    yield open_with
    for resources in made:
        resources.close()


@pytest.fixture
def resources(opened: Callable[[Settings], Unlucky]) -> Unlucky:
    return opened(load(netsuite_account=ACCOUNT))


@pytest.fixture
def run_id(sessions: sessionmaker[Session]) -> int:
    with sessions.begin() as session:
        return runs.request_pull(session, Scope.parse("full"), "test")[0]


def _row(sessions: sessionmaker[Session], run_id: int) -> SyncRun:
    with sessions() as session:
        return session.get_one(SyncRun, run_id)


def test_a_run_without_login_settings_fails_with_the_code_on_its_row(
    resources: Unlucky, sessions: sessionmaker[Session], run_id: int
) -> None:
    with pytest.raises(OperatorMustAct):
        runner.perform(resources, run_id)
    row = _row(sessions, run_id)
    assert (row.state, row.error_code) == ("failed", "netsuite-login-missing")
    assert row.finished_at is not None


@pytest.mark.parametrize(
    "error",
    [OperationalError("select", {}, Exception("server closed the connection")), TimeLimitExceeded()],
)
def test_a_sound_run_that_was_interrupted_goes_back_to_the_queue(
    resources: Unlucky, sessions: sessionmaker[Session], run_id: int, error: BaseException
) -> None:
    resources.error = error
    with pytest.raises(type(error)):
        runner.perform(resources, run_id)
    row = _row(sessions, run_id)
    assert (row.state, row.worker_id) == ("queued", None)
    assert row.not_before is not None
    assert row.not_before > datetime.now(UTC) - timedelta(minutes=1)


def test_a_fault_of_the_program_fails_the_run_and_names_itself(
    resources: Unlucky, sessions: sessionmaker[Session], run_id: int
) -> None:
    resources.error = ZeroDivisionError("by\0zero")
    with pytest.raises(ZeroDivisionError):
        runner.perform(resources, run_id)
    row = _row(sessions, run_id)
    assert (row.state, row.error_code, row.error_detail) == (
        "failed",
        "internal-error",
        "ZeroDivisionError: byzero",
    )


def test_the_end_is_written_as_soon_as_the_database_answers_again(
    resources: Unlucky, sessions: sessionmaker[Session], run_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "DATABASE_SECONDS", 0.01)
    resources.error = ZeroDivisionError()
    outages = [OperationalError("update", {}, Exception("down")) for _ in range(3)]
    finish = runs.finish

    def unreliable(*arguments: object, **named: object) -> None:
        if outages:
            raise outages.pop()
        finish(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(runs, "finish", unreliable)
    with pytest.raises(ZeroDivisionError):
        runner.perform(resources, run_id)
    assert outages == []
    assert _row(sessions, run_id).state == "failed"


def test_a_run_of_a_kind_unknown_to_this_program_fails_and_says_so(
    resources: Unlucky, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        run_id, _ = statements.request(session, "dance", "waltz", "test")
    with pytest.raises(TermsyncError):
        runner.perform(resources, run_id)
    assert _row(sessions, run_id).error_code == "run-kind-unknown"


def test_a_run_that_somebody_else_holds_is_left_alone(
    resources: Unlucky, sessions: sessionmaker[Session], run_id: int
) -> None:
    resources.error = AssertionError("must not be asked")
    with sessions.begin() as session:
        assert runs.claim(session, run_id, resources.worker_id, datetime.now(UTC))
    runner.perform(resources, run_id)
    assert _row(sessions, run_id).epoch == 1


def test_an_error_after_the_run_was_taken_over_changes_nothing_on_its_row(
    resources: Unlucky, sessions: sessionmaker[Session], run_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def taken_over_meanwhile() -> SalesOrders:
        with sessions.begin() as session:
            session.execute(text("update sync_run set epoch = epoch + 1"))
        raise ZeroDivisionError

    monkeypatch.setattr(resources, "orders", taken_over_meanwhile)
    with pytest.raises(ZeroDivisionError):
        runner.perform(resources, run_id)
    row = _row(sessions, run_id)
    assert (row.state, row.error_code) == ("running", None)


def test_a_pull_from_the_mock_is_done_and_counted(
    opened: Callable[[Settings], Unlucky], sessions: sessionmaker[Session], run_id: int
) -> None:
    config = MockConfig(orders=30)
    before = _counted("new")
    with serve(config) as mock:
        resources = opened(
            load(
                netsuite_account=config.account,
                netsuite_base_url=mock.base_url,
                netsuite_consumer_key=config.consumer_key,
                netsuite_consumer_secret=config.consumer_secret,
                netsuite_token_id=config.token_id,
                netsuite_token_secret=config.token_secret,
            )
        )
        runner.perform(resources, run_id)
    row = _row(sessions, run_id)
    assert (row.state, row.outcome, row.counts["read"]) == ("done", "ok", 30)
    assert _counted("new") - before == 30


def _counted(outcome: str) -> float:
    labels = {"stream": "orders", "outcome": outcome}
    return REGISTRY.get_sample_value("termsync_rows_total", labels) or 0


def test_the_guards_thresholds_are_exactly_those_of_the_settings() -> None:
    limits = runner.thresholds(
        load(
            guard_min=7,
            guard_share=0.1,
            guard_orders_min=3,
            guard_orders_share=0.3,
            guard_horizon_days=1.5,
            guard_window_minutes=9,
        )
    )
    assert limits == Thresholds(7, Decimal("0.1"), 3, Decimal("0.3"), timedelta(hours=36), timedelta(minutes=9))


def test_pulls_are_made_by_the_settings_and_the_account_in_one_spelling() -> None:
    options = runner.pull_options(
        load(netsuite_account="1234567_sb1", slots=2, safety_seconds=30, overlap_seconds=60)
    )
    assert options.account == "1234567_SB1"
    assert (options.slots, options.safety, options.overlap) == (2, timedelta(seconds=30), timedelta(minutes=1))


def test_errors_on_the_row_are_those_of_connector_and_worker() -> None:
    assert set(runner.ON_THE_ROW) == {ConnectorError, TermsyncError, runs.RunLost}
