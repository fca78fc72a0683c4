"""Log lines as they reach stderr."""

import io
import json
import logging
import sys

import pytest
import structlog

from worker import logs
from worker.settings import load

pytestmark = pytest.mark.usefixtures("logging_restored")


def _lines(written: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in written.splitlines()]


def test_json_lines_carry_the_event_its_ids_and_the_bound_context(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(load(log_format="json"))
    structlog.contextvars.bind_contextvars(run_id=7)
    logs.get_logger("worker.test").info("page-landed", orders=3)
    (line,) = _lines(capsys.readouterr().err)
    assert line["event"] == "page-landed"
    assert (line["run_id"], line["orders"], line["level"], line["logger"]) == (7, 3, "info", "worker.test")
    assert str(line["timestamp"]).endswith("Z")


def test_lines_of_libraries_have_the_same_form(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(load(log_format="json"))
    logging.getLogger("sqlalchemy.pool").warning("lost %s", "connection", extra={"pool": "main"})
    (line,) = _lines(capsys.readouterr().err)
    assert (line["event"], line["logger"], line["pool"]) == ("lost connection", "sqlalchemy.pool", "main")


def test_a_later_redirect_of_stderr_is_followed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    logs.configure(load(log_format="json"))
    later = io.StringIO()
    monkeypatch.setattr(sys, "stderr", later)
    logs.get_logger("worker.test").info("after-redirect")
    assert [line["event"] for line in _lines(later.getvalue())] == ["after-redirect"]
    assert capsys.readouterr().err == ""


def test_configuring_twice_does_not_double_lines(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(load(log_format="json"))
    logs.configure(load(log_format="json"))
    logs.get_logger("worker.test").info("once")
    assert len(_lines(capsys.readouterr().err)) == 1


@pytest.mark.parametrize("form", ["console", "json"])
def test_secrets_never_reach_a_line(capsys: pytest.CaptureFixture[str], form: str) -> None:
    logs.configure(load(log_format=form))
    log = logs.get_logger("worker.test")
    password = "canary"
    log.info("call", token_secret="canary", Authorization="OAuth canary", url="postgresql://me:canary@host/db")
    log.info("call", header='Bearer canary oauth_signature="canary"'.replace('"', ""))
    logging.getLogger("library").error("cannot reach redis://:%s@host", password)
    log.info("call", url="postgresql://me:can:canary/canary@canary@host/db and redis://:canary@host")
    try:
        raise RuntimeError(f"refused by redis://me:{password}@host")
    except RuntimeError:
        log.exception("failed")
    written = capsys.readouterr().err
    assert "Traceback" in written
    assert "canary" not in written


def test_what_others_typed_commands_no_terminal_and_begins_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(load(log_format="console"))
    typed = "\x1b[2Jx\n2026-01-01 [info] forged"
    log = logs.get_logger("worker.test")
    log.info("signed-in", subject=typed, path="\x1b[2J")
    logging.getLogger("library").warning("no %s", typed)
    try:
        raise RuntimeError("\x1b[2J")
    except RuntimeError:
        log.exception("failed")
    written = capsys.readouterr().err
    assert "\x1b" not in written
    assert not any(line.startswith("2026-01-01") for line in written.splitlines())


def test_the_level_hides_what_is_below(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(load(log_format="json", log_level="warning"))
    log = logs.get_logger("worker.test")
    log.info("hidden")
    log.warning("shown")
    assert [line["event"] for line in _lines(capsys.readouterr().err)] == ["shown"]
