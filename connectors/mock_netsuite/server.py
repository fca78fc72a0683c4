"""Starts and stops the mocked account."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any

from connectors.mock_netsuite.account import Account
from connectors.mock_netsuite.app import App
from connectors.mock_netsuite.config import MockConfig
from connectors.mock_netsuite.http_server import MockServer


class Mock:
    """A running account."""

    def __init__(self, config: MockConfig) -> None:
        self.config = config
        self._app = App(config)
        self._server = MockServer(self._app, config.host, config.port, config.body_limit)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def base_url(self) -> str:
        """What NETSUITE_BASE_URL has to say, e.g. `http://127.0.0.1:8080`."""
        return f"{self.config.scheme}://{self.config.host}:{self.port}"

    @property
    def account(self) -> Account:
        """The account behind the socket, for tests that look under it."""
        return self._app.account

    def stats(self) -> dict[str, Any]:
        """The same as GET /_mock/stats."""
        return self._app.stats()

    def serve_forever(self) -> None:
        self._server.serve_forever(poll_interval=0.01)

    def stop(self) -> None:
        """Ends `serve_forever` in another thread, and all connections."""
        self._server.stop()
        self.close()

    def close(self) -> None:
        """Frees the port and the data of an account that no longer serves."""
        self._server.server_close()
        self._app.close()


@contextmanager
def serve(config: MockConfig | None = None) -> Iterator[Mock]:
    """Runs the account on a thread of this process while the block runs."""
    mock = Mock(config or MockConfig())
    thread = threading.Thread(target=mock.serve_forever, name="mock-netsuite", daemon=True)
    thread.start()
    try:
        yield mock
    finally:
        mock.stop()
        thread.join()


def run(config: MockConfig, on_ready: Callable[[Mock], None] = lambda mock: None) -> None:
    """Runs the account until SIGINT or SIGTERM; `on_ready` is told when it listens. For the main thread."""
    # Both are asked for: a process that a script puts in the background inherits SIGINT as ignored.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    with suppress(KeyboardInterrupt), closing(Mock(config)) as mock:
        on_ready(mock)
        mock.serve_forever()
