"""Accounts of staff."""

import re

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.enrollment_changes import Why
from models.staff import Staff, StaffAction
from worker.errors import TermsyncError

ROLES = ("admin", "enrollment", "ops")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def add(session: Session, email: str, name: str, role: str, why: Why) -> tuple[Staff, bool]:
    """Add a person, or bring an existing one to this name and role. Returns (person, whether they are new).

    The address is compared without regard to case. Raises `staff-email-invalid`, `staff-role-unknown`.
    """
    _check(email, role)
    email = email.lower()
    person = session.execute(select(Staff).where(Staff.email == email).with_for_update()).scalar_one_or_none()
    created = person is None
    if person is None:
        person = Staff(email=email, name=name, role=role)
        session.add(person)
    before = None if created else [person.name, person.role]
    person.name, person.role, person.active = name, role, True
    session.add(
        StaffAction(
            at=why.now,
            actor=why.actor,
            action="staff added" if created else "staff changed",
            subject=f"staff {email}",
            detail={"before": before, "after": [name, role]},
        )
    )
    session.flush()
    return person, created


def _check(email: str, role: str) -> None:
    if not EMAIL.fullmatch(email):
        raise TermsyncError(
            "staff-email-invalid", f"{email!r} is not an e-mail address.", "Write it as name@example.com."
        )
    if role not in ROLES:
        raise TermsyncError(
            "staff-role-unknown", f"There is no role {role!r}.", f"Give one of {', '.join(ROLES)} with --role."
        )
