"""First passwords: given to a person by staff, changed by the person at the first sign-in."""

from sqlalchemy.orm import Session

from models import login_attempts, signing_in
from models.enrollment_changes import Why
from models.roster import User
from models.signing_in import Account, Kind
from models.staff import Staff
from worker.errors import TermsyncError
from worker.login import audit, devices, passwords


def give_first_password(session: Session, person: Staff | User, why: Why, chosen: str | None = None) -> str:
    """A new password for a person, who must change it and is signed out everywhere; returns it, once.

    `chosen` instead of a generated one. Ends a lock-out; no browser counts as known to them any more. Raises
    `person-inactive`, and like `passwords.check_new`.
    """
    kind: Kind = "staff" if isinstance(person, Staff) else "client"
    session.flush()
    account = signing_in.account(session, kind, person.id)
    if account is None:
        raise TermsyncError(
            "person-inactive",
            f"{person.name} is not active and may not sign in.",
            "Reactivate them first, then give them a password.",
        )
    if chosen is not None:
        passwords.check_new(chosen, person.email)
    password = chosen or passwords.first_password()
    _set(session, account, password, why)
    return password


def _set(session: Session, account: Account, password: str, why: Why) -> None:
    signing_in.set_password(session, account.kind, account.id, passwords.hashed(password), must_change=True)
    signing_in.end_sessions(session, account.kind, account.id)
    account_hash = devices.hash_of(account)
    login_attempts.forget(session, [account_hash], why.now)
    signing_in.forget_devices(session, account_hash)
    audit.did(session, why.now, why.actor, "first password given", account.subject)
