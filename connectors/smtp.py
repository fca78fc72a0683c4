"""One mail server, spoken to over SMTP: who it is, and handing it one mail after the other.

It matters at which step a dialogue ends. Up to the last byte of a mail nothing has been accepted, and it can be
sent again; between that byte and the server's answer nobody knows: an error of its own, `MailOutcomeUnknown`.
"""

import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Literal, Self

from pydantic import SecretStr

from connectors.errors import ConnectorError, OperatorMustAct, RecordRejected, TryAgain

Security = Literal["none", "starttls", "tls"]
PORTS: dict[Security, int] = {"none": 25, "starttls": 587, "tls": 465}
# Servers look a mail over before they answer; who hangs up meanwhile does not know what became of it (RFC 5321).
ANSWER_SECONDS = 300.0
SHOWN = 500  # characters of what a server said

_DONE, _TAKEN, _AFTER_DATA = 250, (250, 251), 354
_GOING_AWAY, _NO_LOGIN = 421, 530
_TEMPORARY = range(400, 500)


@dataclass(frozen=True)
class MailServer:
    """Where mails are handed over. `timeout`: seconds a step; `ca_file`: trusted beside the system's."""

    host: str
    port: int
    security: Security
    user: str | None = None
    password: SecretStr | None = None
    ca_file: Path | None = None
    timeout: float = 30.0


class MailServerAway(TryAgain):
    """It could not be reached, or ended the dialogue: nothing was sent, and other mails fare no better."""


class MailDeferred(TryAgain):
    """The server asks for this mail to come again later."""


class MailRefused(RecordRejected):
    """The server will never take this mail."""


class MailOutcomeUnknown(ConnectorError):
    """The mail was handed over whole and the answer never came: it may or may not be on its way."""


