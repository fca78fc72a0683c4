"""One HTTP exchange: a session a thread, a time limit on everything, a size limit on the answer, no redirects."""

import contextlib
import os
import socket
import threading
import weakref
from collections.abc import Iterator
from typing import Any, NamedTuple

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError
from urllib3.poolmanager import PoolManager, ProxyManager

from connectors.netsuite.faults import Answer, connection_fault, timed_out, too_large

CHUNK = 65_536
BODY_LIMIT = 64 * 2**20
"""Bytes of one decompressed answer; a page of 1,000 orders has about 300,000."""


class Timeouts(NamedTuple):
    """Seconds. `read` is the longest silence."""

    connect: float = 10.0
    read: float = 120.0

    @property
    def total(self) -> float:
        """The end of an exchange, however busily it dribbles."""
        return 2 * self.read


class Transport:
    """Sends requests to one base URL; safe to share between threads.

    Raises TryAgain or OperatorMustAct (see faults.py) for everything that is not an HTTP answer.
    """

    def __init__(self, base_url: str, timeouts: Timeouts, body_limit: int = BODY_LIMIT) -> None:
        self.base_url = base_url
        self._timeouts = timeouts
        self._body_limit = body_limit
        self._own = threading.local()
        self._sessions: weakref.WeakSet[requests.Session] = weakref.WeakSet()
        self._adding = threading.Lock()

    def send(self, request: requests.Request) -> Answer:
        """Prepares (and so signs) the request and sends it once. `request.url` is a path on the base URL."""
        session = self._session()
        request.url = self.base_url + request.url
        with _limited(self._timeouts.total) as exchange:
            try:
                answer = self._exchange(session, request)
            except (requests.RequestException, HTTPError, OSError, ValueError) as problem:
                if not exchange.was_cut:
                    raise connection_fault(problem) from None
        # A cut socket surfaces as almost any error, or as an answer that just ends.
        if exchange.was_cut:
            raise timed_out(self._timeouts.total)
        return answer

    def close(self) -> None:
        """Closes every thread's session."""
        with self._adding:
            sessions = list(self._sessions)
        for session in sessions:
            session.close()

    def _exchange(self, session: requests.Session, request: requests.Request) -> Answer:
        timeout = (self._timeouts.connect, self._timeouts.read)
        prepared = session.prepare_request(request)
        settings = session.merge_environment_settings(self.base_url, {}, True, None, None)
        with session.send(prepared, timeout=timeout, allow_redirects=False, **settings) as response:
            return Answer(response.status_code, response.headers, self._body(response))

    def _body(self, response: requests.Response) -> bytes:
        """In pieces, so that a small compressed answer cannot become gigabytes here."""
        body = bytearray()
        for piece in response.iter_content(CHUNK):
            body += piece
            if len(body) > self._body_limit:
                raise too_large(self._body_limit)
        return bytes(body)

    def _session(self) -> requests.Session:
        """This thread's session: requests does not promise that one may be shared, and a fork would share it."""
        process, session = getattr(self._own, "session", (None, None))
        if session is None or process != os.getpid():
            session = _Session()
            self._own.session = (os.getpid(), session)
            with self._adding:
                self._sessions.add(session)
        return session


class _Session(requests.Session):
    """Goes where it was sent and nowhere else, with the login it was given and no other."""

    def __init__(self) -> None:
        super().__init__()
        for scheme in ("http://", "https://"):
            self.mount(scheme, _Adapter())
        self.auth = _unsigned

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """None, because requests reads the body of a redirect, without limit, even when told not to follow it."""
        return None


def _unsigned(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """What signs a request that has no login: without it, requests would take one from a .netrc file."""
    return request


class _Exchange:
    """The call a thread is in: the connection it waits on, to be cut from outside when the time is over.

    Socket timeouts start anew with every byte, so they alone let a server hold a thread for days.
    """

    def __init__(self) -> None:
        self.connection: HTTPConnection | None = None
        self.was_cut = False

    def cut(self) -> None:
        self.was_cut = True
        sock = self.connection.sock if self.connection else None
        if sock is not None:
            with contextlib.suppress(OSError):
                # The plain method: SSLSocket's own would drop its state under the reader's feet.
                socket.socket.shutdown(sock, socket.SHUT_RDWR)


_current = threading.local()


@contextlib.contextmanager
def _limited(seconds: float) -> Iterator[_Exchange]:
    exchange = _current.exchange = _Exchange()
    timer = threading.Timer(seconds, exchange.cut)
    timer.daemon = True
    timer.start()
    try:
        yield exchange
    finally:
        timer.cancel()


class _Pool(HTTPConnectionPool):
    def _get_conn(self, timeout: float | None = None) -> Any:
        connection = super()._get_conn(timeout)
        _current.exchange.connection = connection
        return connection


class _SecurePool(_Pool, HTTPSConnectionPool):
    pass


class _Adapter(HTTPAdapter):
    """Notes which connection each call uses; never retries by itself."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        _note_connections(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> ProxyManager:
        manager: ProxyManager = super().proxy_manager_for(proxy, **kwargs)
        _note_connections(manager)
        return manager


def _note_connections(manager: PoolManager) -> None:
    manager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
