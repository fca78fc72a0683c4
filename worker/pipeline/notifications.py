"""Taking mails in from the learning platform, and trying parked ones again."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import api_roster, mailing
from models.enrollment_changes import Why
from models.mail import Notification
from models.mail_gate import WITHHELD, kind_of
from models.roster import User
from models.staff import StaffAction
from models.tenant import Tenant
from worker.errors import NotFound, TermsyncError


@dataclass(frozen=True, slots=True)
class Handed:
    """A mail as it is handed over. Keys of user, course and version; without words, the kind gives some."""

    kind: str
    user: str
    course: str | None = None
    version: str | None = None
    subject: str | None = None
    body: str | None = None


def take_in(session: Session, tenant: Tenant, handed: Handed, why: Why) -> int:
    """Put the mail in, due at once. Returns its id.

    Raises `notification-kind-invalid`, `notification-course-missing`, `user-unknown` and `course-version-unknown`.
    """
    kind, title = _kind(handed), None
    user = session.execute(select(User).where(User.tenant_id == tenant.id, User.key == handed.user)).scalar()
    if user is None:
        raise TermsyncError(
            "user-unknown",
            f"{handed.user!r} is not a user of this tenant.",
            "Bring the user in first, or correct the key.",
        )
    version = _version(session, handed)
    if version is not None:
        title = version.title
    subject = handed.subject or _words(handed.kind, title)
    made = mailing.put(
        session,
        tenant_id=tenant.id,
        user_id=user.id,
        course_version_id=None if version is None else version.id,
        kind=kind,
        subject=subject,
        body=handed.body or f"Dear {user.name},\n\n{subject}\n\n{tenant.name}\n",
        queued_by=why.actor,
    )
    assert made is not None, "it has no key of which there is one only"
    return made


def _kind(handed: Handed) -> str:
    kind = kind_of(handed.kind)
    if not kind:
        raise TermsyncError(
            "notification-kind-invalid",
            f"{handed.kind!r} has neither letters nor digits.",
            "Name the kind, for example item-unlocked.",
        )
    if (handed.course is None) != (handed.version is None) or (kind in WITHHELD and handed.course is None):
        missing = "course" if handed.course is None else "version"
        raise TermsyncError(
            "notification-course-missing",
            f"A notification of the kind {kind} names course and version; the {missing} is missing.",
            "Give course and version.",
        )
    return kind


def _version(session: Session, handed: Handed) -> api_roster.VersionRow | None:
    if handed.course is None or handed.version is None:
        return None
    version = api_roster.course_version(session, handed.course, handed.version)
    if version is None:
        raise TermsyncError(
            "course-version-unknown",
            f"There is no version {handed.version!r} of a course {handed.course!r}.",
            "Bring the course version in first, or correct the keys.",
        )
    return version


def _words(kind: str, title: str | None) -> str:
    words = kind.strip().replace("_", " ").replace("-", " ")
    words = words[:1].upper() + words[1:]
    return words if title is None else f"{words}: {title}"


def retry(session: Session, ids: Sequence[int] | None, why: Why) -> list[int]:
    """Send parked mails again: these, or all. Returns the ids. Raises NotFound, and `mail-not-parked` for one of
    `ids` that is not parked."""
    tried = mailing.retry(session, why.now, None if ids is None else list(ids))
    for mail_id in sorted(set(ids or ()) - set(tried)):
        mail = session.get(Notification, mail_id)
        if mail is None:
            raise NotFound("mail-unknown", f"There is no mail {mail_id}.", "See `termsync mail list`.")
        raise TermsyncError(
            "mail-not-parked",
            f"Mail {mail_id} is {mail.state}.",
            "Only a parked mail can be tried again; hand it over anew, if it is to go once more.",
        )
    for mail_id in tried:
        session.add(StaffAction(at=why.now, actor=why.actor, action="mail retried", subject=f"mail {mail_id}"))
    session.flush()
    return tried
