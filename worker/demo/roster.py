"""The roster of the demo, written as the CSV that `termsync roster import` takes."""

import csv
import random
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.sales_order import SalesOrder
from models.tenant import Tenant
from worker.demo.people import CLIENT
from worker.demo.world import CLIENTS, COURSES, FIRST_NAMES, GROUPS, LAST_NAMES, Client
from worker.pipeline.roster_file import COLUMNS

USERS = 48  # of each client
MANAGER, TEAM = "max", 12  # of the first client

Cells = dict[str, str]


def write(path: Path, session: Session, today: date, seed: int) -> None:
    """Writes users and enrollments of every client; most are on one of its orders that are current."""
    dice = random.Random(seed)  # noqa: S311  (a play, not a secret)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(COLUMNS), restval="")
        writer.writeheader()
        for client in CLIENTS:
            numbers = _current_orders(session, client, today)
            writer.writerows(_lines(client, numbers, today, dice))
        writer.writerows(_cast(_current_orders(session, CLIENTS[0], today), today))
        writer.writerows(_mistakes())


def _current_orders(session: Session, client: Client, today: date) -> list[str]:
    query = (
        select(SalesOrder.number)
        .join(Tenant, Tenant.id == SalesOrder.tenant_id)
        .where(
            Tenant.key == client.key,
            SalesOrder.flag.is_(None),
            SalesOrder.status != "A",
            SalesOrder.term_end > today,
            SalesOrder.term_start <= today,
        )
        .order_by(SalesOrder.id)
    )
    return list(session.execute(query).scalars())


def _lines(client: Client, numbers: list[str], today: date, dice: random.Random) -> Iterator[Cells]:
    for index in range(USERS):
        first, last = dice.choice(FIRST_NAMES), dice.choice(LAST_NAMES)
        user: Cells = {
            "tenant": client.key,
            "user": f"{first}.{last}.{index}".lower(),
            "name": f"{first} {last}",
            "email": f"{first}.{last}.{index}@{client.key}.example".lower(),
            "groups": dice.choice(GROUPS),
            "active": "no" if dice.random() < 0.04 else "",
            "manager": MANAGER if client is CLIENTS[0] and index < TEAM else "",
        }
        for course, version, title, modules in dice.sample(COURSES, dice.choice([1, 1, 2])):
            yield {
                **user,
                "course": course,
                "version": version,
                "title": title,
                "modules": ";".join(modules),
                "completed_modules": str(dice.randint(0, len(modules))),
                **_term(numbers, today, dice),
            }


def _term(numbers: list[str], today: date, dice: random.Random) -> Cells:
    """Mostly an order; sometimes a typed date, past or future, nothing at all, or unenrolled."""
    chance = dice.random()
    if chance < 0.05 or not numbers:
        return {}
    order = {"sales_order": dice.choice(numbers)}
    if chance < 0.10:
        return {**order, "expiration_date": (today + timedelta(days=dice.randint(5, 90))).isoformat()}
    if chance < 0.15:
        return {**order, "expiration_date": (today - timedelta(days=dice.randint(5, 90))).isoformat()}
    return {**order, "status": "U"} if chance < 0.18 else order


def _cast(numbers: list[str], today: date) -> Iterator[Cells]:
    """The people of the first client who can sign in; of the learner's two courses one is over."""
    order = {"sales_order": numbers[0]} if numbers else {}
    over = {"expiration_date": (today - timedelta(days=12)).isoformat()}
    for login, (course, version, title, modules), term in (
        (CLIENT[0], COURSES[2], order),
        (CLIENT[1], COURSES[2], order),
        (CLIENT[2], COURSES[0], order),
        (CLIENT[2], COURSES[1], {**order, **over}),
    ):
        yield {
            "tenant": CLIENTS[0].key,
            "user": login.user or "",
            "name": login.name,
            "email": login.email,
            "manager": MANAGER if login is CLIENT[2] else "",
            "course": course,
            "version": version,
            "title": title,
            "modules": ";".join(modules),
            "completed_modules": "2",
            **term,
        }


def _mistakes() -> list[Cells]:
    """Two lines that cannot be taken, to show what the report says of them."""
    person = {"tenant": CLIENTS[0].key, "user": "mistaken", "name": "Mia Staken", "email": "mia@lakeside.example"}
    return [
        {**person, "course": "safety", "version": "2026", "sales_order": "SO000"},
        {**person, "course": "data", "version": "3", "expiration_date": "31.12.2026"},
    ]
