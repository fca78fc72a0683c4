"""Two tenants side by side, changed in turns: a token of one never sees, counts or guesses what is the other's."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from worker.api.operations import OPERATIONS

pytest_plugins = ("api_world",)

Clients = Callable[..., httpx.Client]
TENANTS = ("acme", "other")
NEXT_YEAR = str(datetime.now(UTC).date() + timedelta(days=365))
ORDER = {"acme": "SO1", "other": "SO5"}  # of the world, live
# What in the names of things says whose they are. The world's own people are called by their tenant, too.
MARK = {"acme": "left", "other": "right"}


def others(tenant: str) -> str:
    return "other" if tenant == "acme" else "acme"


@pytest.fixture
def everything(clients: Clients, sessions: sessionmaker[Session]) -> dict[str, dict[str, int]]:
    """Of each tenant one of everything that has a number: name of the path's part to the number."""
    client = clients(name="maker")
    numbers: dict[str, dict[str, int]] = {}
    for tenant in TENANTS:
        person = {"name": f"{MARK[tenant]} person", "email": f"{MARK[tenant]}@{tenant}.example"}
        client.put(f"/tenants/{tenant}/users/{MARK[tenant]}-0", json=person).raise_for_status()
        edit = {"select": {"status": "E"}, "set": {"expiration_date": NEXT_YEAR}}
        edited = client.post(f"/tenants/{tenant}/enrollments/edit", json=edit).raise_for_status().json()
        numbers[tenant] = {"edit_id": edited["edit"]}
    with sessions.begin() as session:
        for tenant in TENANTS:
            numbers[tenant] |= held_and_asked(session, tenant)
    return numbers


def held_and_asked(session: Session, tenant: str) -> dict[str, int]:
    """A hold, a resync, a mail and a webhook of the tenant; the numbers of the first three."""
    of = {"tenant": tenant, "mark": MARK[tenant]}
    hold = """insert into hold (tenant_id, rule, reason, would_expire, enrolled, orders)
        select id, 'people', :mark || ' reason', 60, 100, 1 from tenant where key = :tenant returning id"""
    run = """insert into sync_run (kind, scope, dry_run, asked_by)
        values ('pull', 'tenant:' || cast(:tenant as text), false, :mark || ' asker') returning id"""
    mail = """insert into notification (tenant_id, user_id, kind, subject, queued_by)
        select tenant_id, id, 'Other', :mark || ' subject', 'test' from users
        where key = :mark || '-0' returning id"""
    webhook = """insert into webhook (name, url, tenant_id, salt, key_check, position, created_by)
        select :mark || '-hook', 'https://' || :mark || '.example/', id, '', '', 0, 'test' from tenant
        where key = :tenant returning id"""
    made = {
        name: session.execute(text(sql), of).scalar_one()
        for name, sql in {"hold_id": hold, "resync_id": run, "notification_id": mail, "webhook": webhook}.items()
    }
    del made["webhook"]
    return made


def asked(client: httpx.Client, name: str, fill: dict[str, Any]) -> httpx.Response:
    """An operation with the parts of its path filled in, and a body that it takes."""
    method, path = name.split(" ")
    address = re.sub(r"{(\w+)(:path)?}", lambda part: str(fill.get(part[1], "1")), path)
    bodies = {
        "PUT /tenants/{tenant}/users/{user}": {"name": "N", "email": "n@n.example"},
        "POST /tenants/{tenant}/enrollments/edit": {"select": {}, "set": {"action": "X"}},
        "POST /tenants/{tenant}/notifications": {"kind": "Other", "user": "user-0", "subject": "s", "body": "b"},
    }
    return client.request(method, address, json=bodies.get(name, {}))


