"""What webhooks are called with: of a worker process, made at its first call and shared by its threads."""

from functools import partial
from threading import Lock
from uuid import UUID, uuid4

from sqlalchemy.orm import Session, sessionmaker

from connectors.webhooks import Answer, Sender
from models import webhook_calls
from worker import clock
from worker.errors import NotFound
from worker.pipeline import webhooks_sending
from worker.pipeline.webhooks_secrets import keyring
from worker.pipeline.webhooks_sending import Calling
from worker.queue.resources import Resources
from worker.settings import Settings

_making = Lock()
_made: dict[UUID, Calling] = {}


def of(resources: Resources) -> Calling:
    """The means of this process, as long as its resources stay open."""
    with _making:
        if resources.worker_id not in _made:
            _made.clear()
            _made[resources.worker_id] = made(resources.sessions, resources.settings, resources)
        return _made[resources.worker_id]


def made(sessions: sessionmaker[Session], settings: Settings, resources: Resources | None = None) -> Calling:
    """New means, by the settings."""
    sender = Sender(settings.webhook_networks, total=settings.webhook_timeout)
    stopping = (lambda: False) if resources is None else resources.stopping
    return Calling(sessions, settings, partial(keyring, settings), sender, stopping=stopping)


def try_out(sessions: sessionmaker[Session], settings: Settings, name: str) -> Answer:
    """Call the webhook of this name now, about nothing. Raises NotFound, ConnectorError, SettingInvalid."""
    with sessions() as session:
        turn = webhook_calls.called(session, name, clock.now(session))
    if turn is None:
        raise NotFound("webhook-unknown", f"There is no webhook {name!r}.", "See `termsync webhook list`.")
    return webhooks_sending.try_out(made(sessions, settings), turn, f"test_{uuid4().hex}")
