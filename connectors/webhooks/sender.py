"""One call of a webhook: to an address that was checked, once, within a deadline, its answer read in part.

The name is looked up here, each address is checked, and the connection is made to that very address: what the name
means to others a moment later does not matter. No proxy is used, no redirect followed, nothing sent twice, and
nothing sent at all once the deadline is over: looking a name up has no time limit of its own.
"""

import contextlib
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_address
from typing import NamedTuple

from connectors.errors import TryAgain
from connectors.headers import retry_after
from connectors.webhooks.addresses import Network, Target, may_connect, refused, target

MOST_READ = 2000  # bytes of an answer


class Answer(NamedTuple):
    """What the receiver said. `retry_after` in seconds; `text` is the beginning of its answer."""

    status: int
    retry_after: float | None
    text: str


class Sender:
    """Calls receivers; safe to share between threads. `connect` and `total` in seconds."""

    def __init__(self, allowed: Sequence[Network] = (), connect: float = 5.0, total: float = 15.0) -> None:
        self._allowed = allowed
        self._connect = connect
        self._total = total
        self._tls = ssl.create_default_context()

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send `body` once and read the beginning of the answer, whatever its status.

        Raises TryAgain for everything that is no answer, OperatorMustAct for an address that is refused.
        """
        wanted, deadline = target(url), time.monotonic() + self._total
        connection = _Connection(wanted, self._addresses(wanted), self._tls, self._connect, deadline)
        try:
            with _cut_when_late(connection):
                connection.request("POST", wanted.path, body, {**headers, "Connection": "close"})
                response = connection.getresponse()
                text = response.read(MOST_READ)
        except (OSError, http.client.HTTPException, ValueError) as problem:
            raise _not_answered(wanted.host, problem, connection.late()) from None
        finally:
            connection.close()
        if connection.late():  # what was cut off may look like an answer that ends early
            raise _not_answered(wanted.host, TimeoutError(), late=True)
        said = text.decode("utf-8", "replace").replace("\0", "")
        return Answer(response.status, retry_after(response.headers.get("Retry-After", "")), said)

    def _addresses(self, wanted: Target) -> list[str]:
        """Where the host is, of which only what may be connected to."""
        try:
            found = socket.getaddrinfo(wanted.host, wanted.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as problem:
            raise _not_answered(wanted.host, problem, late=False) from None
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        usable = [each for each in addresses if may_connect(ip_address(each.partition("%")[0]), self._allowed)]
        if not usable:
            raise refused(wanted.host)
        return usable


class _Connection(http.client.HTTPConnection):
    """A connection to one of `addresses`, which are numbers, whatever the host is called."""

    def __init__(
        self, wanted: Target, addresses: Sequence[str], tls: ssl.SSLContext, connect: float, deadline: float
    ) -> None:
        super().__init__(wanted.host, wanted.port)
        self.default_port = http.client.HTTPS_PORT if wanted.scheme == "https" else http.client.HTTP_PORT
        self._secure = wanted.scheme == "https"
        self._addresses = addresses
        self._context = tls
        self._connecting = connect
        self._deadline = deadline
        self._sockets: list[socket.socket] = []  # http.client lets go of its own before the answer is read

    def connect(self) -> None:
        self.sock = self._dialled()
        self.sock.settimeout(self.left())
        self._sockets.append(self.sock)
        if self._secure:
            self.sock = self._context.wrap_socket(self.sock, server_hostname=self.host)
            self._sockets.append(self.sock)
        if self.late():  # what cuts off has perhaps been here before this socket was
            raise TimeoutError

    def late(self) -> bool:
        """Whether the deadline has passed."""
        return time.monotonic() >= self._deadline

    def left(self) -> float:
        """Seconds to the deadline, never 0: to a socket that means not to wait at all."""
        return max(0.01, self._deadline - time.monotonic())

    def cut(self) -> None:
        """Ends every wait on this connection: time limits of sockets start anew with every byte."""
        for sock in self._sockets:
            with contextlib.suppress(OSError):
                # The plain method: SSLSocket's own would drop its state under the reader's feet.
                socket.socket.shutdown(sock, socket.SHUT_RDWR)

    def _dialled(self) -> socket.socket:
        problem: OSError = TimeoutError()
        for address in self._addresses:
            if self.late():
                break
            try:
                return socket.create_connection((address, self.port), min(self._connecting, self.left()))
            except OSError as error:
                problem = error
        raise problem


@contextlib.contextmanager
def _cut_when_late(connection: _Connection) -> Iterator[None]:
    timer = threading.Timer(connection.left(), connection.cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _not_answered(host: str, problem: Exception, late: bool) -> TryAgain:
    if late or isinstance(problem, TimeoutError):
        return TryAgain("webhook-too-slow", f"{host} did not answer in time.", "Look at the receiver: is it busy?")
    if isinstance(problem, ssl.SSLError):
        return TryAgain(
            "webhook-not-trusted",
            f"{host} could not be reached over TLS: {problem.reason or 'the connection was cut'}.",
            "Look at the receiver's certificate: its name, its end, who signed it.",
        )
    if isinstance(problem, http.client.HTTPException | ValueError):
        why = f"its answer is not HTTP ({type(problem).__name__})"
    else:
        why = getattr(problem, "strerror", None) or type(problem).__name__
    return TryAgain(
        "webhook-not-reached",
        f"{host} was not reached: {why}.",
        "Look at the receiver: its name, does it run?",
    )
