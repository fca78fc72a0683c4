"""`bin/chromium`: finds a browser, installs one as root, or says what to do."""

import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "bin" / "chromium"
BASH = "/bin/bash"


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A PATH with nothing on it but what a test puts there."""
    return tmp_path


def put(programs: Path, name: str, script: str) -> Path:
    program = programs / name
    program.write_text(f"#!{BASH}\n{script}\n")
    program.chmod(0o755)
    return program


def run(programs: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    variables = {"PATH": str(programs), **environment}
    return subprocess.run([BASH, SCRIPT], env=variables, capture_output=True, text=True, timeout=30, check=False)


def test_a_browser_on_path_is_found(programs: Path) -> None:
    chrome = put(programs, "google-chrome", "")
    assert run(programs).stdout.split() == [str(chrome)]


def test_the_one_that_is_set_comes_first(programs: Path) -> None:
    put(programs, "chromium", "")
    mine = put(programs, "mine", "")
    assert run(programs, CHROMIUM=str(mine)).stdout.split() == [str(mine)]


def test_root_gets_one_installed(programs: Path) -> None:
    put(programs, "id", "echo 0")
    browser = programs / "chromium"
    install = f'echo "#!{BASH}" > {browser}; /bin/chmod +x {browser}'
    put(programs, "apt-get", f"echo busy; if [ $1 = install ]; then {install}; fi")
    done = run(programs)
    assert (done.returncode, done.stdout.split()) == (0, [str(browser)])


def test_others_are_told_what_to_do(programs: Path) -> None:
    put(programs, "id", "echo 1000")
    done = run(programs)
    assert (done.returncode, done.stdout) == (1, "")
    assert "apt-get install chromium" in done.stderr
