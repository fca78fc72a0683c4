"""`termsync user`"""

from typing import TYPE_CHECKING, Annotated

import typer

from worker.cli.options import Json, PasswordStdin, group

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from models.roster import User
    from worker.cli.opened import Opened

app = group()
TenantKey = Annotated[str, typer.Argument(metavar="TENANT", help="Key of the tenant on the learning platform.")]
UserKey = Annotated[str, typer.Argument(metavar="USER", help="Key of the user on the learning platform.")]


@app.callback()
def user() -> None:
    """People of a tenant: passwords and client admins."""


@app.command("password")
def user_password(
    tenant: TenantKey, user: UserKey, password_stdin: PasswordStdin = False, as_json: Json = False
) -> int:
    """Gives a person a new first password and ends a lock-out; they are signed out everywhere."""
    from worker.cli import first_passwords
    from worker.pipeline import tenants, users

    def find(found: "Opened", session: "Session") -> "User":
        return users.find(session, tenants.find(session, tenant), user)

    return first_passwords.command(find, password_stdin, as_json)


@app.command("admin")
def user_admin(
    tenant: TenantKey,
    user: UserKey,
    remove: Annotated[bool, typer.Option("--remove", help="No longer an administrator.")] = False,
    password_stdin: PasswordStdin = False,
    no_password: Annotated[bool, typer.Option("--no-password", help="For single sign-on only.")] = False,
    as_json: Json = False,
) -> int:
    """Makes a person an administrator of their tenant; who has no password yet gets a first one."""
    from worker.cli import first_passwords
    from worker.cli.exits import Exit
    from worker.cli.opened import opened
    from worker.cli.output import Output
    from worker.pipeline import tenants, users

    out = Output(as_json)
    chosen = first_passwords.from_stdin() if password_stdin else None
    with opened() as found, found.sessions.begin() as session:
        place = tenants.find(session, tenant)
        person = users.set_client_admin(session, place, user, not remove, found.why(session))
        needs_one = person.password_hash is None and not remove and not no_password
        password = first_passwords.give(found, session, person, chosen) if chosen or needs_one else None
        row = {"tenant": place.key, "user": person.key, "email": person.email, "client_admin": not remove}
    out.document({**row, **first_passwords.document(password, chosen)})
    out.say(f"{row['email']} is {'no longer' if remove else 'now'} an administrator of {tenant}.")
    first_passwords.say(out, password, chosen)
    return Exit.DONE
