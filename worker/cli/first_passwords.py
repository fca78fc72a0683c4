"""First passwords on the command line: made or read from stdin, printed once."""

import sys
from collections.abc import Callable

from sqlalchemy.orm import Session

from models.roster import User
from models.staff import Staff
from worker.cli.exits import Exit
from worker.cli.opened import Opened, opened
from worker.cli.output import Output
from worker.login import credentials


def from_stdin() -> str:
    """The first line of stdin."""
    return sys.stdin.readline().rstrip("\r\n")


def give(found: Opened, session: Session, person: Staff | User, chosen: str | None) -> str:
    """Gives the person a password; returns it."""
    return credentials.give_first_password(session, person, found.why(session), chosen)


def command(find: Callable[[Opened, Session], Staff | User], password_stdin: bool, as_json: bool) -> int:
    """A whole command that gives a new first password to whom `find` finds."""
    out = Output(as_json)
    chosen = from_stdin() if password_stdin else None
    with opened() as found, found.sessions.begin() as session:
        person = find(found, session)
        password = give(found, session, person, chosen)
        out_row = {"email": person.email, "name": person.name}
    out.document({**out_row, **document(password, chosen)})
    out.say(f"{out_row['name']} ({out_row['email']}) has a new password.")
    say(out, password, chosen)
    return Exit.DONE


def document(password: str | None, chosen: str | None) -> dict[str, str]:
    """What the JSON document says of it: a generated one, nothing of a chosen one."""
    return {"first_password": password} if password is not None and chosen is None else {}


def say(out: Output, password: str | None, chosen: str | None) -> None:
    """A generated password, with what to do with it."""
    if password is not None and chosen is None:
        out.say(f"First password: {password}")
        out.note("It is shown this once and must be changed at the first sign-in.")