class Connection:
    """One dialogue with a server, opened when the first mail comes and again after one that was cut off."""

    def __init__(self, server: MailServer) -> None:
        self._server = server
        self._smtp: smtplib.SMTP | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the dialogue, politely where the server still listens."""
        smtp, self._smtp = self._smtp, None
        if smtp is None:
            return
        try:
            smtp.quit()
        except (OSError, smtplib.SMTPException):
            smtp.close()

    def send(self, mail: EmailMessage, sender: str, recipient: str, hand_over: Callable[[], bool]) -> str | None:
        """Hand over one mail from one address to another; returns what the server said.

        `hand_over` is asked at the last moment at which nothing has been sent: at False the mail is not, and None
        is returned. Raises MailServerAway, OperatorMustAct, MailDeferred, MailRefused and MailOutcomeUnknown.
        """
        try:
            smtp = self._opened()
            _address(smtp, sender, recipient)
            if not hand_over():
                return None
            code, said = smtp.docmd("data")
            if code != _AFTER_DATA:
                raise _refusal(code, said)
            smtp.send(_stuffed(mail))
        except (OSError, smtplib.SMTPException) as error:
            self._hang_up()
            raise _away(self._server, error) from None
        return self._answer(smtp)

    def check(self) -> None:
        """Open the dialogue and log in. Raises MailServerAway and OperatorMustAct."""
        try:
            self._opened()
        except (OSError, smtplib.SMTPException) as error:
            self._hang_up()
            raise _away(self._server, error) from None

    def _opened(self) -> smtplib.SMTP:
        """The dialogue, with nothing left of the mail before; a new one where the server has ended it."""
        if self._smtp is not None and not _is_ready(self._smtp):
            self._hang_up()
        if self._smtp is None:
            self._smtp = _connect(self._server)
        return self._smtp

    def _hang_up(self) -> None:
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            smtp.close()

    def _answer(self, smtp: smtplib.SMTP) -> str:
        """What the server says to a mail it has whole."""
        assert smtp.sock is not None, "a mail was sent over it"
        smtp.sock.settimeout(max(ANSWER_SECONDS, self._server.timeout))
        try:
            code, said = smtp.getreply()
            smtp.sock.settimeout(self._server.timeout)
        except (OSError, smtplib.SMTPException) as error:
            self._hang_up()
            raise outcome_unknown(f"The connection ended before the server answered: {_text(error)}") from None
        if code == _GOING_AWAY:
            self._hang_up()
        if code not in _TAKEN:
            raise _refusal(code, said)
        return f"{code} {_text(said)}"


def outcome_unknown(detail: str) -> MailOutcomeUnknown:
    """For a mail nobody knows of whether it went."""
    return MailOutcomeUnknown(
        "mail-outcome-unknown",
        detail,
        "Look for its Message-ID in the mail server's log; send it again only if it is not there.",
    )


def _is_ready(smtp: smtplib.SMTP) -> bool:
    try:
        return smtp.rset()[0] == _DONE
    except (OSError, smtplib.SMTPException):
        return False


def _connect(server: MailServer) -> smtplib.SMTP:
    """A dialogue that is greeted, encrypted and logged in as the server is configured."""
    trusted = _trusted(server)
    try:
        smtp = _greeted(server, trusted)
        try:
            _log_in(smtp, server, trusted)
        except BaseException:
            smtp.close()
            raise
    except ssl.SSLCertVerificationError as error:
        raise OperatorMustAct(
            "mail-certificate-invalid",
            f"The certificate of {server.host} cannot be trusted: {error.verify_message}.",
            "Set TERMSYNC_SMTP_HOST to the name in it, and TERMSYNC_SMTP_CA_FILE to the authority that signed it.",
        ) from None
    return smtp


def _log_in(smtp: smtplib.SMTP, server: MailServer, trusted: ssl.SSLContext) -> None:
    try:
        if server.security == "starttls":
            smtp.starttls(context=trusted)
        smtp.ehlo_or_helo_if_needed()
        if server.user is not None and server.password is not None:
            smtp.login(server.user, server.password.get_secret_value())
    except smtplib.SMTPNotSupportedError as error:
        raise _login_refused(server, f"does not offer what the settings ask for: {_text(error)}") from None
    except smtplib.SMTPAuthenticationError as error:
        if error.smtp_code in _TEMPORARY:
            raise
        raise _login_refused(server, f"refuses the login: {error.smtp_code} {_text(error.smtp_error)}") from None


def _greeted(server: MailServer, trusted: ssl.SSLContext) -> smtplib.SMTP:
    if server.security == "tls":
        return smtplib.SMTP_SSL(server.host, server.port, timeout=server.timeout, context=trusted)
    return smtplib.SMTP(server.host, server.port, timeout=server.timeout)


def _trusted(server: MailServer) -> ssl.SSLContext:
    trusted = ssl.create_default_context()
    try:
        if server.ca_file is not None:
            trusted.load_verify_locations(server.ca_file)
    except OSError as error:
        raise OperatorMustAct(
            "mail-ca-unreadable",
            f"TERMSYNC_SMTP_CA_FILE: {server.ca_file} cannot be used: {_text(error)}",
            "Give a PEM file with the certificates of the authorities to trust, or leave it out.",
        ) from None
    return trusted


def _address(smtp: smtplib.SMTP, sender: str, recipient: str) -> None:
    code, said = smtp.mail(sender)
    if code not in _TAKEN:
        raise _refusal(code, said) if code in (*_TEMPORARY, _NO_LOGIN) else _sender_refused(sender, code, said)
    code, said = smtp.rcpt(recipient)
    if code not in _TAKEN:
        raise _refusal(code, said)


def _stuffed(mail: EmailMessage) -> bytes:
    """The mail as it goes over the wire: a line that begins with a dot gets one more, and one dot ends it."""
    content = b"\r\n" + mail.as_bytes(policy=SMTP).removesuffix(b"\r\n")
    return content.replace(b"\r\n.", b"\r\n..").removeprefix(b"\r\n") + b"\r\n.\r\n"


def _refusal(code: int, said: bytes) -> ConnectorError:
    if code in _TEMPORARY:
        return _deferred(code, said)
    if code == _NO_LOGIN:
        return OperatorMustAct(
            "mail-login-refused",
            f"The server wants a login: {code} {_text(said)}",
            "Set TERMSYNC_SMTP_USER and TERMSYNC_SMTP_PASSWORD.",
        )
    return MailRefused(
        "mail-refused", f"{code} {_text(said)}", "Correct the address or the mail, and send it anew."
    )


def _deferred(code: int, said: bytes) -> ConnectorError:
    return MailDeferred("mail-deferred", f"{code} {_text(said)}", "Nothing: it is sent again by itself.")


def _sender_refused(sender: str, code: int, said: bytes) -> OperatorMustAct:
    return OperatorMustAct(
        "mail-sender-refused",
        f"The server refuses {sender} as the sender: {code} {_text(said)}",
        "Set TERMSYNC_MAIL_FROM to an address this server may send from, or log in as somebody who may.",
    )


def _login_refused(server: MailServer, what: str) -> OperatorMustAct:
    return OperatorMustAct(
        "mail-login-refused",
        f"{server.host} {what}",
        "Compare TERMSYNC_SMTP_USER, TERMSYNC_SMTP_PASSWORD and TERMSYNC_SMTP_SECURITY with what it offers.",
    )


def _away(server: MailServer, error: Exception) -> MailServerAway:
    return MailServerAway(
        "mail-server-unreachable",
        f"{server.host}:{server.port} does not answer as a mail server: {_text(error)}",
        "Check TERMSYNC_SMTP_HOST, its port and TERMSYNC_SMTP_SECURITY; mails wait until it answers.",
    )


def _text(said: object) -> str:
    """What a server said or an error says, in one line that can be stored and shown."""
    words = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    shown = "".join(character if character.isprintable() else " " for character in words)
    return " ".join(shown.split())[:SHOWN] or type(said).__name__
