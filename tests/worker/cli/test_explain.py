"""Every code of the program is explained, and nothing is explained that the program cannot say."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from worker import cli, explain

ROOT = Path(cli.__file__).parents[2]
SOURCES = [
    ROOT / "connectors/smtp.py",
    *(
        path
        for room in ("connectors/netsuite", "models", "worker")
        for path in sorted((ROOT / room).rglob("*.py"))
        if path.name not in {"codes.py", "edit_codes.py", "roster_codes.py"} and path != ROOT / "worker/explain.py"
    ),
]
CODE = re.compile(r"[a-z]+(-[a-z0-9]+)+|usage|stopped")
# Calls that take a code; logging calls, which look alike, are of `log`.
TAKES_A_CODE = re.compile(
    r"error|_?bad.*|_bad_header|Shown|Refused|BadLine|RejectedRow|_coded|_warning|_skew|_no_code|.*Error|NotFound"
    r"|SettingInvalid|DependencyUnreachable|TryAgain|OperatorMustAct|RecordRejected|__init__|_reject|reject"
)
KNOWN = {code for codes in explain.REGISTRY.values() for code in codes}


def _strings(path: Path) -> Iterator[str]:
    """Every string of a file that has the form of a code, docstrings left out."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from re.findall(r"(?<![\w-])'?([a-z]+(?:-[a-z0-9]+)+)(?![\w-])", node.value)
            if node.value in {"usage", "stopped"}:
                yield node.value


def _raised(path: Path) -> Iterator[str]:
    """Codes that calls in a file hand to errors and findings."""
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        of_log = isinstance(node.func, ast.Attribute) and getattr(node.func.value, "id", "") in {"log", "_log"}
        if of_log or not TAKES_A_CODE.fullmatch(name):
            continue
        given = [argument.value for argument in node.args[:4] if isinstance(argument, ast.Constant)]
        yield from (value for value in given if isinstance(value, str) and CODE.fullmatch(value))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_codes_that_are_raised_are_explained(path: Path) -> None:
    assert set(_raised(path)) - KNOWN == set()


def test_codes_that_are_explained_are_raised() -> None:
    said = {code for path in SOURCES for code in _strings(path)}
    assert KNOWN - said == set()


def test_codes_are_explained_once_and_in_words() -> None:
    everything = [code for codes in explain.REGISTRY.values() for code in codes]
    assert len(everything) == len(set(everything))
    for codes in explain.REGISTRY.values():
        for code, (meaning, remedy) in codes.items():
            assert CODE.fullmatch(code)
            assert meaning.endswith(".")
            assert remedy.endswith(".")


def test_explain_prints_one_code_all_codes_and_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.execute(["explain", "account-differs"]) == 0
    assert "What to do: Point DATABASE_URL" in capsys.readouterr().out
    assert cli.execute(["explain"]) == 0
    listed = capsys.readouterr().out
    assert all(f"{code}\t" in listed for code in KNOWN)
    assert cli.execute(["explain", "--markdown"]) == 0
    assert capsys.readouterr().out == explain.page()
    assert cli.execute(["explain", "nonsense"]) == 1
    assert "code-unknown" in capsys.readouterr().err
