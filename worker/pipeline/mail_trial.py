"""One mail past the queue, to try the mail server with."""

from datetime import UTC, datetime
from email.utils import make_msgid
from typing import NamedTuple

from connectors.smtp import Connection
from worker.errors import SettingInvalid
from worker.pipeline.mail import Post, post_of
from worker.pipeline.mail_text import Letter, compose
from worker.settings import Settings


class Tried(NamedTuple):
    """What the server said to a mail."""

    server: str
    said: str
    message_id: str


def send(settings: Settings, to: str) -> Tried:
    """Send a mail to an address at once.

    Raises SettingInvalid without a mail server, and what `connectors.smtp.Connection.send` raises.
    """
    post = post_of(settings)
    if post is None:
        raise missing()
    letter = Letter(
        to,
        "A mail of termsync",
        f"Somebody has tried the mail server of termsync, {_where(post)}. It works.\n",
        make_msgid(domain=post.domain),
    )
    composed = compose(letter, post.sender, datetime.now(UTC))
    recipient = composed["To"].addresses[0].addr_spec
    with Connection(post.server) as connection:
        said = connection.send(composed, post.address, recipient, lambda: True)
    assert said is not None, "it was to be handed over"
    return Tried(_where(post), said, letter.message_id)


def missing() -> SettingInvalid:
    """For a mail that is to be sent while no mail server is set."""
    return SettingInvalid(
        "mail-server-missing",
        "TERMSYNC_SMTP_HOST and TERMSYNC_MAIL_FROM are not both set: mails wait.",
        "Set both, and TERMSYNC_SMTP_USER and TERMSYNC_SMTP_PASSWORD where the server wants a login.",
    )


def _where(post: Post) -> str:
    return f"{post.server.host}:{post.server.port}"
