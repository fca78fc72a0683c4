"""What a person sees when something is wrong: the code, the value, what to do, and an exit code to go by."""

from pathlib import Path

import pytest
from commands import Result, Termsync
from own_valkey import Valkey

from worker import explain

pytest_plugins = ("configured_command",)

NOWHERE = "postgresql://nobody:pass-word@127.0.0.1:1/nothing"


def _refused(result: Result, code: str, exit_code: int, *words: str) -> None:
    """The error, for people on stderr."""
    assert result.code == exit_code, result
    assert f"Error {code}: " in result.err
    for word in words:
        assert word in result.err
    known = explain.find(code)
    assert known is not None


def test_wrong_secret(termsync: Termsync) -> None:
    asked = termsync("sync", "--full", "--wait", NETSUITE_CONSUMER_SECRET="wrong-secret-of-ours")
    _refused(asked, "netsuite-login-refused", 1, "Login Audit Trail")
    assert "wrong-secret-of-ours" not in asked.out + asked.err


def test_wrong_account(termsync: Termsync) -> None:
    asked = termsync("sync", "--full", "--wait", NETSUITE_ACCOUNT="9999999")
    _refused(asked, "netsuite-login-refused", 1)


def test_account_that_is_none(termsync: Termsync) -> None:
    _refused(termsync("sync", NETSUITE_ACCOUNT="my company"), "netsuite-account-invalid", 1, "1234567_SB1")


def test_login_missing_or_incomplete(termsync: Termsync) -> None:
    asked = termsync("sync", "--full", "--wait", NETSUITE_TOKEN_ID=None)
    _refused(asked, "netsuite-login-incomplete", 1, "NETSUITE_TOKEN_ID")


def test_unknown_term_field_is_named_with_its_setting(termsync: Termsync) -> None:
    asked = termsync("sync", "--full", "--wait", NETSUITE_TERM_END="header:custbody_nonsense")
    _refused(asked, "netsuite-unknown-field", 1, "custbody_nonsense", "NETSUITE_TERM_END")


def test_term_field_that_is_no_field(termsync: Termsync) -> None:
    asked = termsync("sync", "--full", "--wait", NETSUITE_TERM_END="enddate")
    _refused(asked, "term-fields-invalid", 1, "NETSUITE_TERM_END")


def test_database_of_another_account(termsync: Termsync) -> None:
    assert termsync("sync", "--full", "--wait").code == 0
    other = termsync("sync", "--wait", NETSUITE_ACCOUNT="1234567_SB1")
    _refused(other, "account-differs", 1, "TSTDRV1234567", "1234567_SB1")


def test_database_down(termsync: Termsync) -> None:
    for command in (["status"], ["worker"], ["up"]):
        down = termsync(*command, DATABASE_URL=NOWHERE)
        _refused(down, "database-unreachable", 6, "DATABASE_URL")
        assert "pass-word" not in down.out + down.err


def test_database_url_that_is_none(termsync: Termsync) -> None:
    _refused(termsync("status", DATABASE_URL="postgresql://h:port/x"), "setting-invalid", 2, "DATABASE_URL")


def test_redis_down(termsync: Termsync) -> None:
    gone = "redis://127.0.0.1:1/0"
    _refused(termsync("sync", "--full", "--wait", REDIS_URL=gone), "redis-unreachable", 6, "REDIS_URL")
    _refused(termsync("worker", REDIS_URL=gone), "redis-unreachable", 6)
    status = termsync("status", "--json", REDIS_URL=gone)
    assert (status.code, status.document["verdict"], status.document["messages"]) == (1, "BROKEN", None)


def test_redis_down_keeps_what_was_asked_for(termsync: Termsync, tmp_path: Path) -> None:
    """The row is the work: without --wait the run is asked for, whether or not anybody can be rung."""
    data = tmp_path / "valkey"
    data.mkdir()
    valkey = Valkey(data)
    asked = termsync("sync", "--json", REDIS_URL=valkey.url)
    assert (asked.code, asked.document["rung"]) == (0, False)
    assert [row["state"] for row in termsync("run", "list", "--json").document["runs"]] == ["queued"]


