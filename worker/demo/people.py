"""Who can sign in to the pages of the demo: one person of each role, all with one password."""

from typing import NamedTuple

from sqlalchemy.orm import Session

from models import signing_in
from models.enrollment_changes import Why
from models.roster import User
from models.staff import Staff
from worker.login import passwords
from worker.pipeline import staff, tenants, users

PASSWORD = "termsync-demo"  # noqa: S105  (of a play on this machine)


class Login(NamedTuple):
    """Somebody who can sign in; `user` is their key in the first client, None for staff."""

    role: str
    name: str
    email: str
    user: str | None = None


STAFF = (
    Login("admin", "Ada Admin", "admin@demo.example"),
    Login("enrollment", "Elif Enrollment", "enrollment@demo.example"),
    Login("ops", "Olu Ops", "ops@demo.example"),
)
CLIENT = (
    Login("client admin", "Clara Client", "clara@lakeside.example", "clara"),
    Login("manager", "Max Manager", "max@lakeside.example", "max"),
    Login("learner", "Lea Learner", "lea@lakeside.example", "lea"),
)


def words() -> list[str]:
    """Who can sign in, as lines of the demo."""
    return [
        f"sign in, password {PASSWORD}: " + ", ".join(f"{login.email} ({login.role})" for login in group)
        for group in (STAFF, CLIENT)
    ]


def let_in(session: Session, client: str, why: Why) -> None:
    """Makes the accounts of staff, and gives the people of `client` that the roster brought their password."""
    password_hash = passwords.hashed(PASSWORD)
    place = tenants.find(session, client)
    people: list[Staff | User] = [
        staff.add(session, login.email, login.name, login.role, why)[0] for login in STAFF
    ]
    for login in CLIENT:
        assert login.user is not None, "people of a client are in the roster"
        is_admin = login.role == "client admin"
        people.append(users.set_client_admin(session, place, login.user, is_admin, why))
    session.flush()
    for person in people:
        kind: signing_in.Kind = "staff" if isinstance(person, Staff) else "client"
        signing_in.set_password(session, kind, person.id, password_hash, must_change=False)
