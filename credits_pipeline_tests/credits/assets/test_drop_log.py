"""Dagster's log may fail while a month is sent: what counts is the month."""

from typing import Any

import dagster as dg
import pytest

from credits_pipeline.credits.assets import drop
from credits_pipeline.credits.cloudzero.errors import LockError
from credits_pipeline.credits.cloudzero.lock import _HeldFile as HeldFile
from credits_pipeline.credits.state.attempt import Verdict
from credits_pipeline_tests.credits.assets.conftest import JANUARY, Pipeline


def test_a_log_that_can_t_be_written_stops_no_drop_half_way(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The error that Dagster raises when its database is locked or gone."""
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


def test_what_goes_wrong_after_a_month_was_closed_changes_nothing_that_it_says(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when Dagster's database is gone and the month's observation can't be stored."""

    def broken(*_: Any) -> None:
        raise dg.DagsterInvariantViolationError("the database is gone")

    monkeypatch.setattr(drop, "show_at_the_drop", broken)
    pipeline.upload(b"047210934418,$150000.00\n")
    assert pipeline.run().success
    pipeline.upload(b"047210934418,$1.00\n")
    result = pipeline.run()
    assert not result.success
    assert pipeline.attempt(result).verdict is Verdict.HELD
    last = pipeline.journal.last(JANUARY)
    assert last is not None
    assert (last.verdict, last.run_id) == (Verdict.HELD, result.run_id)


def test_a_drop_that_ended_before_its_first_create_is_never_called_incomplete_later(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock may be lost, or the time used up, after the attempt is stored as sending."""
    with monkeypatch.context() as patched:
        patched.setattr(HeldFile, "still_held", _lost_at_the_first_create(pipeline))
        pipeline.upload(b"047210934418,$150000.00\n")
        lost = pipeline.run()
    assert pipeline.attempt(lost).verdict is Verdict.FAILED
    pipeline.run(config={"cloudzero_drop": {"dry_run": True}})
    assert pipeline.attempt(lost).verdict is Verdict.FAILED


def _lost_at_the_first_create(pipeline: Pipeline) -> Any:
    def still_held(_: Any) -> None:
        last = pipeline.journal.last_sent(JANUARY)
        if last is not None and last.verdict is Verdict.SENDING:
            raise LockError("The lock was lost.", "Run it again.")

    return still_held
