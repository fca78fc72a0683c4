"""A real mail server for tests: keeps what it is sent, and refuses, waits or hangs up where it is told to."""

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any, Literal

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from processes import PATIENCE

HOST = "localhost"
USER, PASSWORD = "termsync", "a password of mail"
Step = Literal["mail", "rcpt", "data"]


@dataclass
class Inbox:
    """What a server was sent, and how it is to behave. `answers`: what it says at a step instead of 250."""

    port: int = 0
    received: list[tuple[str, EmailMessage]] = field(default_factory=list)  # recipient, mail
    logins: list[str] = field(default_factory=list)
    transports: list[Any] = field(default_factory=list)
    answers: dict[Step, list[str]] = field(default_factory=dict)
    held: dict[Step, threading.Event] = field(default_factory=dict)
    reached: dict[Step, threading.Event] = field(default_factory=dict)

    def hold(self, step: Step) -> None:
        """Let the next dialogue wait at a step until `let_go`."""
        self.held[step], self.reached[step] = threading.Event(), threading.Event()

    def wait_for(self, step: Step) -> None:
        """Wait until a dialogue waits at a step."""
        assert self.reached[step].wait(PATIENCE), f"nobody came as far as {step}"

    def let_go(self, step: Step) -> None:
        self.held.pop(step).set()

    @property
    def connections(self) -> int:
        return len(self.transports)

    def hang_up(self) -> None:
        """End every dialogue that is open, as a server does that is started anew."""
        for transport in self.transports:
            transport.abort()

    @property
    def subjects(self) -> list[str]:
        return [mail["Subject"] for _, mail in self.received]


class _Handler:
    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    async def handle_EHLO(
        self, server: Any, session: Any, envelope: Any, name: str, answers: list[str]
    ) -> list[str]:
        if server.transport not in self._inbox.transports:
            self._inbox.transports.append(server.transport)
        session.host_name = name
        return answers

    async def handle_MAIL(self, server: Any, session: Any, envelope: Envelope, address: str, options: Any) -> str:
        envelope.mail_from = address
        return await self._step("mail") or "250 OK"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Envelope, address: str, options: Any) -> str:
        answer = await self._step("rcpt")
        if answer is None or answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer or "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        mail = message_from_bytes(content, policy=default)
        answer = self._answer("data")
        if answer is None or not answer.startswith(("4", "5")):
            self._inbox.received.append((envelope.rcpt_tos[0], mail))
        await self._wait("data")
        if answer == "hang up":
            server.transport.abort()
        return answer or "250 taken"

    async def _step(self, step: Step) -> str | None:
        await self._wait(step)
        return self._answer(step)

    def _answer(self, step: Step) -> str | None:
        answers = self._inbox.answers.get(step)
        return answers.pop(0) if answers else None

    async def _wait(self, step: Step) -> None:
        held = self._inbox.held.get(step)
        if held is not None:
            self._inbox.reached[step].set()
            while not held.is_set():
                await asyncio.sleep(0.01)


class _OnAnyPort(Controller):
    """The port it was given by the system is its port, for the look whether it answers too."""

    def _trigger_server(self) -> None:
        server: Any = self.server
        self.port = server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


@contextmanager
def mail_server(
    security: Literal["none", "starttls", "tls"] = "none",
    certificate: ssl.SSLContext | None = None,
    *,
    login: bool = False,
) -> Iterator[Inbox]:
    """A server on a free port of localhost."""
    inbox = Inbox()

    def authenticate(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        right = isinstance(data, LoginPassword) and data.password == PASSWORD.encode()
        inbox.logins.append(data.login.decode())
        return AuthResult(success=right, handled=right)

    options: dict[str, Any] = {"ident": "test"}
    if security == "starttls":
        options |= {"tls_context": certificate, "require_starttls": True}
    if login:
        options |= {
            "authenticator": authenticate,
            "auth_required": True,
            "auth_require_tls": security == "starttls",
        }
    if security == "tls":
        options["ssl_context"] = certificate
    controller = _OnAnyPort(_Handler(inbox), hostname="127.0.0.1", port=0, ready_timeout=PATIENCE, **options)
    controller.start()
    inbox.port = controller.port
    try:
        yield inbox
    finally:
        for held in inbox.held.values():
            held.set()
        controller.stop()


def make_certificate(folder: Path, name: str = HOST) -> tuple[ssl.SSLContext, Path]:
    """The certificate of a server called `name`, and the file of the authority to trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, private = folder / f"{name}.pem", folder / f"{name}.key"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, private)
    return context, certificate
