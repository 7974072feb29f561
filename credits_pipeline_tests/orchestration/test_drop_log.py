"""Dagster's log while a month is sent: it may be gone, and the month is what counts."""

from typing import Any

import dagster as dg
import pytest

from credits_pipeline.orchestration import drop
from credits_pipeline.reporting.attempt import Verdict
from credits_pipeline_tests.orchestration.conftest import JANUARY, Pipeline


def test_a_log_that_can_t_be_written_stops_no_drop_half_way(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As Dagster raises it where its database is locked or gone."""
    begun = drop._MonthDrop.options

    def without_log(self: Any, config: Any) -> Any:
        def broken(_: str) -> None:
            raise dg.DagsterInvariantViolationError("database is locked")

        monkeypatch.setattr(self.context.log, "info", broken)
        return begun(self, config)

    monkeypatch.setattr(drop._MonthDrop, "options", without_log)
    pipeline.upload(b"047210934418,$150000.00\n")
    assert pipeline.run().success
    receipt = pipeline.journal.receipt(JANUARY)
    assert receipt is not None
    assert receipt.verdict is Verdict.VERIFIED
    printed = capsys.readouterr().err
    assert "sending body 1 of 1" in printed
    assert "Dagster's log can't be written: database is locked" in printed
