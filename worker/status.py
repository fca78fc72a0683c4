"""Whether all is well: one verdict, the facts behind it, and what to do next."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple

import redis
from sqlalchemy.orm import Session, sessionmaker

from models.overview import Overview, overview
from worker import clock, explain
from worker.queue.broker import CALLS, LONG, SHORT, connect_redis
from worker.settings import Settings

Verdict = Literal["OK", "LATE", "BROKEN"]
About = Literal["engine", "pulls", "expiry", "holds", "runs", "mails", "outbox", "webhooks", "calls"]

# Beside the seconds a pull keeps back for late commits and two turns of the poll.
LATE_SECONDS = 300.0
OVERDUE_LATE, OVERDUE_BROKEN = 60.0, 900.0
MAIL_LATE = 3600.0
# Six attempts have failed by then, and a receiver that was only started anew is back.
WEBHOOK_LATE = 900.0
_GRAVITY = {"BROKEN": 0, "LATE": 1}


class Problem(NamedTuple):
    """One thing that is wrong. BROKEN does not mend itself; LATE may, or waits for a decision."""

    verdict: Verdict
    what: str
    action: str
    about: About


@dataclass(frozen=True)
class Status:
    """Facts, and the problems among them, worst first. `messages` is None where Redis does not answer."""

    facts: Overview
    messages: int | None
    problems: tuple[Problem, ...]

    @property
    def verdict(self) -> Verdict:
        return self.problems[0].verdict if self.problems else "OK"

    @property
    def headline(self) -> str:
        if not self.problems:
            age = self.data_age
            return "OK" if age is None else f"OK: NetSuite is read up to {in_words(age)} ago."
        return f"{self.verdict}: {self.problems[0].what} {self.problems[0].action}"

    @property
    def data_age(self) -> float | None:
        """Seconds since the instant up to which NetSuite was read without a gap."""
        return _seconds(self.facts.watermark, self.facts.now)

    @property
    def overdue(self) -> float | None:
        """Seconds since the oldest boundary whose expiry is not written down yet."""
        return _seconds(self.facts.overdue_since, self.facts.now)

    def document(self) -> dict[str, Any]:
        """All of it as plain values."""
        return {
            "verdict": self.verdict,
            "headline": self.headline,
            "data_age_seconds": self.data_age,
            "overdue_seconds": self.overdue,
            "messages": self.messages,
            **asdict(self.facts),
            "problems": [problem._asdict() for problem in self.problems],
        }

    def lines(self) -> list[tuple[str, object, str]]:
        """(what, value, note) for people."""
        facts = self.facts
        messages = "Redis does not answer" if self.messages is None else f"{self.messages:,} messages"
        return [
            ("NetSuite account", facts.netsuite_account, "" if facts.netsuite_account else "no run yet"),
            ("data age", None if self.data_age is None else in_words(self.data_age), _pull(facts)),
            ("oldest overdue expiry", "none" if self.overdue is None else in_words(self.overdue), ""),
            ("queue", facts.queued_runs + facts.tenants_due, f"{facts.queued_runs} runs, {messages}"),
            ("running", facts.running_runs, ""),
            ("workers alive", facts.workers, ""),
            ("open holds", facts.open_holds, _see(facts.open_holds, "termsync hold list")),
            ("rejected rows", facts.rejected_rows, _see(facts.rejected_rows, "termsync rejects list")),
            ("unmatched customers", facts.unmatched_customers, _see(facts.unmatched_customers, UNMATCHED)),
            ("flagged orders", facts.flagged_orders, "cancelled, deleted, missing or moved; nobody expired by it"),
            ("paused tenants", facts.paused_tenants, _see(facts.paused_tenants, "termsync tenant list")),
            ("failed runs, last day", facts.failed_runs, _see(facts.failed_runs, "termsync run list")),
            ("quarantined runs, last day", facts.quarantined_runs, _see(facts.quarantined_runs, QUARANTINED)),
            ("mails waiting", facts.mails_waiting, _see(facts.mails_waiting, WAITING)),
            ("mails parked", facts.mails_parked, _see(facts.mails_parked, PARKED)),
            ("webhooks", facts.webhooks, _failing(facts)),
            ("webhooks disabled by termsync", facts.webhooks_disabled, _see(facts.webhooks_disabled, WEBHOOKS)),
            ("dead calls of webhooks", facts.dead_calls, _see(facts.dead_calls, WEBHOOKS)),
        ]


UNMATCHED = "termsync tenant unmatched"
PARKED, WAITING = "termsync mail list --state parked", "termsync mail list --state queued"
WEBHOOKS = "termsync webhook list"
QUARANTINED = "termsync run list --state quarantined"


def read(sessions: sessionmaker[Session], redis_url: str | None, settings: Settings) -> Status:
    """The status now, by the database's clock."""
    with sessions() as session:
        facts = overview(session, clock.now(session))
    messages = _messages(redis_url)
    found = [
        *_of_engine(facts, messages),
        *_of_pulls(facts, settings),
        *_of_expiry(facts),
        *_of_people(facts),
        *_of_mails(facts, settings),
        *of_webhooks(facts),
        *of_callers(facts, settings),
    ]
    return Status(facts, messages, tuple(sorted(found, key=lambda problem: _GRAVITY[problem.verdict])))


