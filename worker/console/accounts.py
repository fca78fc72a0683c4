"""Accounts of staff."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy.orm import Session

from models import staff_listing
from worker.console.listing import Cell, Choice, Instant, ListView, Query
from worker.login.rights import NAMES, STAFF, Role


class Accounts(ListView):
    """Who works here, in which role."""

    key = "accounts"
    menu_label = "Staff accounts"
    icon = "fa fa-user-shield"
    search_hint = "Name or e-mail"
    empty_words = "Nobody yet. Add the first person with `termsync staff add`."
    fields = (
        Cell("name", "Name"),
        Cell("email", "E-mail"),
        Cell("role", "Role", show=lambda row: NAMES[Role(row.role)], export=lambda row: NAMES[Role(row.role)]),
        Cell("active", "State", show=lambda row: "Active" if row.active else "Deactivated"),
        Instant("created_at", "Added"),
    )
    sortable_fields = ("name", "email", "created_at")
    fields_default_sort = (("name", False),)

    def rows(self, session: Session, query: Query) -> Iterable[Any]:
        return staff_listing.rows(
            session,
            search=query.search,
            role=query.chosen.get("role"),
            sorts=query.sorts,
            skip=query.skip,
            limit=query.limit,
        )

    def total(self, session: Session, query: Query) -> int:
        return staff_listing.count(session, search=query.search, role=query.chosen.get("role"))

    def choices(self, session: Session) -> list[Choice]:
        return [Choice("role", "Role", [(role.value, NAMES[role]) for role in Role if role in STAFF])]
