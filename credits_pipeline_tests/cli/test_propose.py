"""``propose`` on the command line: shares that a person types."""

import resource
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from credits_pipeline.cli import app
from credits_pipeline.cli.propose import _write


@pytest.mark.parametrize("percent", ["", "1e5", "1__0", "NaN", "\N{ARABIC-INDIC DIGIT FIVE}"])
def test_a_share_that_is_no_percentage_is_named(percent: str) -> None:
    words = ["--month", "2026-05", "--rule", "fixed", "--booked", "ignore"]
    refused = CliRunner().invoke(app, ["propose", *words, "--share", f"111122223333={percent}"])
    assert refused.exit_code == 2
    assert "is not an account and its percentage" in " ".join(
        refused.stderr.replace("│", " ").split()
    )


def test_an_account_with_two_shares_is_named() -> None:
    words = ["--month", "2026-05", "--rule", "fixed", "--booked", "ignore"]
    shares = ["--share", "111122223333=60", "--share", "111122223333 =100"]
    refused = CliRunner().invoke(app, ["propose", *words, *shares])
    assert refused.exit_code == 2
    assert "111122223333 is there twice" in refused.output


@pytest.fixture
def full_disk() -> Iterator[None]:
    """Nothing more than ten bytes can be written."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.usefixtures("full_disk")
def test_a_file_that_does_not_fit_leaves_nothing_behind(tmp_path: Path) -> None:
    made: Any = SimpleNamespace(asked=SimpleNamespace(month="2026-05"), data=b"x" * 100)
    with pytest.raises(typer.Exit):
        _write(made, tmp_path, force=False)
    assert list(tmp_path.iterdir()) == []
