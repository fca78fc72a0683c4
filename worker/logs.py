"""Logs: one line an event, a static event name and ids beside it; for people on a console or as JSON.

Lines of the libraries (dramatiq, SQLAlchemy, APScheduler) go the same way. Whatever was bound with
`structlog.contextvars` is on every line; the queue clears it around each message.
"""

import logging
import os
import re
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog
from structlog.typing import Processor

from worker.settings import MASK, Settings, mask_passwords

SECRET_NAME = re.compile(r"secret|password|authorization|private_key|assertion|consumer_key|token", re.IGNORECASE)
SECRET_IN_TEXT = re.compile(
    r"(?<=Bearer )\S+"
    r"|(?<=oauth_signature=)[^\s,&]+"
    r"|(?<=oauth_token=)[^\s,&]+"
    r"|(?<=client_assertion=)[^\s&]+"
)

get_logger = structlog.stdlib.get_logger


class _CurrentStderr(logging.StreamHandler[TextIO]):
    """Writes to what `sys.stderr` is at the time: the queue's process replaces it after start."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        return sys.stderr


def configure(settings: Settings) -> None:
    """Sends all logging of this process to stderr in the configured form. May be called again."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,  # plain: local variables may hold secrets
        mask_secrets,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = _CurrentStderr()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_rendering(settings.log_format),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=settings.log_level.upper(), force=True)
    for noisy in ("apscheduler", "dramatiq", "alembic"):
        logging.getLogger(noisy).setLevel(logging.DEBUG if settings.log_level == "debug" else logging.WARNING)


def _rendering(form: str) -> list[Processor]:
    if form == "json":
        return [structlog.processors.JSONRenderer()]
    console = structlog.dev.ConsoleRenderer(
        colors=os.isatty(2) and not os.environ.get("NO_COLOR"),
        exception_formatter=structlog.dev.plain_traceback,
    )
    return [_show_control_characters, console]


def _show_control_characters(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """What others typed commands no terminal, and begins no line that could be taken for one of ours."""
    for name, value in event.items():
        if isinstance(value, str) and not value.isprintable():
            kept = "\n" if name == "exception" else ""
            event[name] = "".join(
                mark if mark.isprintable() or mark in kept else repr(mark)[1:-1] for mark in value
            )
    return event


def mask_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Masks values whose name says secret, and what looks like one inside any text."""
    for name, value in event.items():
        if SECRET_NAME.search(name):
            event[name] = MASK
        elif isinstance(value, str):
            event[name] = SECRET_IN_TEXT.sub(MASK, mask_passwords(value))
    return event
