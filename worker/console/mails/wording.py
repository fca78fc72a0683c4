"""Mails in words."""

from markupsafe import Markup

from models.mail_gate import ABOUT_LOGIN, WITHHELD
from models.mail_listing import MailRow
from worker import explain

# What a state is called, and how it is marked.
STATES: dict[str, tuple[str, str]] = {
    "queued": ("Waiting", "waiting"),
    "sending": ("Being sent", "running"),
    "sent": ("Sent", "good"),
    "suppressed": ("Suppressed", "waiting"),
    "refused": ("Refused", "bad"),
    "parked": ("Parked", "bad"),
}
KINDS = (*WITHHELD, *ABOUT_LOGIN, "digest", "alert")


def state(mail: MailRow) -> Markup:
    """The state as a label."""
    words, mark = STATES[mail.state]
    return Markup('<span class="run-state run-{}">{}</span>').format(mark, words)


def kind(mail_kind: str) -> str:
    """`item-unlocked` as `Item unlocked`."""
    return mail_kind.replace("-", " ").capitalize()


def why(mail: MailRow) -> str:
    """Why a mail was not sent, or not yet; empty for one that was. A refusal is told in the server's words."""
    if mail.reason is None:
        return ""
    known = explain.find(mail.reason)
    words = known.meaning if known else mail.reason
    return mail.detail or words if mail.state == "refused" else words


def to(mail: MailRow) -> str:
    """`Ann Berg, ann@acme.example`."""
    return f"{mail.user_name}, {mail.address}" if mail.user_name else mail.address
