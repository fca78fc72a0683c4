"""A mail as it goes out: plain text, headers on one line each, addresses that are addresses and nothing more."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from connectors.errors import RecordRejected

_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
LONGEST_LOCAL, LONGEST = 64, 254
SHOWN_NAME = 100  # characters


@dataclass(frozen=True, slots=True)
class Letter:
    """What is to be said to whom. `name` is shown beside the address; `attachment` is a CSV file."""

    recipient: str
    subject: str
    body: str
    message_id: str
    name: str | None = None
    attachment_name: str | None = None
    attachment: bytes | None = None


def compose(letter: Letter, sender: str, now: datetime) -> EmailMessage:
    """The mail from `sender` (an address, or `Name <address>`). Raises RecordRejected for an unusable address."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = _header(*parseaddr(sender))
    mail["To"] = _header(letter.name or "", usable_address(letter.recipient))
    mail["Subject"] = one_line(letter.subject)
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = letter.message_id
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(letter.body)
    if letter.attachment is not None:
        name = letter.attachment_name or "attachment.csv"
        mail.add_attachment(letter.attachment, maintype="text", subtype="csv", filename=name)
    return mail


def usable_address(address: str) -> str:
    """The address as it is written in a dialogue with a mail server; foreign letters of its domain as IDNA.

    Raises RecordRejected.
    """
    local, _, domain = address.strip().rpartition("@")
    try:
        domain = domain.encode("idna").decode()
    except UnicodeError:
        domain = ""
    whole = f"{local}@{domain}"
    labels = domain.split(".")
    is_name = bool(_LOCAL.fullmatch(local)) and len(local) <= LONGEST_LOCAL
    if not is_name or len(whole) > LONGEST or not all(_LABEL.fullmatch(label) for label in labels):
        raise RecordRejected(
            "mail-address-unusable",
            f"Mail cannot be sent to the address {address[:LONGEST]!r}.",
            "Correct the address in the roster, then hand the mail over anew.",
        )
    return whole


def one_line(text: str) -> str:
    """Text as a header can hold it: no line breaks, no control characters."""
    return " ".join("".join(mark if mark.isprintable() else " " for mark in text).split())


def _header(name: str, address: str) -> Address:
    return Address(one_line(name)[:SHOWN_NAME], addr_spec=address)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns under one another, for a text in a fixed-width font or not."""
    widths = [max(len(line[column]) for line in (header, *rows)) for column in range(len(header))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in (header, *rows)
    ]
    return "\n".join(line.rstrip() for line in lines)
