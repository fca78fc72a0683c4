"""Webhooks against a real receiver: order, signatures, failures, disabling, sending again."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from order_world import OrderWorld
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker
from webhook_receiver import Call, Receiver, Reply, receiving

from models import webhook_calls, webhook_listing
from models.enrollment_changes import Why
from worker import clock
from worker.errors import NotFound, SettingInvalid, TermsyncError
from worker.pipeline import webhooks
from worker.pipeline.webhooks import Wanted
from worker.pipeline.webhooks_secrets import keyring
from worker.pipeline.webhooks_sending import Calling, take_turn
from worker.queue import calling as means
from worker.settings import Settings, load

EVENT = text("""
insert into sales_order_event (
    order_id, tenant_id, at, actor, number_before, number_after, status_before, status_after, term_end_before,
    term_end_after
)
select 1, t.id, clock_timestamp(), 'test', 'SO1', 'SO1', 'A', 'B', date '2026-01-01', date '2027-01-01'
from tenant t, generate_series(1, :count) where t.key = :tenant
""")
SOON = 0.01  # seconds between attempts


@pytest.fixture
def settings() -> Settings:
    return load(
        secret_key="k" * 32,
        webhook_allow_networks="127.0.0.0/8",
        webhook_retry_seconds=SOON,
        webhook_attempts=3,
        webhook_timeout=5,
    )


@pytest.fixture
def calling(sessions: sessionmaker[Session], settings: Settings) -> Calling:
    with sessions.begin() as session:
        OrderWorld(session, "acme", "other", users=1)
    return means.made(sessions, settings)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


def happen(calling: Calling, count: int = 1, tenant: str = "acme") -> None:
    with calling.sessions.begin() as session:
        session.execute(EVENT, {"count": count, "tenant": tenant})


def do(calling: Calling, act: Callable[..., Any], *arguments: Any, **more: Any) -> Any:
    """`act(session, …, why)` in one transaction."""
    with calling.sessions.begin() as session:
        return act(session, *arguments, why=Why("staff:ada", clock.now(session)), **more)


def add(calling: Calling, url: str, name: str = "lms", **more: Any) -> str:
    wanted = Wanted(name, url, **more)
    secret: str = do(calling, webhooks.add, calling.settings, calling.keys(), wanted)
    return secret


def due(calling: Calling, later: timedelta = timedelta()) -> list[int]:
    with calling.sessions() as session:
        return [each.webhook_id for each in webhook_calls.due(session, clock.now(session) + later)]


def work(calling: Calling) -> None:
    """Everything that is due or will be within the pauses of the tests."""
    for _ in range(100):
        waiting = due(calling, timedelta(minutes=1))
        if not waiting:
            return
        for webhook_id in waiting:
            take_turn(calling, webhook_id)
    raise AssertionError("there is always something due")


def shown(calling: Calling, name: str = "lms") -> dict[str, Any]:
    with calling.sessions() as session:
        found = webhook_listing.one(session, name)
    assert found is not None
    return found


def calls_of(calling: Calling, state: str | None = None) -> list[dict[str, Any]]:
    with calling.sessions() as session:
        return webhook_listing.deliveries(session, shown(calling)["id"], state=state)


def all_events(calling: Calling) -> list[int]:
    with calling.sessions() as session:
        return list(session.execute(text("select id from sales_order_event order by id")).scalars())


def test_what_happens_is_told_in_order_and_signed(calling: Calling, receiver: Receiver) -> None:
    happen(calling)
    secret = add(calling, receiver.url)
    assert due(calling) == []
    happen(calling, 250)
    work(calling)
    assert receiver.event_ids() == all_events(calling)[1:]
    assert [len(call.events) for call in receiver.calls] == [100, 100, 50]
    assert all(call.is_signed_with(secret) for call in receiver.calls)
    other = add(calling, receiver.url, "second")
    assert not any(call.is_signed_with(other) for call in receiver.calls)
    age = datetime.now(UTC).timestamp() - int(receiver.calls[0].headers["webhook-timestamp"])
    assert abs(age) < 300
    event = receiver.calls[0].events[0]
    assert (event["kind"], event["tenant"], event["term_end"]) == ("sales_order.changed", "acme", "2027-01-01")
    assert {call["state"] for call in calls_of(calling)} == {"delivered"}
    assert due(calling) == []


def test_only_of_its_tenant_and_kinds(calling: Calling, receiver: Receiver) -> None:
    add(calling, receiver.url, tenant="acme")
    add(calling, receiver.url, "kinds", kinds=["enrollment.expired"])
    happen(calling, 3, "other")
    happen(calling, 2, "acme")
    happen(calling, 3, "other")
    work(calling)
    assert receiver.event_ids() == all_events(calling)[3:5]
    assert shown(calling)["behind"] == 0
    assert shown(calling, "kinds")["behind"] == 0


def test_it_may_begin_behind_an_earlier_event(calling: Calling, receiver: Receiver) -> None:
    happen(calling, 5)
    add(calling, receiver.url, after=all_events(calling)[1])
    work(calling)
    assert receiver.event_ids() == all_events(calling)[2:]
    with pytest.raises(TermsyncError) as unknown:
        add(calling, receiver.url, "future", after=10**9)
    assert unknown.value.code == "event-not-reached"


def test_nothing_under_way_is_left_out_when_it_begins_now(
    calling: Calling, receiver: Receiver, sessions: sessionmaker[Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    with sessions() as slow:
        slow.execute(EVENT, {"count": 1, "tenant": "acme"})
        happen(calling)
        with monkeypatch.context() as impatient:
            impatient.setattr(webhooks, "LONGEST_WAIT", 0)
            with pytest.raises(TermsyncError) as busy:
                add(calling, receiver.url)
        assert busy.value.code == "events-under-way"
        monkeypatch.setattr(webhooks, "sleep", lambda _seconds: slow.commit())
        add(calling, receiver.url)
        there = all_events(calling)
        assert len(there) == 2, "it was made when what was under way had come"
    happen(calling)
    work(calling)
    assert [*there, *receiver.event_ids()] == all_events(calling)


def test_a_call_that_fails_comes_again_before_what_follows(calling: Calling, receiver: Receiver) -> None:
    receiver.plan.extend([Reply(500, body=b"oops\0\x1b"), Reply(302, {"location": receiver.url})])
    add(calling, receiver.url)
    happen(calling)
    assert due(calling) == [shown(calling)["id"]]
    take_turn(calling, shown(calling)["id"])
    assert (shown(calling)["last_status"], shown(calling)["last_error"]) == (500, "HTTP 500: oops")
    assert shown(calling)["failing_since"] is not None
    happen(calling)
    work(calling)
    first, *again = [(call.id, call.body) for call in receiver.calls][:3]
    assert again == [first, first]
    assert list(dict.fromkeys(receiver.event_ids())) == all_events(calling)
    assert shown(calling)["failing_since"] is None


def test_the_pause_grows_and_a_receiver_may_ask_for_a_longer_one(calling: Calling, receiver: Receiver) -> None:
    pauses = [calling.pause(attempts).total_seconds() for attempts in range(1, 30)]
    assert SOON * 0.75 <= pauses[0] <= SOON * 1.25
    assert pauses[5] > 50 * pauses[0]
    assert max(pauses) <= timedelta(hours=7.5).total_seconds()
    receiver.plan.append(Reply(503, {"retry-after": "3600"}))
    add(calling, receiver.url)
    happen(calling)
    take_turn(calling, shown(calling)["id"])
    assert due(calling, timedelta(minutes=59)) == []
    assert due(calling, timedelta(minutes=61)) == [shown(calling)["id"]]


def test_after_the_last_attempt_a_call_is_dead_and_the_next_one_goes_out(
    calling: Calling, receiver: Receiver
) -> None:
    receiver.plan.extend([Reply(500)] * 3)
    add(calling, receiver.url)
    happen(calling)
    work(calling)
    (dead,) = calls_of(calling, "dead")
    assert dead["attempts"] == 3
    happen(calling)
    work(calling)
    assert receiver.event_ids()[-1] == all_events(calling)[-1]
    assert shown(calling)["dead"] == 1


def test_dead_calls_are_sent_again_one_or_all(calling: Calling, receiver: Receiver) -> None:
    receiver.plan.extend([Reply(500)] * 9)
    add(calling, receiver.url)
    for _ in range(3):
        happen(calling)
        work(calling)
    dead = calls_of(calling, "dead")
    assert len(dead) == 3
    receiver.calls.clear()
    assert do(calling, webhooks.replay, "lms", delivery_id=dead[2]["id"]) == 1
    work(calling)
    assert receiver.event_ids() == [dead[2]["first_event"]]
    assert do(calling, webhooks.replay, "lms") == 2
    work(calling)
    assert receiver.event_ids() == all_events(calling)
    assert do(calling, webhooks.replay, "lms") == 0
    with pytest.raises(NotFound):
        do(calling, webhooks.replay, "lms", delivery_id=dead[0]["id"])


def test_what_is_sent_again_does_not_hold_up_what_happens(calling: Calling, receiver: Receiver) -> None:
    receiver.plan.extend([Reply(500)] * 3)
    add(calling, receiver.url)
    happen(calling)
    work(calling)
    receiver.plan.append(Reply(500, {"retry-after": "3600"}))
    do(calling, webhooks.replay, "lms")
    take_turn(calling, shown(calling)["id"])
    happen(calling)
    work(calling)
    assert receiver.event_ids()[-1] == all_events(calling)[-1]
    assert shown(calling)["disabled_at"] is None


def test_a_receiver_that_is_gone_is_not_called_again(calling: Calling, receiver: Receiver) -> None:
    receiver.plan.append(Reply(410))
    add(calling, receiver.url)
    happen(calling, 2)
    work(calling)
    assert len(receiver.calls) == 1
    assert "410" in shown(calling)["disabled_because"]
    happen(calling)
    assert due(calling, timedelta(days=30)) == []
    assert do(calling, webhooks.enable, "lms") is True
    work(calling)
    assert receiver.event_ids()[2:] == all_events(calling), "from where it stopped"


def test_a_receiver_that_takes_nothing_is_disabled_in_the_end(calling: Calling, receiver: Receiver) -> None:
    receiver.usual = Reply(500)
    add(calling, receiver.url)
    for _ in range(7):
        happen(calling)
        work(calling)
    assert len(calls_of(calling, "dead")) == 5
    assert shown(calling)["disabled_by"] == "termsync"
    receiver.usual = Reply(200)
    do(calling, webhooks.enable, "lms")
    do(calling, webhooks.replay, "lms")
    work(calling)
    assert sorted(set(receiver.event_ids())) == all_events(calling)


def test_one_turn_at_a_time_and_a_lost_one_is_taken_over(calling: Calling, receiver: Receiver) -> None:
    add(calling, receiver.url)
    happen(calling)
    webhook_id = shown(calling)["id"]
    with calling.sessions.begin() as session:
        now = clock.now(session)
        lost = webhook_calls.claim(session, webhook_id, now, now + calling.claim)
        assert lost is not None
        message, _ = webhook_calls.next_message(session, lost, 10**6, now)
        assert message is not None
    assert due(calling) == []
    assert take_turn(calling, webhook_id) is False
    assert receiver.calls == []
    with calling.sessions.begin() as session:
        session.execute(text("update webhook set claimed_until = clock_timestamp()"))
    work(calling)
    assert receiver.event_ids() == all_events(calling)
    with calling.sessions.begin() as session:  # the worker that was given up writes down what it believes
        webhook_calls.failed(session, lost, message.delivery_id, "late", now)
    assert {call["state"] for call in calls_of(calling)} == {"delivered"}


def test_while_an_event_may_still_come_later_ones_wait(
    calling: Calling, receiver: Receiver, sessions: sessionmaker[Session]
) -> None:
    add(calling, receiver.url)
    with sessions() as slow:
        slow.execute(EVENT, {"count": 1, "tenant": "other"})
        happen(calling)
        take_turn(calling, shown(calling)["id"])
        assert receiver.calls == []
        slow.commit()
    work(calling)
    assert receiver.event_ids() == all_events(calling)


def test_two_secrets_are_good_beside_each_other_for_a_while(calling: Calling, receiver: Receiver) -> None:
    old = add(calling, receiver.url)
    with calling.sessions.begin() as session:
        why = Why("staff:ada", clock.now(session))
        new = webhooks.rotate(session, calling.keys(), "lms", why, timedelta(hours=1))
    happen(calling)
    work(calling)
    assert receiver.calls[0].is_signed_with(old)
    assert receiver.calls[0].is_signed_with(new)
    with calling.sessions.begin() as session:
        session.execute(text("update webhook set salt_before_until = clock_timestamp()"))
    happen(calling)
    work(calling)
    assert not receiver.calls[1].is_signed_with(old)
    assert receiver.calls[1].is_signed_with(new)


class Leaky(Receiver):
    """Has its secret changed, without overlap, while it is called for the first time."""

    def __init__(self, rotate: Callable[[], str]) -> None:
        super().__init__()
        self._rotate = rotate
        self.new = ""

    def take(self, call: Call) -> Reply:
        self.new = self.new or self._rotate()
        return super().take(call)


def test_a_secret_that_was_taken_back_signs_no_further_call_of_a_turn_under_way(calling: Calling) -> None:
    def rotate() -> str:
        secret: str = do(calling, webhooks.rotate, calling.keys(), "lms", overlap=timedelta())
        return secret

    with receiving(receiver=(leaky := Leaky(rotate))):
        old = add(calling, leaky.url)
        happen(calling, 250)
        work(calling)
    assert [call.is_signed_with(old) for call in leaky.calls] == [True, False, False]
    assert [call.is_signed_with(leaky.new) for call in leaky.calls] == [False, True, True]


def test_the_database_alone_tells_no_secret(calling: Calling, receiver: Receiver, settings: Settings) -> None:
    add(calling, receiver.url)
    with calling.sessions() as session:
        row = session.execute(text("select * from webhook")).mappings().one()
        acts = session.execute(text("select detail::text || subject from staff_action")).scalars().all()
    kept = b"".join(value for value in row.values() if isinstance(value, bytes)).hex() + str(dict(row)) + str(acts)
    assert "whsec_" not in kept
    other = settings.model_copy(update={"secret_key": SecretStr("x" * 32)})
    foreign = means.made(calling.sessions, other)
    happen(calling)
    take_turn(foreign, shown(calling)["id"])
    assert receiver.calls == [], "better no call than one that is signed wrongly"
    assert "another key" in shown(calling)["last_error"]


def test_a_key_is_made_beside_an_embedded_database_only(tmp_path: Path) -> None:
    beside = load(data_dir=tmp_path, database_url=None)
    assert keyring(beside, make=True).key == keyring(beside).key
    (file,) = tmp_path.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert repr(keyring(beside).key) not in repr(keyring(beside))
    elsewhere = load(data_dir=tmp_path / "none", database_url="postgresql://db/termsync")
    with pytest.raises(SettingInvalid):
        keyring(elsewhere, make=True)


def test_a_key_that_is_cut_off_makes_no_secrets(tmp_path: Path) -> None:
    """An empty key would sign what anybody can sign."""
    (tmp_path / "secret.key").write_bytes(b"")
    with pytest.raises(SettingInvalid) as refused:
        keyring(load(data_dir=tmp_path, database_url=None), make=True)
    assert "secret.key" in refused.value.message


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        (Wanted("-", "https://a.example"), "webhook-name-invalid"),
        (Wanted("lms", "https://a.example"), "webhook-name-taken"),
        (Wanted("new", "https://a.example:22"), "webhook-url-invalid"),
        (Wanted("new", "http://10.0.0.1/"), "webhook-address-refused"),
        (Wanted("new", "https://a.example", kinds=["all"]), "webhook-kind-unknown"),
        (Wanted("new", "https://a.example", tenant="nobody"), "tenant-unknown"),
    ],
)
def test_what_cannot_be_made(calling: Calling, receiver: Receiver, wanted: Wanted, code: str) -> None:
    add(calling, receiver.url)
    with pytest.raises(TermsyncError) as refused:
        do(calling, webhooks.add, calling.settings, calling.keys(), wanted)
    assert refused.value.code == code


def test_a_receiver_that_hangs_holds_up_no_other(calling: Calling, receiver: Receiver) -> None:
    with receiving(Reply(hang=True)) as hanging:
        add(calling, hanging.url, "hangs")
        add(calling, receiver.url)
        happen(calling)
        impatient = means.made(calling.sessions, calling.settings.model_copy(update={"webhook_timeout": 0.3}))
        assert take_turn(impatient, shown(calling, "hangs")["id"]) is False
        take_turn(calling, shown(calling)["id"])
        assert receiver.event_ids() == all_events(calling)
        assert "in time" in shown(calling, "hangs")["last_error"]


def test_taken_calls_are_forgotten_and_dead_ones_kept(calling: Calling, receiver: Receiver) -> None:
    receiver.plan.extend([Reply(500)] * 3)
    add(calling, receiver.url)
    for _ in range(2):
        happen(calling)
        work(calling)
    with calling.sessions.begin() as session:
        webhook_calls.forget_delivered(session, clock.now(session) + timedelta(days=8))
    assert [call["state"] for call in calls_of(calling)] == ["dead"]


def test_a_removed_one_is_forgotten_with_its_calls(calling: Calling, receiver: Receiver) -> None:
    add(calling, receiver.url)
    happen(calling)
    work(calling)
    do(calling, webhooks.remove, "lms")
    with calling.sessions() as session:
        assert session.execute(text("select count(*) from webhook_delivery")).scalar_one() == 0
    with pytest.raises(NotFound):
        do(calling, webhooks.disable, "lms")
