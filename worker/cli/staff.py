"""`termsync staff`"""

from typing import Annotated

import typer

from worker.cli.options import Json, group

app = group()


@app.callback()
def staff() -> None:
    """Accounts of the people who look after tenants."""


@app.command("add")
def add_staff(
    email: Annotated[str, typer.Argument(help="E-mail address; unique.")],
    name: Annotated[str, typer.Option("--name", help="Name as it is shown.")],
    role: Annotated[str, typer.Option("--role", help="admin, enrollment or ops.")],
    as_json: Json = False,
) -> int:
    """Adds a person, or gives an existing one this name and role."""
    from worker.cli.exits import Exit
    from worker.cli.opened import opened
    from worker.cli.output import Output
    from worker.pipeline import staff as pipeline

    out = Output(as_json)
    with opened() as found, found.sessions.begin() as session:
        person, created = pipeline.add(session, email, name, role, found.why(session))
    out.document({"email": person.email, "name": person.name, "role": person.role, "created": created})
    out.say(f"{person.email} is {'added' if created else 'changed'}: {person.name}, {person.role}.")
    return Exit.DONE
