"""Opening pages of the portal as somebody who is signed in, and reading their tables."""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser

import httpx
from client_world import ClientWorld
from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker
from web_running import browsing, serving

from models.signing_in import Kind
from worker.database import make_sessions
from worker.login import cookies, sessions

TODAY = datetime.now(UTC).date()


def days(amount: int) -> date:
    """A day so many days from now; two or more, so that it is past or future in every zone."""
    return TODAY + timedelta(days=amount)


class Portal:
    """The web application on one database, over a socket; no worker beside it."""

    def __init__(self, engine: Engine, url: str, browsers: ExitStack) -> None:
        self.engine = engine
        self.sessions: sessionmaker[Session] = make_sessions(engine)
        self._url = url
        self._browsers = browsers

    def visitor(self, world: ClientWorld, name: str) -> "Visitor":
        """The user `name`, signed in."""
        return self._signed_in("client", world.users[name])

    def staff(self, staff_id: int) -> "Visitor":
        return self._signed_in("staff", staff_id)

    def stranger(self) -> "Visitor":
        """Somebody who is not signed in."""
        return Visitor(self._browsers.enter_context(browsing(self._url)))

    def _signed_in(self, kind: Kind, person_id: int) -> "Visitor":
        with self.sessions.begin() as session:
            token = sessions.start(session, kind, person_id, single_sign_on=False)
        visitor = self.stranger()
        visitor.client.cookies.set(cookies.SESSION, token)
        return visitor


@contextmanager
def portal_on(engine: Engine) -> Iterator[Portal]:
    """The portal of one database, as long as a test takes."""
    with serving(engine) as url, ExitStack() as browsers:
        yield Portal(engine, url, browsers)


@dataclass
class Visitor:
    """A browser of one person."""

    client: httpx.Client

    def get(self, address: str) -> httpx.Response:
        return self.client.get(address)

    def page(self, address: str) -> str:
        """The text of a page that must open."""
        response = self.get(address)
        assert response.status_code == 200, (address, response.status_code, response.text)
        return response.text

    def rows(self, address: str) -> list[list[str]]:
        """The cells of a list's rows."""
        return rows(self.page(address))


class _Tables(HTMLParser):
    """Collects the cells of the body rows of tables with class `stacking`."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self._listed = False
        self._cell: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self._listed = ("class", "stacking") in attrs
        elif self._listed and tag == "tr":
            self.rows.append([])
        elif self._listed and tag in {"td", "th"}:
            self._cell = []

    def handle_endtag(self, tag: str) -> None:
        if self._cell is not None and tag in {"td", "th"}:
            self.rows[-1].append(" ".join("".join(self._cell).split()))
            self._cell = None

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)


def rows(page: str) -> list[list[str]]:
    """The cells of a page's list, heading left out."""
    tables = _Tables()
    tables.feed(page)
    return tables.rows[1:]


def figures(page: str) -> dict[str, int]:
    """The large figures of a page by what they are called."""
    found = re.findall(r"<dt>([^<]+)</dt>\s*<dd>\s*(?:<a [^>]*>)?\s*([\d,]+)", page)
    return {name: int(number.replace(",", "")) for name, number in found}
