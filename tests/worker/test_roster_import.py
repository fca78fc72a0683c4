"""Roster files: what comes in, what is refused and why, and that a second import changes nothing."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session, sessionmaker

from models.enrollment_changes import Why
from models.sales_order import SalesOrder
from worker import clock
from worker.errors import TermsyncError
from worker.pipeline import roster, tenants
from worker.pipeline.roster import Imported, RosterImport
from worker.pipeline.roster_codes import CODES
from worker.pipeline.roster_file import COLUMNS, BadLine

TODAY = datetime.now(UTC).date()
NEXT_YEAR = TODAY + timedelta(days=365)
HEADER = ",".join(COLUMNS)

Import = Callable[..., tuple[Imported, list[BadLine]]]


@pytest.fixture
def import_(tmp_path: Path, database: Engine) -> Import:
    """Imports rows of {column: cell}; returns what was done and what was not taken."""

    def run(*rows: dict[str, str], raw: str | bytes = "") -> tuple[Imported, list[BadLine]]:
        path = tmp_path / "roster.csv"
        lines = [",".join(row.get(column, "") for column in COLUMNS) for row in rows]
        content = "\n".join([HEADER, *lines]) + "\n"
        path.write_bytes(content.encode() + (raw.encode() if isinstance(raw, str) else raw))
        bad: list[BadLine] = []
        return RosterImport(database, "test").run(path, bad.extend), bad

    return run


@pytest.fixture
def acme(sessions: sessionmaker[Session]) -> str:
    """A tenant with orders: 1 current, 2 ended, 3 pending, 4 cancelled, 5 and 6 of one number, 7 without end."""
    with sessions.begin() as session:
        tenant, _ = tenants.add(session, "acme", "Acme", Why("test", clock.now(session)), "Europe/Berlin")
        for order_id, number, status, end, flag in (
            (1, "SO1", "B", NEXT_YEAR, None),
            (2, "SO2", "B", TODAY - timedelta(days=10), None),
            (3, "SO3", "A", NEXT_YEAR, None),
            (4, "SO4", "C", NEXT_YEAR, "cancelled"),
            (5, "SO5", "B", NEXT_YEAR, None),
            (6, "SO5", "B", NEXT_YEAR, None),
            (7, "SO7", "B", None, None),
        ):
            _order(session, tenant.id, order_id, number, status, end, flag)
    return "acme"


def _order(session: Session, tenant_id: int, order_id: int, number: str, status: str, end: Any, flag: Any) -> None:
    now = clock.now(session)
    session.add(
        SalesOrder(
            id=order_id,
            tenant_id=tenant_id,
            customer_id=1,
            number=number,
            status=status,
            term_start=TODAY - timedelta(days=100),
            term_end=end,
            flag=flag,
            flagged_at=now if flag else None,
            modified_at=now,
            accepted_at=now,
        )
    )


def _person(user: str = "u1", **cells: str) -> dict[str, str]:
    return {"tenant": "acme", "user": user, "name": f"Name of {user}", "email": f"{user}@x.example", **cells}


def _enrolled(user: str = "u1", **cells: str) -> dict[str, str]:
    return _person(user, course="safety", version="1", **cells)


def _enrollment(session: Session, user: str = "u1") -> Any:
    return session.execute(
        text("""
        select e.*, o.number from enrollment e join users u on u.id = e.user_id
        left join sales_order o on o.id = e.sales_order_id and o.tenant_id = e.tenant_id
        where u.key = :user
        """),
        {"user": user},
    ).one()


def _count(session: Session, table: str) -> int:
    found: int = session.execute(text(f"select count(*) from {table}")).scalar_one()
    return found


TABLES = ("users", "user_group", "group_member", "course", "course_version", "module", "enrollment")


def _everything(sessions: sessionmaker[Session]) -> dict[str, list[Any]]:
    """All rows that an import writes, with the transactions that wrote them."""
    with sessions() as session:
        return {
            table: [
                tuple(row) for row in session.execute(text(f"select xmin::text, * from {table} order by 2, 3"))
            ]
            for table in (*TABLES, "enrollment_event", "due_boundary")
        }


def test_a_file_brings_in_all_it_names(import_: Import, acme: str, session: Session) -> None:
    done, bad = import_(
        _enrolled(
            "boss",
            groups="North;South",
            title="Safety first",
            modules="One;Two;Three",
            sales_order="SO1",
            completed_modules="2",
        ),
        _enrolled("u1", manager="boss", groups="North", expiration_date="2099-12-31"),
        _person("u2", active="no", manager="boss"),
    )
    assert bad == []
    counts = done.counts
    assert (done.lines, done.tenants, counts.users_new, counts.enrolled, counts.courses_new) == (3, 1, 3, 2, 1)
    users = session.execute(
        text("""
        select u.key, u.active, m.key, array(
            select g.name from group_member gm join user_group g on g.id = gm.group_id
            where gm.user_id = u.id order by 1)
        from users u left join users m on m.id = u.manager_id order by u.key
        """)
    ).all()
    assert users == [
        ("boss", True, None, ["North", "South"]),
        ("u1", True, "boss", ["North"]),
        ("u2", False, "boss", []),
    ]
    boss = _enrollment(session, "boss")
    assert (boss.status, boss.number, boss.completed_modules, boss.expiration_date) == ("E", "SO1", 2, None)
    assert boss.boundary.astimezone(UTC).date() == NEXT_YEAR  # midnight in Berlin is the evening before in UTC
    assert _enrollment(session, "u1").expiration_date.isoformat() == "2099-12-31"
    assert session.execute(text("select title from module order by position")).scalars().all() == [
        "One",
        "Two",
        "Three",
    ]
    assert session.execute(text("select title from course_version")).scalar_one() == "Safety first"


def test_the_same_file_twice_writes_no_row(import_: Import, acme: str, sessions: sessionmaker[Session]) -> None:
    rows = [
        _enrolled("u1", sales_order="SO1", manager="u2", groups="A;B", modules="a;b", completed_modules="1"),
        _enrolled("u2", expiration_date="2001-01-01"),
        _enrolled("u3", status="U"),
        _enrolled("u4", sales_order="SO1", status="X"),
        _enrolled("u5", active="no", sales_order="SO7"),
        _enrolled("u6", sales_order="SO2"),
    ]
    _, first = import_(*rows)
    before = _everything(sessions)
    done, second = import_(*rows)
    assert _everything(sessions) == before
    assert (done.counts.enrolled, done.counts.changed, done.counts.users_changed) == (0, 0, 0)
    assert first == second
    assert [line.code for line in first] == ["order-not-selectable"]


def test_what_is_enrolled_has_the_status_that_its_dates_say(import_: Import, acme: str, session: Session) -> None:
    import_(
        _enrolled("past", expiration_date="2001-01-01", sales_order="SO1"),
        _enrolled("out", status="U"),
        _enrolled("closed", status="X", sales_order="SO1"),
        _enrolled("endless", sales_order="SO7"),
    )
    past, out, closed, endless = (_enrollment(session, user) for user in ("past", "out", "closed", "endless"))
    assert (past.status, past.expired_cause) == ("X", "manual_date")
    assert (out.status, closed.status, closed.expired_cause) == ("U", "X", "expired_by_staff")
    assert (endless.status, endless.boundary) == ("E", None)
    versions = {row.id: row.version for row in (past, out, closed, endless)}
    events = session.execute(text("select enrollment_id, count(*), max(version) from enrollment_event group by 1"))
    assert {row[0]: (row[1], row[2]) for row in events} == {key: (n, n) for key, n in versions.items()}


def test_another_order_clears_the_typed_date_and_the_same_keeps_it(
    import_: Import, acme: str, session: Session
) -> None:
    import_(_enrolled(sales_order="SO1", expiration_date="2090-01-01"))
    import_(_enrolled(sales_order="SO1"))
    assert _enrollment(session).expiration_date is not None
    session.rollback()
    done, _ = import_(_enrolled(sales_order="SO7"))
    changed = _enrollment(session)
    assert (changed.number, changed.expiration_date, changed.boundary) == ("SO7", None, None)
    assert done.counts.changed == 1
    session.rollback()
    import_(_enrolled(sales_order="SO1", expiration_date="2091-01-01"))
    assert str(_enrollment(session).expiration_date) == "2091-01-01"
    session.rollback()
    import_(_enrolled(sales_order="-", expiration_date="-"))
    bare = _enrollment(session)
    assert (bare.number, bare.expiration_date, bare.boundary, bare.status) == (None, None, None, "E")


def test_empty_cells_leave_everything_as_it_is(
    import_: Import, acme: str, sessions: sessionmaker[Session]
) -> None:
    import_(_enrolled(sales_order="SO1", groups="A", manager="u2", active="no"), _person("u2"))
    before = _everything(sessions)
    _, bad = import_({"tenant": "acme", "user": "u1", "course": "safety", "version": "1"})
    assert bad == []
    assert _everything(sessions) == before


def test_dashes_take_away(import_: Import, acme: str, session: Session) -> None:
    import_(_person(groups="A;B", manager="u2"), _person("u2"))
    import_({"tenant": "acme", "user": "u1", "groups": "-", "manager": "-"})
    assert _count(session, "group_member") == 0
    assert session.execute(text("select manager_id from users where key = 'u1'")).scalar_one() is None


def test_an_order_that_has_ended_since_stays_where_it_is(import_: Import, acme: str, session: Session) -> None:
    import_(_enrolled(sales_order="SO1"))
    with session.begin():
        session.execute(text("update sales_order set flag = 'cancelled', flagged_at = now() where id = 1"))
    done, bad = import_(_enrolled(sales_order="SO1", completed_modules="3"))
    assert (bad, done.counts.changed, done.counts.progress) == ([], 0, 1)
    assert _enrollment(session).completed_modules == 3


def test_progress_is_no_event(import_: Import, acme: str, session: Session) -> None:
    import_(_enrolled(completed_modules="1"))
    import_(_enrolled(completed_modules="2"))
    assert (_enrollment(session).completed_modules, _enrollment(session).version) == (2, 1)
    assert _count(session, "enrollment_event") == 1


def test_an_inactive_user_keeps_the_enrollments_they_have(import_: Import, acme: str, session: Session) -> None:
    import_(_enrolled(sales_order="SO1", active="no"))
    done, bad = import_(
        _enrolled(sales_order="SO7"),
        _person(course="data", version="1"),
        _person("u9", course="data", version="1"),
    )
    assert [(line.line, line.field, line.value, line.code) for line in bad] == [
        (2, "user", "u1", "user-inactive"),
        (3, "user", "u1", "user-inactive"),
    ]
    assert (done.counts.enrolled, _enrollment(session).number) == (1, "SO1")
    session.rollback()
    _, bad = import_(_enrolled(sales_order="SO7", active="yes"))
    assert (bad, _enrollment(session).number) == ([], "SO7")


def test_reinstating_and_unenrolling_by_file(import_: Import, acme: str, session: Session) -> None:
    import_(_enrolled(expiration_date="2001-01-01"))
    done, _ = import_(_enrolled(sales_order="SO1"))
    assert (done.counts.reinstated, _enrollment(session).status) == (1, "E")
    session.rollback()
    import_(_enrolled(status="U"))
    import_(_enrolled(sales_order="SO7"))
    assert _enrollment(session).status == "U"
    session.rollback()
    import_(_enrolled(status="E"))
    assert _enrollment(session).status == "E"


def test_every_reason_to_refuse_a_line(import_: Import, acme: str) -> None:
    import_(_enrolled("idle", active="no", modules="a;b"))
    refused = {
        "line-tenant-unknown": {**_person("a"), "tenant": "nobody"},
        "value-missing": {"tenant": "acme"},
        "key-unusable": _person("a/b"),
        "value-too-long": _person("b", name="x" * 501),
        "text-unstorable": _person("c", name="x\0y"),
        "yes-or-no-unreadable": _person("d", active="perhaps"),
        "calendar-date-unreadable": _enrolled("e", expiration_date="2026-02-30"),
        "modules-unreadable": _enrolled("f", completed_modules="-1"),
        "status-unknown": _enrolled("g", status="Z"),
        "course-incomplete": _person("h", course="safety"),
        "manager-is-self": _person("i", manager="i"),
        "user-incomplete": {"tenant": "acme", "user": "j", "name": "J"},
        "manager-unknown": _person("k", manager="nobody"),
        "user-inactive": _enrolled("idle", sales_order="SO1"),
        "order-not-of-tenant": _enrolled("l", sales_order="SO99"),
        "order-ambiguous": _enrolled("m", sales_order="SO5"),
        "order-not-selectable": _enrolled("n", sales_order="SO2"),
        "completed-modules-too-many": _enrolled("o", completed_modules="3"),
    }
    done, bad = import_(*refused.values(), _enrolled("good"), _enrolled("good"), raw="acme,short\n")
    expected = dict(zip(range(2, 2 + len(refused)), refused, strict=True))
    expected |= {len(refused) + 3: "enrollment-repeated", len(refused) + 4: "line-unreadable"}
    assert {line.line: line.code for line in bad} == expected
    assert set(expected.values()) | {"roster-header-invalid"} == set(CODES)
    assert done.counts.enrolled == 1
    assert all(line.remedy and line.detail for line in bad)
    ambiguous = next(line for line in bad if line.code == "order-ambiguous")
    assert "5, 6" in ambiguous.detail


@pytest.mark.parametrize(
    ("number", "why"), [("SO2", "ended on"), ("SO3", "pending approval"), ("SO4", "cancelled")]
)
def test_orders_that_cannot_be_chosen(import_: Import, acme: str, session: Session, number: str, why: str) -> None:
    _, bad = import_(_enrolled(sales_order=number))
    assert [(line.value, why in line.detail) for line in bad] == [(number, True)]
    assert (_count(session, "users"), _count(session, "enrollment")) == (1, 0)


def test_grace_keeps_an_ended_order_selectable(
    import_: Import, acme: str, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        tenant = tenants.find(session, acme)
        tenants.change(session, tenant.id, Why("test", clock.now(session)), grace_days=30)
    _, bad = import_(_enrolled(sales_order="SO2"))
    assert bad == []


def test_orders_of_another_tenant_are_not_seen(
    import_: Import, acme: str, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        other, _ = tenants.add(session, "other", "Other", Why("test", clock.now(session)))
        _order(session, other.id, 50, "SO50", "B", NEXT_YEAR, None)
    _, bad = import_(_enrolled(sales_order="SO50"), {**_enrolled("v", sales_order="SO50"), "tenant": "other"})
    assert [(line.line, line.code) for line in bad] == [(2, "order-not-of-tenant")]


def test_files_that_are_no_roster(tmp_path: Path, database: Engine, session: Session) -> None:
    for content in (
        b"",
        b"user,name\n",
        b"tenant,user,colour\n",
        b"tenant,user,user\n",
        b"\xff\xfe\x00",
        b"PK\x03\x04",
    ):
        path = tmp_path / "no-roster.csv"
        path.write_bytes(content)
        with pytest.raises(TermsyncError) as refused:
            RosterImport(database, "test").run(path)
        assert refused.value.code == "roster-header-invalid"
    assert _count(session, "staff_action") == 0


def test_odd_but_readable_files(
    import_: Import, acme: str, session: Session, tmp_path: Path, database: Engine
) -> None:
    path = tmp_path / "excel.csv"
    path.write_bytes(
        b"\xef\xbb\xbfUser, Tenant ,name,email\r\n"
        b'"u1","acme","Zo\xc3\xab, ""Z""\nSecond line","zoe@x.example"\r\n'
        b"\r\n,,,\r\n"
        b"u2,acme,\xff,b@x.example\r\n"
        b"u3,acme,C,c@x.example\r\n"
    )
    bad: list[BadLine] = []
    RosterImport(database, "test").run(path, bad.extend)
    names = session.execute(text("select name from users order by key")).scalars().all()
    assert names == ['Zoë, "Z"\nSecond line', "C"]
    assert [(line.line, line.field, line.code) for line in bad] == [(6, "name", "line-unreadable")]


def test_slices_and_chunks_do_not_matter(
    import_: Import, acme: str, sessions: sessionmaker[Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines that speak of each other across every edge come out the same."""
    dice = random.Random(7)
    rows = [
        _person(
            f"u{dice.randint(1, 40)}",
            manager=dice.choice(["", f"u{dice.randint(41, 50)}", "u1"]),
            groups=dice.choice(["", "A", "B;C"]),
            course=dice.choice(["safety", "data"]),
            version=dice.choice(["1", "2"]),
            sales_order=dice.choice(["", "SO1", "SO2", "SO7", "-"]),
            expiration_date=dice.choice(["", "2090-01-01", "2002-02-02", "-"]),
            status=dice.choice(["", "", "E", "U", "X"]),
        )
        for _ in range(120)
    ]
    whole, bad = import_(*rows)
    assert whole.counts.enrolled > 50
    with sessions.begin() as session:
        first = _state(session)
        session.execute(
            text("truncate enrollment, enrollment_event, due_boundary, users, user_group, course cascade")
        )
    monkeypatch.setattr(roster, "CHUNK", 7)
    monkeypatch.setattr(roster, "SLICE", 3)
    sliced, bad_again = import_(*rows)
    with sessions() as session:
        assert _state(session) == first
    assert (sliced, bad_again) == (whole, bad)


def _state(session: Session) -> list[Any]:
    return [
        tuple(row)
        for row in session.execute(
            text("""
            select u.key, u.active, m.key, c.key, v.key, e.status, e.sales_order_id, e.expiration_date, e.boundary,
                e.expired_cause, e.version
            from users u left join users m on m.id = u.manager_id
            left join enrollment e on e.user_id = u.id
            left join course_version v on v.id = e.course_version_id
            left join course c on c.id = v.course_id order by 1, 4, 5
            """)
        )
    ]


def test_an_import_leaves_no_table_and_no_lock_behind(import_: Import, acme: str, session: Session) -> None:
    import_(_enrolled())
    temporary = text("select count(*) from pg_class where relname like 'roster_%' and relpersistence = 't'")
    assert session.execute(temporary).scalar_one() == 0
    assert session.execute(
        text("select detail ->> 'enrolled' from staff_action where action = 'roster imported'")
    ).one() == ("1",)
