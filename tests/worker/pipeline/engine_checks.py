"""Comparing the database with the oracle: what readers see, what is stored, and what the events tell."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from domain_oracle import Terms
from guard_oracle import Oracle
from school import rows
from sqlalchemy import text
from sqlalchemy.orm import Session

STATE = ("sales_order_id", "expiration_date", "status", "expired_cause", "expired_at", "boundary")
AHEAD = (timedelta(0), timedelta(hours=7), timedelta(days=1), timedelta(days=9))


def check_all(session: Session, oracle: Oracle, tenant_ids: Mapping[str, int]) -> None:
    """Everything that must hold after each single step."""
    check_orders(session, oracle, tenant_ids)
    check_landing(session, oracle)
    check_people(session, oracle)
    check_readers(session, oracle)
    check_findable(session)


def must_equal(found: Mapping[Any, Any], expected: Mapping[Any, Any]) -> None:
    """Compare two mappings; an error names only what differs, as key: (found, expected)."""
    both = found.keys() | expected.keys()
    differing = {key: (found.get(key), expected.get(key)) for key in both if found.get(key) != expected.get(key)}
    assert not differing, f"found, expected: {differing}"


def check_orders(session: Session, oracle: Oracle, tenant_ids: Mapping[str, int]) -> None:
    query = "select tenant_id, id, customer_id, number, status, term_start, term_end, flag from sales_order"
    found = {(row[0], row[1]): Terms(*row[2:]) for row in rows(session, query)}
    expected = {(tenant_ids[key], order): terms for (key, order), terms in oracle.accepted.items()}
    must_equal(found, expected)
    held = rows(session, "select t.key from hold h join tenant t on t.id = h.tenant_id where h.state = 'open'")
    assert {key for (key,) in held} == {key for key, client in oracle.clients.items() if client.hold}
    query = """
        select t.key, i.order_id, i.customer_id, i.number, i.status, i.term_start, i.term_end, i.flag
        from hold_item i join hold h on h.id = i.hold_id join tenant t on t.id = h.tenant_id where h.state = 'open'
    """
    listed = {(row[0], row[1]): Terms(*row[2:]) for row in rows(session, query)}
    holds = {key: client.hold or {} for key, client in oracle.clients.items()}
    expected_list = {(key, order): terms for key, hold in holds.items() for order, terms in hold.items()}
    must_equal(listed, expected_list)


def check_landing(session: Session, oracle: Oracle) -> None:
    query = "select order_id, cast(cast(payload as json) ->> 'version' as int), gone from landing_order"
    found = {order: (version, gone) for order, version, gone in rows(session, query)}
    expected = {order: (landed.said.version, landed.gone) for order, landed in oracle.landed.items()}
    must_equal(found, expected)


def check_people(session: Session, oracle: Oracle) -> None:
    """Stored state equals the oracle's, but for expiries that nobody has written down yet."""
    found = stored(session)
    assert found.keys() == oracle.people.keys()
    for number, row in found.items():
        person = oracle.people[number]
        unwritten = row["status"] == "E" and person.status == "X"
        expected = {
            "sales_order_id": person.order,
            "expiration_date": person.typed,
            "boundary": oracle.boundary(person),
            "completed_modules": person.modules,
            "status": "E" if unwritten else person.status,
            "expired_cause": None if unwritten else person.cause,
            "expired_at": None if unwritten else person.expired_at,
            "version": person.changes - unwritten,
        }
        must_equal({name: row[name] for name in expected}, expected)
        assert not unwritten or row["boundary"] <= oracle.now


def stored(session: Session) -> dict[int, dict[str, Any]]:
    return {row["id"]: dict(row) for row in session.execute(text("select * from enrollment")).mappings()}


def check_readers(session: Session, oracle: Oracle) -> None:
    """What every surface reads, now and later, is what the oracle says, whatever was swept."""
    for now in (oracle.now + ahead for ahead in AHEAD):
        later = oracle.at(now)
        expected = {number: person.status for number, person in later.people.items()}
        must_equal(read(session, now), expected)


def read(session: Session, now: datetime) -> dict[int, str]:
    query = """
        select e.id, status_at(e.status, e.boundary, t.paused_at, t.pause_until, :now)
        from enrollment e join tenant t on t.id = e.tenant_id
    """
    return {row[0]: row[1] for row in rows(session, query, now=now)}


def check_findable(session: Session) -> None:
    """Whoever is E with a boundary is found by a sweep at that boundary."""
    lost = """
        select e.id from enrollment e
        where e.status = 'E' and e.boundary is not null and not exists (
            select from due_boundary b where b.tenant_id = e.tenant_id and b.at = e.boundary and b.open)
    """
    assert rows(session, lost) == []


def check_at_rest(session: Session, oracle: Oracle) -> None:
    """After a last sweep: nothing is unwritten, and the events tell the whole story."""
    assert {number: row["status"] for number, row in stored(session).items()} == {
        number: person.status for number, person in oracle.people.items()
    }
    check_events(session)


def check_events(session: Session) -> None:
    """Versions without a gap; each event's `before` is the state its forerunner left; the last is the present."""
    present = stored(session)
    history: dict[int, list[dict[str, Any]]] = {number: [] for number in present}
    query = text("select *, to_jsonb(v) as plain from enrollment_event v order by enrollment_id, version")
    for event in session.execute(query).mappings():
        history[event["enrollment_id"]].append(dict(event))
    for number, events in history.items():
        assert [event["version"] for event in events] == list(range(1, len(events) + 1))
        assert {name: events[-1][name] for name in STATE} == {name: present[number][name] for name in STATE}
        assert events[0]["before"] is None
        assert [event["at"] for event in events] == sorted(event["at"] for event in events)
        for old, new in pairwise(events):
            changed = {name: old["plain"][name] for name in STATE if old[name] != new[name]}
            assert explained(new["before"], new["status"]) == changed
            assert changed, "an event without a change"


def explained(before: dict[str, Any], status: str) -> dict[str, Any]:
    """`before` with what follows from an E or U before an X: there was neither cause nor time of expiry."""
    if status == "X" and before.get("status", "X") != "X":
        return {"expired_cause": None, "expired_at": None, **before}
    return before
