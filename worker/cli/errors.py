"""How errors reach a person: code, what is wrong, what to do. Never a traceback."""

import json
import os
import sys
import tempfile
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, cast
from uuid import uuid4

import typer

from worker.cli.exits import UNREACHABLE, Exit


class Shown(NamedTuple):
    """An error as it is printed, and the exit code that goes with it."""

    code: str
    message: str
    remedy: str
    exit: int


def show(error: Exception, as_json: bool) -> int:
    """Prints an error on stderr, or as JSON on stdout; returns the exit code."""
    if isinstance(error, typer.Abort):
        print("Stopped, nothing was done.", file=sys.stderr)
        return Exit.FAILED
    if isinstance(error, typer.TyperException) and not as_json and not error.message:
        cast(Any, error).show()  # a command without arguments: its help
        return error.exit_code
    shown = shown_as(error)
    if as_json:
        document = {"code": shown.code, "message": shown.message, "remedy": shown.remedy}
        print(json.dumps({"error": document}), flush=True)
    else:
        _print(shown)
    return shown.exit


def shown_as(error: Exception) -> Shown:
    """What a person is told about an error."""
    if isinstance(error, typer.TyperException):
        return _usage(error)
    return _known(error) or _of_the_database(error) or _of_redis(error) or _unexpected(error)


def reader_is_gone() -> int:
    """For `termsync … | head`: nobody reads on, and Python must not complain about that at its exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return Exit.FAILED


def exit_of(code: str | None) -> int:
    """The exit code for a run that failed with this error code."""
    return Exit.UNREACHABLE if code in UNREACHABLE else Exit.FAILED


def _usage(error: typer.TyperException) -> Shown:
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "termsync"
    return Shown(
        "usage", error.format_message(), f"See `{command} --help`.", getattr(error, "exit_code", Exit.USAGE)
    )


def _known(error: Exception) -> Shown | None:
    from connectors.errors import ConnectorError
    from worker.errors import DependencyUnreachable, SettingInvalid, TermsyncError

    if not isinstance(error, ConnectorError | TermsyncError):
        return None
    if isinstance(error, SettingInvalid) or error.code in {"confirmation-needed", "file-unreadable"}:
        exit_code: int = Exit.USAGE
    elif isinstance(error, DependencyUnreachable):
        exit_code = Exit.UNREACHABLE
    else:
        exit_code = exit_of(error.code)
    return Shown(error.code, error.message, error.remedy, exit_code)


def _of_the_database(error: Exception) -> Shown | None:
    if "sqlalchemy" not in sys.modules:
        return None
    from psycopg.errors import LockNotAvailable, QueryCanceled
    from sqlalchemy.exc import InterfaceError, OperationalError

    if not isinstance(error, OperationalError | InterfaceError):
        return None
    if isinstance(error.orig, LockNotAvailable | QueryCanceled):
        return Shown(
            "database-busy",
            "The database was too busy: another change held the same rows for too long.",
            "Try again; `termsync run list` shows what is under way.",
            Exit.FAILED,
        )
    return Shown(
        "database-unreachable",
        f"PostgreSQL stopped answering: {str(error.orig).strip()}",
        "Check that the server runs and that DATABASE_URL names it, then try again.",
        Exit.UNREACHABLE,
    )


def _of_redis(error: Exception) -> Shown | None:
    if "redis" not in sys.modules:
        return None
    from redis import RedisError

    if not isinstance(error, RedisError):
        return None
    return Shown(
        "redis-unreachable",
        f"Redis stopped answering: {error}",
        "Check that the server runs and that REDIS_URL names it, then try again.",
        Exit.UNREACHABLE,
    )


def _unexpected(error: Exception) -> Shown:
    number = uuid4().hex[:8]
    return Shown(
        "internal-error",
        f"Something went wrong that termsync did not expect ({type(error).__name__}), number {number}.",
        f"The whole trace is in {_keep_trace(error, number)} under that number; report it with the command.",
        Exit.FAILED,
    )


def _keep_trace(error: Exception, number: str) -> Path:
    """Appends the trace, secrets masked, to a file only this user can read."""
    from worker.logs import mask_secrets

    trace = "".join(traceback.format_exception(error))
    masked = mask_secrets(None, "", {"trace": trace})["trace"]
    entry = f"{datetime.now(UTC).isoformat(timespec='seconds')} {number}\n{masked}\n"
    for directory in (os.environ.get("TERMSYNC_DATA_DIR") or ".termsync", tempfile.gettempdir()):
        path = Path(directory).resolve() / "errors.log"
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
        except OSError:
            continue
        with open(descriptor, "a", encoding="utf-8") as file:
            file.write(entry)
        return path
    sys.stderr.write(entry)
    return Path("/dev/stderr")


def _print(shown: Shown) -> None:
    from rich.console import Console
    from rich.text import Text

    side = Console(stderr=True, highlight=False, soft_wrap=True)
    side.print(Text.assemble(("Error ", "bold red"), (shown.code, "red"), ": ", shown.message))
    side.print(shown.remedy, markup=False)