def _messages(redis_url: str | None) -> int | None:
    if redis_url is None:
        return None
    try:
        with connect_redis(redis_url, timeout=3) as client:
            return sum(int(client.hlen(f"dramatiq:{queue}.msgs")) for queue in (SHORT, LONG, CALLS))
    except redis.RedisError:
        return None


def _of_engine(facts: Overview, messages: int | None) -> list[Problem]:
    found = []
    if not facts.workers:
        action = "Start `termsync up`, or a worker and a scheduler."
        found.append(Problem("BROKEN", "No worker is alive.", action, "engine"))
    if messages is None:
        found.append(
            Problem(
                "BROKEN",
                "Redis does not answer, so workers are not rung.",
                "Check REDIS_URL and its server.",
                "engine",
            )
        )
    return found


def _of_pulls(facts: Overview, settings: Settings) -> list[Problem]:
    if facts.last_pull_state in {"failed", "quarantined"}:
        known = explain.find(facts.last_pull_error or "")
        what = f"The last pull, run {facts.last_pull_id}, {facts.last_pull_state}: {facts.last_pull_error_detail}"
        remedy = known.remedy if known else "See the worker's log."
        return [Problem("BROKEN", what.rstrip(".") + ".", remedy, "pulls")]
    if facts.watermark is None:
        action = "Set NETSUITE_ACCOUNT and its login, then `termsync sync --full --wait`."
        return [Problem("LATE", "NetSuite was never read to its end.", action, "pulls")]
    age = (facts.now - facts.watermark).total_seconds()
    if age > late_after(settings):
        action = "See `termsync run list`, then `termsync sync --wait`."
        return [Problem("LATE", f"NetSuite was last read {in_words(age)} ago.", action, "pulls")]
    return []


def late_after(settings: Settings) -> float:
    """Seconds after which data count as late."""
    return settings.safety_seconds + 2 * settings.poll_seconds + LATE_SECONDS


def _of_expiry(facts: Overview) -> list[Problem]:
    overdue = _seconds(facts.overdue_since, facts.now)
    if overdue is None or overdue <= OVERDUE_LATE:
        return []
    what = f"An expiry is overdue by {in_words(overdue)}; readers see it, its row is not written."
    verdict: Verdict = "BROKEN" if overdue > OVERDUE_BROKEN else "LATE"
    return [Problem(verdict, what, "Run `termsync expire`.", "expiry")]


def _of_people(facts: Overview) -> list[Problem]:
    found = []
    if facts.open_holds:
        what = f"{_many(facts.open_holds, 'hold waits', 'holds wait')} for a person."
        found.append(Problem("LATE", what, "Decide: `termsync hold list`.", "holds"))
    if facts.quarantined_runs:
        found.append(
            Problem(
                "LATE",
                f"{_many(facts.quarantined_runs, 'run was', 'runs were')} set aside.",
                f"See `{QUARANTINED}`, then retry.",
                "runs",
            )
        )
    return found


