"""``propose`` on the command line: shares that a person types."""

import pytest
from typer.testing import CliRunner

from credits_pipeline.cli import app


@pytest.mark.parametrize("percent", ["", "1e5", "1__0", "NaN", "\N{ARABIC-INDIC DIGIT FIVE}"])
def test_a_share_that_is_no_percentage_is_named(percent: str) -> None:
    words = ["--month", "2026-05", "--rule", "fixed", "--booked", "ignore"]
    refused = CliRunner().invoke(app, ["propose", *words, "--share", f"111122223333={percent}"])
    assert refused.exit_code == 2
    assert "is not an account and its percentage" in " ".join(
        refused.stderr.replace("│", " ").split()
    )
