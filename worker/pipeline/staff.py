"""Accounts of staff: who works here, in which role. Their passwords are `worker.login.credentials`."""

import re

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.enrollment_changes import Why
from models.staff import Staff, StaffAction
from worker.errors import NotFound, TermsyncError

ROLES = ("admin", "enrollment", "ops")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def find(session: Session, email: str) -> Staff:
    """The person of staff with this address, locked. Raises NotFound."""
    asked = select(Staff).where(Staff.email == email.strip().lower()).with_for_update()
    person = session.execute(asked).scalar_one_or_none()
    if person is None:
        raise NotFound(
            "staff-unknown",
            f"Nobody of staff has the address {email!r}.",
            "See `termsync staff list`, or add them with `termsync staff add`.",
        )
    return person


def add(session: Session, email: str, name: str, role: str, why: Why) -> tuple[Staff, bool]:
    """Add a person, or bring an existing one to this name and role, active. Returns (person, whether new).

    The address is compared without regard to case. Raises `staff-email-invalid`, `staff-role-unknown`, and
    `staff-last-admin` when nobody would be admin any more.
    """
    _check(email, role)
    email = email.strip().lower()
    admins = _lock_admins(session)
    person = session.execute(select(Staff).where(Staff.email == email).with_for_update()).scalar_one_or_none()
    before = None if person is None else [person.name, person.role, person.active]
    if person is None:
        person = Staff(email=email, name=name, role=role)
        session.add(person)
    elif role != "admin":
        _keep_an_admin(admins, person)
    person.name, person.role, person.active = name, role, True
    action = "staff added" if before is None else "staff changed"
    _note(session, why, action, person, before=before, after=[name, role, True])
    return person, before is None


def deactivate(session: Session, email: str, why: Why) -> Staff:
    """Sign a person out everywhere and let them in no more. Raises NotFound, `staff-last-admin`."""
    admins = _lock_admins(session)
    person = find(session, email)
    _keep_an_admin(admins, person)
    if person.active:
        person.active = False
        _note(session, why, "staff deactivated", person)
    return person


def _lock_admins(session: Session) -> set[int]:
    """The active admins, locked in one order: of two who remove each other, only one succeeds."""
    admins = select(Staff.id).where(Staff.role == "admin", Staff.active).order_by(Staff.id).with_for_update()
    return set(session.execute(admins).scalars())


def _keep_an_admin(admins: set[int], leaving: Staff) -> None:
    """Raises `staff-last-admin` when nobody but `leaving` is an active admin."""
    if admins == {leaving.id}:
        raise TermsyncError(
            "staff-last-admin",
            f"{leaving.email} is the only active admin.",
            "Make somebody else an admin first: `termsync staff add EMAIL --role admin`.",
        )


def _note(session: Session, why: Why, action: str, person: Staff, **detail: object) -> None:
    session.add(
        StaffAction(at=why.now, actor=why.actor, action=action, subject=f"staff {person.email}", detail=detail)
    )
    session.flush()


def _check(email: str, role: str) -> None:
    if not EMAIL.fullmatch(email.strip()):
        raise TermsyncError(
            "staff-email-invalid", f"{email!r} is not an e-mail address.", "Write it as name@example.com."
        )
    if role not in ROLES:
        raise TermsyncError(
            "staff-role-unknown", f"There is no role {role!r}.", f"Give one of {', '.join(ROLES)} with --role."
        )
