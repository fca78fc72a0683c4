"""People to mail to, mails to them, and what became of those."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

from client_world import ClientWorld
from mail_server import HOST, Inbox
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from connectors.smtp import MailServer
from models import mailing
from models.mail import Notification
from worker.pipeline.mail import Post, send_due

SENDER = "Example Learning <learning@example.com>"
TODAY = datetime.now(UTC).date()
OVER, LIVE = TODAY - timedelta(days=10), TODAY + timedelta(days=30)
COURSE = "safety"


class MailWorld:
    """The tenant acme. `ann` is enrolled in the course; others come with `user`."""

    def __init__(self, sessions: sessionmaker[Session], inbox: Inbox) -> None:
        self.sessions = sessions
        self.inbox = inbox
        self.post = Post(MailServer(HOST, inbox.port, "none", timeout=10), SENDER)
        with sessions.begin() as session:
            self._client = ClientWorld(session, "acme", "Acme")
            self.ann = self._client.user("Ann")
            self._client.enroll("Ann", COURSE, typed=LIVE)

    def user(
        self, name: str, *, status: str | None = "E", last_day: date | None = LIVE, active: bool = True
    ) -> int:
        """A user of acme, enrolled unless `status` is None. An E whose last day is over has met no sweep yet."""
        with self.sessions.begin() as session:
            self._client.session = session
            user_id = self._client.user(name, active=active)
            if status is not None:
                self._client.enroll(name, COURSE, status=status, typed=last_day)
        return user_id

    def set(self, statement: str, **values: object) -> None:
        with self.sessions.begin() as session:
            session.execute(text(statement), values)

    def expire(self, user_id: int) -> None:
        """Let the last day of somebody be over, as their readers see it; no sweep has written it down."""
        self.set(
            "update enrollment set expiration_date = :day, boundary = now() where user_id = :id",
            day=OVER,
            id=user_id,
        )

    def put(self, user_id: int, kind: str = "item-unlocked", **values: object) -> int:
        """A mail about the course."""
        with self.sessions.begin() as session:
            version = session.execute(text("select min(id) from course_version")).scalar_one()
            made = mailing.put(
                session,
                **{
                    "tenant_id": self._client.tenant_id,
                    "user_id": user_id,
                    "course_version_id": version,
                    "kind": kind,
                    "subject": f"{kind} to {user_id}",
                    "body": "Something is open.\n",
                    "queued_by": "test",
                    **values,
                },
            )
        assert made is not None
        return made

    def put_to_staff(self, address: str = "ops@example.com", **values: object) -> int | None:
        with self.sessions.begin() as session:
            mail = {
                "recipient": address,
                "kind": "alert",
                "subject": "News",
                "body": "News.\n",
                "queued_by": "test",
            }
            return mailing.put(session, **{**mail, **values})

    def send(self) -> Counter[str]:
        """One turn of a worker."""
        return send_due(self.sessions, self.post, uuid4(), lambda: False)

    def mail(self, mail_id: int) -> Notification:
        with self.sessions() as session:
            return session.get_one(Notification, mail_id)

    def outcome(self, mail_id: int) -> tuple[str, str | None]:
        """State and reason."""
        mail = self.mail(mail_id)
        return mail.state, mail.reason

    def make_due(self) -> None:
        """What waits for its next attempt has waited long enough."""
        self.set("update notification set not_before = now() where state = 'queued'")