def test_what_is_the_other_tenants_is_answered_as_what_is_not_there(
    clients: Clients, everything: dict[str, dict[str, int]], sessions: sessionmaker[Session]
) -> None:
    """Every operation that names something, by the other's number or key and by one that nobody has."""
    own = clients(tenant="acme", name="own")
    nobody = 999_999_999
    before = untouched(sessions)
    walked = 0
    for name in OPERATIONS:
        parts = re.findall(r"{(\w+)", name)
        tenant_fills = [("other", "nobody")] if "tenant" in parts else []
        for there, nowhere in tenant_fills:
            found, missing = (asked(own, name, {"tenant": key}) for key in (there, nowhere))
            if found.status_code != 403:  # not for tokens of one tenant, whatever is named
                assert_alike(name, found, missing, there, nowhere)
                walked += 1
        numbered = [part for part in parts if part in everything["other"]]
        for part in numbered:
            number = everything["other"][part]
            found, missing = (asked(own, name, {"tenant": "acme", part: n}) for n in (number, nobody))
            assert_alike(name, found, missing, str(number), str(nobody))
            walked += 1
        if "webhook" in parts:
            found, missing = (asked(own, name, {"webhook": key}) for key in ("right-hook", "no-hook"))
            assert_alike(name, found, missing, "right-hook", "no-hook")
            walked += 1
    assert walked >= 30
    assert untouched(sessions) == before


def assert_alike(name: str, found: httpx.Response, missing: httpx.Response, there: str, nowhere: str) -> None:
    assert found.status_code == 404, (name, found.text)
    assert found.status_code == missing.status_code, name
    told = [re.sub(rf"\b{words}\b", "?", answer.text) for words, answer in ((there, found), (nowhere, missing))]
    assert told[0] == told[1], name


def untouched(sessions: sessionmaker[Session]) -> list[Any]:
    """What is kept of the other tenant."""
    tables = ("users", "enrollment", "hold", "webhook", "notification", "edit_job", "sales_order")
    with sessions() as session:
        query = "select md5(coalesce(string_agg(x::text, '|' order by x::text), '')) from {} x where tenant_id = "
        whose = "(select id from tenant where key = 'other')"
        return [session.execute(text(query.format(table) + whose)).scalar_one() for table in tables]


def whole(client: httpx.Client, path: str, limit: int, **params: Any) -> Iterator[dict[str, Any]]:
    cursor: dict[str, str] = {}
    while True:
        page = client.get(path, params={**params, **cursor, "limit": limit}).raise_for_status().json()
        yield from page["items"]
        if page["next"] is None:
            return
        cursor = {"cursor": page["next"]}


step = st.tuples(
    st.sampled_from(TENANTS),
    st.sampled_from(["user", "enroll", "date", "unenroll", "expire", "edit"]),
    st.integers(0, 5),
)


def take(client: httpx.Client, tenant: str, what: str, n: int) -> None:
    """One change of one tenant, by who may change both."""
    user = f"{MARK[tenant]}-{n}"
    person = {"name": f"{MARK[tenant]} {n}", "email": f"{user}@x.example", "groups": [f"{MARK[tenant]} group"]}
    client.put(f"/tenants/{tenant}/users/{user}", json=person).raise_for_status()
    if what == "user":
        return
    at = f"/tenants/{tenant}/enrollments/{user}/safety/v1"
    body: dict[str, Any] = {"sales_order": ORDER[tenant]}
    body |= {"date": {"expiration_date": NEXT_YEAR}, "unenroll": {"status": "U"}, "expire": {"status": "X"}}.get(
        what, {}
    )
    client.put(at, json=body).raise_for_status()
    if what == "edit":
        edit = {"select": {"user": user}, "set": {"action": "E"}}
        client.post(f"/tenants/{tenant}/enrollments/edit", json=edit).raise_for_status()


