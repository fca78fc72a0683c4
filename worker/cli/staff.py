"""`termsync staff`"""

from typing import TYPE_CHECKING, Annotated

import typer

from worker.cli.options import Json, PasswordStdin, group

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from models.staff import Staff
    from worker.cli.opened import Opened

app = group()
Email = Annotated[str, typer.Argument(help="E-mail address; unique.")]


@app.callback()
def staff() -> None:
    """Accounts of the people who look after tenants."""


@app.command("add")
def add_staff(
    email: Email,
    name: Annotated[str, typer.Option("--name", help="Name as it is shown.")],
    role: Annotated[str, typer.Option("--role", help="admin, enrollment or ops.")],
    password_stdin: PasswordStdin = False,
    no_password: Annotated[bool, typer.Option("--no-password", help="For single sign-on only.")] = False,
    as_json: Json = False,
) -> int:
    """Adds a person and prints their first password, or gives an existing one this name and role."""
    from worker.cli import first_passwords
    from worker.cli.exits import Exit
    from worker.cli.opened import opened
    from worker.cli.output import Output
    from worker.pipeline import staff as pipeline

    out = Output(as_json)
    chosen = first_passwords.from_stdin() if password_stdin else None
    with opened() as found, found.sessions.begin() as session:
        person, created = pipeline.add(session, email, name, role, found.why(session))
        wanted = chosen is not None or (created and not no_password)
        password = first_passwords.give(found, session, person, chosen) if wanted else None
        row = {"email": person.email, "name": person.name, "role": person.role, "created": created}
    out.document({**row, **first_passwords.document(password, chosen)})
    out.say(f"{row['email']} is {'added' if created else 'changed'}: {name}, {role}.")
    first_passwords.say(out, password, chosen)
    return Exit.DONE


@app.command("list")
def list_staff(as_json: Json = False) -> int:
    """Lists accounts of staff."""
    from models import staff_listing
    from models.paging import BOUND
    from worker.cli.exits import Exit
    from worker.cli.opened import opened
    from worker.cli.output import Output

    out = Output(as_json)
    with opened() as found, found.sessions() as session:
        rows = staff_listing.rows(session, sorts=[("name", False)], limit=BOUND)
    out.document({"staff": [dict(row._mapping) for row in rows]})
    out.table(
        ["email", "name", "role", "active"],
        [(row.email, row.name, row.role, "yes" if row.active else "no") for row in rows],
        empty="Nobody yet: `termsync staff add`.",
    )
    return Exit.DONE


@app.command("password")
def staff_password(email: Email, password_stdin: PasswordStdin = False, as_json: Json = False) -> int:
    """Gives a person a new first password and ends a lock-out; they are signed out everywhere."""
    from worker.cli import first_passwords
    from worker.pipeline import staff as pipeline

    def find(found: "Opened", session: "Session") -> "Staff":
        return pipeline.find(session, email)

    return first_passwords.command(find, password_stdin, as_json)


@app.command("deactivate")
def deactivate_staff(email: Email, as_json: Json = False) -> int:
    """Lets a person in no more and signs them out everywhere; `staff add` reactivates them."""
    from worker.cli.exits import Exit
    from worker.cli.opened import opened
    from worker.cli.output import Output
    from worker.pipeline import staff as pipeline

    out = Output(as_json)
    with opened() as found, found.sessions.begin() as session:
        person = pipeline.deactivate(session, email, found.why(session))
    out.document({"email": person.email, "active": False})
    out.say(f"{person.email} is deactivated and signed out.")
    return Exit.DONE
