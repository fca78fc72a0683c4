"""The pages say what the program does."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from worker import explain
from worker.cli import COMMANDS
from worker.settings import Settings

ROOT = Path(__file__).parent.parent
REWRITE = "run `make reference`"
PAGES = sorted([ROOT / "README.md", *(ROOT / "deploy").rglob("*.md"), *(ROOT / "tests").rglob("*.md")])


def test_the_reference_page_is_the_programs_own() -> None:
    """In a process of its own, as `make reference` does it: other tests declare actors and metrics too."""
    made = subprocess.run(
        [sys.executable, "-m", "worker.cli.reference"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert (ROOT / "deploy/docs/reference.md").read_text() == made.stdout, REWRITE


def test_the_page_of_error_codes_is_the_programs_own() -> None:
    assert (ROOT / "deploy/docs/errors.md").read_text() == explain.page(), REWRITE


def test_the_example_of_settings_names_only_settings_there_are() -> None:
    named = set(re.findall(r"^#?([A-Z_]+)=", (ROOT / "deploy/env.example").read_text(), re.M))
    known = {setting.name for setting in Settings.model_construct().describe()}
    assert named <= known
    assert {"DATABASE_URL", "REDIS_URL", "NETSUITE_ACCOUNT"} <= named


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_pages_name_only_commands_and_files_there_are(page: Path) -> None:
    text = page.read_text()
    for command in re.findall(r"(?:`|^    )termsync ([a-z-]+)", text, re.M):
        assert command in COMMANDS
    for link in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (page.parent / link).exists(), link