def test_netsuite_down(termsync: Termsync) -> None:
    down = termsync("doctor", NETSUITE_BASE_URL="http://127.0.0.1:1")
    assert down.code == 6
    assert "No connection to NetSuite" in down.out


def test_unknown_tenant(termsync: Termsync) -> None:
    _refused(termsync("sync", "--tenant", "nobody"), "tenant-unknown", 1, "nobody", "termsync tenant add")


def test_no_mapping_is_said(termsync: Termsync) -> None:
    termsync("tenant", "add", "acme")
    asked = termsync("sync", "--tenant", "acme", "--wait")
    _refused(asked, "tenant-without-customers", 1, "acme", "map-customer")


def test_unknown_order(termsync: Termsync) -> None:
    _refused(termsync("sync", "--order", "SO-nowhere", "--wait"), "order-unknown", 1, "SO-nowhere")


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["sync", "--full", "--tenant", "acme"], "--tenant"),
        (["expire", "--as-of", "2030-01-01"], "--dry-run"),
        (["tenant", "set", "acme"], "--time-zone"),
        (["sync", "--customer", "many"], "--customer"),
        (["worker", "--queue", "middle"], "middle"),
        (["mock-netsuite", "--today", "yesterday"], "yesterday"),
        (["mock-netsuite", "--chaos", "earthquake"], "--chaos"),
        (["roster", "import"], "FILE"),
        (["no-such-command"], "no-such-command"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_usage(unconfigured: Termsync, arguments: list[str], word: str) -> None:
    wrong = unconfigured(*arguments)
    assert (wrong.code, wrong.out) == (2, "")
    assert word in wrong.err


def test_wrong_usage_as_json(unconfigured: Termsync) -> None:
    wrong = unconfigured("expire", "--as-of", "2030-01-01", "--json")
    assert (wrong.code, wrong.err) == (2, "")
    assert wrong.document["error"]["code"] == "usage"


def test_bad_instants(termsync: Termsync) -> None:
    _refused(termsync("sync", "--since", "31/12/2026"), "instant-invalid", 1, "31/12/2026")
    _refused(termsync("expire", "--dry-run", "--as-of", "soon"), "instant-invalid", 1, "soon")
    _refused(termsync("sync", "--since", "9999-12-31"), "instant-invalid", 1, "9999-12-31")
    _refused(termsync("expire", "--dry-run", "--as-of", "0001-01-01"), "instant-invalid", 1, "0001-01-01")


def test_missing_and_wrong_roster_files(termsync: Termsync) -> None:
    _refused(termsync("roster", "import", "nothing.csv"), "file-unreadable", 2, "nothing.csv")
    (termsync.folder / "roster.csv").write_text("tenant,user,sales order\n")
    _refused(termsync("roster", "import", "roster.csv"), "roster-header-invalid", 1, "sales_order")


def test_errors_as_json_are_one_document(termsync: Termsync) -> None:
    refused = termsync("tenant", "resume", "nobody", "--json")
    assert refused.code == 1
    assert refused.err == ""
    error = refused.document["error"]
    assert error["code"] == "tenant-unknown"
    assert set(error) == {"code", "message", "remedy"}


def test_an_unexpected_error_has_a_number_and_its_trace_is_kept(termsync: Termsync) -> None:
    """A table gone behind the program's back is nothing it can expect."""
    import psycopg

    with psycopg.connect(termsync.variables["DATABASE_URL"], autocommit=True) as connection:
        connection.execute("alter table hold rename to held")
    broken = termsync("hold", "list")
    assert broken.code == 1
    assert "Error internal-error: " in broken.err
    assert "Traceback" not in broken.err
    number = broken.err.partition("number ")[2][:8]
    [log] = [path for path in map(Path, broken.err.split()) if path.name == "errors.log"]
    kept = log.read_text()
    assert number in kept
    assert "UndefinedTable" in kept
    assert log.stat().st_mode & 0o077 == 0
