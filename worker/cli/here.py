"""Doing a run in the process of a command, where no worker is up or a dry run is asked for."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from worker.cli.opened import Opened
from worker.queue import broker, runner
from worker.queue.resources import Resources

# Takes no messages: it is registered so that nobody takes its run for abandoned.
QUEUES = "command"


class Performer:
    """Does one run on a thread of its own, while the command shows how far it is."""

    def __init__(self, resources: Resources, run_id: int) -> None:
        self._resources = resources
        self._run_id = run_id
        self._thread = threading.Thread(target=self._perform, name="run", daemon=True)
        self._error: BaseException | None = None

    def start(self) -> None:
        self._thread.start()

    def _perform(self) -> None:
        try:
            runner.perform(self._resources, self._run_id)
        except BaseException as error:
            self._error = error

    def lives(self) -> bool:
        return self._thread.is_alive()

    def stop(self) -> None:
        """Ends at the next page edge; the run goes back to the queue with its progress."""
        self._resources.stop()

    def join(self) -> None:
        """Waits for the end. Raises what the run's row does not tell."""
        self._thread.join()
        if self._error is not None and not isinstance(self._error, runner.ON_THE_ROW):
            raise self._error


@contextmanager
def performer(opened: Opened, run_id: int) -> Iterator[Performer]:
    """A performer with what it needs, not yet started. Raises DependencyUnreachable when Redis does not answer."""
    broker.check(opened.addresses.redis_url)
    resources = Resources()
    resources.configure(opened.settings, opened.addresses.database_url)
    with broker.connect_redis(opened.addresses.redis_url) as slots_in:
        resources.open(QUEUES, 1, slots_in)
        found = Performer(resources, run_id)
        try:
            yield found
        finally:
            found.stop()
            if found.lives():
                found.join()
            resources.close()