def _of_mails(facts: Overview, settings: Settings) -> list[Problem]:
    found = []
    if facts.mails_parked:
        action = f"See why: `{PARKED}`; then `termsync mail retry`."
        found.append(
            Problem("LATE", f"{_many(facts.mails_parked, 'mail is', 'mails are')} parked.", action, "mails")
        )
    waited = _seconds(facts.mails_waiting_since, facts.now)
    if waited is not None and not _mails_go(settings):
        action = "Set TERMSYNC_SMTP_HOST and TERMSYNC_MAIL_FROM; they are then sent by themselves."
        found.append(
            Problem(
                "LATE",
                f"{_many(facts.mails_waiting, 'mail waits', 'mails wait')}, and no mail server is set.",
                action,
                "outbox",
            )
        )
    elif waited is not None and waited > MAIL_LATE:
        action = f"See why: `{WAITING}`; try `termsync mail test --to ADDRESS`."
        found.append(Problem("LATE", f"A mail has waited for {in_words(waited)}.", action, "outbox"))
    return found


def _mails_go(settings: Settings) -> bool:
    return settings.smtp_host is not None and settings.mail_from is not None


def of_webhooks(facts: Overview) -> list[Problem]:
    """What is wrong with webhooks. One that a person disabled is meant to be."""
    found = []
    if facts.webhooks_disabled:
        name, number = facts.webhook_disabled, facts.webhooks_disabled
        which = (
            f"The webhook {name} is disabled" if number == 1 else f"{number:,} webhooks are disabled, {name} first"
        )
        action = (
            f"Try `termsync webhook test {name}`, then `termsync webhook enable {name}`;"
            f" to leave it so, `termsync webhook disable {name}`."
        )
        found.append(Problem("LATE", f"{which}: {facts.webhook_disabled_because}", action, "webhooks"))
    failing = _seconds(facts.webhook_failing_since, facts.now)
    if failing is not None and failing > WEBHOOK_LATE:
        what = f"The webhook {facts.webhook_failing} has failed for {in_words(failing)}."
        action = f"See why: `{WEBHOOKS}`; try `termsync webhook test {facts.webhook_failing}`."
        found.append(Problem("LATE", what, action, "calls"))
    if facts.dead_calls:
        name = facts.webhook_with_dead_calls
        action = f"See why: `termsync webhook calls {name} --state dead`; then `termsync webhook replay {name}`."
        found.append(Problem("LATE", f"The webhook {name} has dead calls.", action, "calls"))
    return found


def of_callers(facts: Overview, settings: Settings) -> list[Problem]:
    """Whether nobody takes what waits in the queue calls, though other workers are alive."""
    mails = facts.mails_waiting if _mails_go(settings) else 0
    waiting = [
        (facts.webhooks, f"{_many(facts.webhooks, 'webhook is', 'webhooks are')} not called"),
        (mails, f"{_many(mails, 'mail is', 'mails are')} not sent"),
    ]
    words = ", ".join(words for number, words in waiting if number)
    if facts.calling_workers or not facts.workers or not words:
        return []
    what = f"No live worker takes the queue calls: {words}."
    return [Problem("BROKEN", what, "Start `termsync worker --queue calls`.", "engine")]


def _failing(facts: Overview) -> str:
    return f"{facts.webhook_failing} fails: `{WEBHOOKS}`" if facts.webhook_failing else ""


def _many(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def _pull(facts: Overview) -> str:
    if facts.last_pull_id is None:
        return "no pull has ended yet"
    return f"last pull: run {facts.last_pull_id}, {facts.last_pull_state}"


def _see(count: int, command: str) -> str:
    return f"`{command}`" if count else ""


def _seconds(since: datetime | None, now: datetime) -> float | None:
    return None if since is None else (now - since).total_seconds()


def in_words(seconds: float) -> str:
    """A length of time as people say it: `8 s`, `4 min`, `3 h 20 min`, `2 d 4 h`."""
    whole = max(0, round(seconds))
    if whole < 100:
        return f"{whole} s"
    if whole < 100 * 60:
        return f"{whole // 60} min"
    if whole < 48 * 3600:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"{whole // 86400} d {whole % 86400 // 3600} h"