# What is in the database came of the examples before: nothing can be made smaller.
@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
    phases=[Phase.generate],
)
@given(steps=st.lists(step, min_size=1, max_size=8), limit=st.integers(1, 4))
def test_interleaved_each_sees_all_of_its_own_and_nothing_else(
    interleaved: tuple[httpx.Client, dict[str, httpx.Client]], steps: list[tuple[str, str, int]], limit: int
) -> None:
    """One database goes on through all examples: what holds after each holds for any history of both."""
    both, own = interleaved
    for tenant, what, n in steps:
        take(both, tenant, what, n)
    for tenant, client in own.items():
        seen = [*lists(both, client, tenant, limit), *told(both, client, tenant)]
        marks = MARK[others(tenant)], f"@{others(tenant)}.example"
        assert not [words for words in seen if any(mark in words for mark in marks)]
        finds_nothing_of(client, tenant)
        cursors_stay(client, own[others(tenant)], tenant)
        ids_are_nobodys(both, client, tenant)


def lists(both: httpx.Client, client: httpx.Client, tenant: str, limit: int) -> Iterator[str]:
    """All that lists tell the tenant's token; each is the whole of it, in pages of any size."""
    yield client.get("/holds").text
    yield client.get("/webhooks").text
    for path in ("enrollments", "sales-orders", "notifications"):
        mine = list(whole(client, f"/tenants/{tenant}/{path}", limit))
        assert mine == list(whole(both, f"/tenants/{tenant}/{path}", 1000))
        yield json.dumps(mine)


def told(both: httpx.Client, client: httpx.Client, tenant: str) -> Iterator[str]:
    """What the feed tells the tenant's token: all of the tenant, asked for by name or not."""
    mine = feed(client)
    assert mine == feed(client, tenant=tenant) == feed(both, tenant=tenant)
    assert {event["tenant"] for event in mine} <= {tenant}
    yield json.dumps(mine)


def finds_nothing_of(client: httpx.Client, tenant: str) -> None:
    """Searching one's own list for what is the other's."""
    foreign = others(tenant)
    searches = {"user": f"{MARK[foreign]}-0", "group": f"{MARK[foreign]} group", "sales_order": ORDER[foreign]}
    for name, words in searches.items():
        found = client.get(f"/tenants/{tenant}/enrollments", params={name: words})
        assert found.json()["items"] == []


def cursors_stay(client: httpx.Client, thief: httpx.Client, tenant: str) -> None:
    """A place in one's list is none in the other's."""
    cursor = client.get(f"/tenants/{tenant}/enrollments", params={"limit": 1}).json()["next"]
    if cursor is not None:
        asked = {"limit": 1, "cursor": cursor}
        stolen = thief.get(f"/tenants/{others(tenant)}/enrollments", params=asked)
        assert (stolen.status_code, stolen.json()["code"]) == (422, "cursor-invalid")


def ids_are_nobodys(both: httpx.Client, client: httpx.Client, tenant: str) -> None:
    """The other's enrollments, named by their numbers, are answered like numbers of nothing."""
    theirs = [item["id"] for item in whole(both, f"/tenants/{others(tenant)}/enrollments", 1000)]
    answers: list[Any] = []
    for ids in (theirs, [10**9 + n for n in range(len(theirs))]):
        edit = {"ids": ids, "set": {"action": "X"}, "preview": True}
        answer = client.post(f"/tenants/{tenant}/enrollments/edit", json=edit)
        preview = answer.raise_for_status().json()["preview"]
        del preview["fingerprint"]  # of what was asked
        answers.append(preview)
    assert answers[0] == answers[1]


def feed(client: httpx.Client, **params: str) -> list[dict[str, Any]]:
    """All events there are."""
    found: list[dict[str, Any]] = []
    after, more = 0, True
    while more:
        page = client.get("/events", params={**params, "after": after, "limit": 50}).json()
        found += page["events"]
        after, more = page["next"], page["more"]
    return found


@pytest.fixture
def interleaved(
    clients: Clients, everything: dict[str, dict[str, int]]
) -> tuple[httpx.Client, dict[str, httpx.Client]]:
    """Who may do everything, and a token of each tenant."""
    return clients(name="both"), {tenant: clients(tenant=tenant, name=f"of-{tenant}") for tenant in TENANTS}
