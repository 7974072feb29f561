"""The page of guarantees names existing tests, and the page of failures the current figures."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from credits_pipeline.core import aws
from credits_pipeline.credits.cloudzero.drop_options import DropOptions
from credits_pipeline.credits.cloudzero.operations import Operation
from credits_pipeline.credits.cloudzero.retrying import RetryPolicy
from credits_pipeline.credits.inbox import bucket, retry_schedule

TESTS = Path(__file__).parents[1]
DOCS = TESTS.parent / "docs"
GUARANTEES = (DOCS / "guarantees.md").read_text()
FAILURES = (DOCS / "failures.md").read_text()
NAMED = sorted(set(re.findall(r"`([a-z_/]+\.py)::(test_\w+)`", GUARANTEES)))


@pytest.mark.parametrize(("file", "test"), NAMED)
def test_a_test_that_is_named_exists(file: str, test: str) -> None:
    assert re.search(rf"^ *def {test}\(", (TESTS / file).read_text(), re.MULTILINE)


def test_every_promise_names_a_test() -> None:
    rows = [line for line in GUARANTEES.splitlines() if re.match(r"\| [^-p]", line)]
    assert len(rows) > 15
    for row in rows:
        assert "::test_" in row, row


def test_the_figures_of_the_failures_page_are_those_in_force() -> None:
    defaults = {name: field.default for name, field in RetryPolicy.__dataclass_fields__.items()}
    assert (
        f"after {defaults['first_wait_seconds']:g} s, doubled up to "
        f"{defaults['longest_wait_seconds']:g} s, with jitter; `Retry-After` is honoured up to "
        f"{defaults['longest_retry_after_seconds']:g} s"
    ) in FAILURES
    assert f"{defaults['budget_seconds']:g} by default" in FAILURES
    assert f"| {DropOptions().read_back_seconds:g} s |" in FAILURES
    assert f"| {Operation.COSTS.most_attempts} attempts |" in FAILURES
    assert f"| {aws.ATTEMPTS} attempts, with backoff |" in FAILURES
    assert f"| {aws.CONNECT_SECONDS:g} s to connect, {aws.READ_SECONDS:g} s without" in FAILURES
    assert f"| {bucket._READS} reads |" in FAILURES
    hours = timedelta(hours=1)
    assert retry_schedule.WAITS[:3] == (timedelta(minutes=15), hours, 4 * hours)
    assert set(retry_schedule.WAITS[3:]) == {12 * hours}
    assert sum(retry_schedule.WAITS[3:], timedelta()) == timedelta(days=3)
    assert hours == retry_schedule.LOST
