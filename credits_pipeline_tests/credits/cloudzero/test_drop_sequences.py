"""Any sequence of drops with any faults: a verdict's claim is what the stream holds."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credits_pipeline.core.columns import USD
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.cloudzero.cbf import CbfSettings, cbf_rows
from credits_pipeline.credits.cloudzero.client import CloudZeroClient
from credits_pipeline.credits.cloudzero.difference import difference, fingerprint
from credits_pipeline.credits.cloudzero.drop import drop
from credits_pipeline.credits.cloudzero.drop_options import DropOptions, PreviousAttempt
from credits_pipeline.credits.cloudzero.drop_result import DropResult
from credits_pipeline.credits.cloudzero.payload import Payload
from credits_pipeline.credits.cloudzero.plan import SendingLimits
from credits_pipeline.credits.cloudzero.retrying import RetryPolicy
from credits_pipeline.sandbox.cloudzero import SCOPES, CloudZeroStandIn, Fault

MONTH = BillingMonth(2025, 1)
_STATUSES = st.sampled_from([400, 403, 409, 413, 429, 500, 503])


def holds_payload(result: DropResult) -> bool:
    """Whether its verdict is one with a receipt."""
    return result.verdict in {"verified", "partial", "unchanged"}


@st.composite
def faults(draw: st.DrawFn) -> Fault:
    operation = draw(st.sampled_from(["create", "create", "create", "contents", "validate"]))
    kinds = ["status", "html", "reset", "truncate"]
    kinds += ["wrong_count", "lose_rows"] if operation == "create" else []
    kind = draw(st.sampled_from(kinds))
    may_commit = operation == "create" and kind in {"status", "html", "reset"}
    return Fault(
        operation=operation,
        kind=kind,
        status=draw(_STATUSES) if kind == "status" else None,
        commit=may_commit and draw(st.booleans()),
        at=draw(st.integers(1, 4)),
        count=draw(st.sampled_from([1, 2, 1000])),
    )


@dataclass(frozen=True)
class Step:
    """One drop: its number of accounts, first amount, size of bodies, and faults."""

    accounts: int
    first_usd: int
    body_bytes: int
    force: bool
    faults: list[Fault]


steps = st.builds(
    Step,
    accounts=st.integers(1, 12),
    first_usd=st.integers(1, 2),
    body_bytes=st.sampled_from([1_200, 2_400, 100_000]),
    force=st.booleans(),
    faults=st.lists(faults(), max_size=2),
)


class Lock:
    def still_held(self) -> None:
        """It always is."""


@dataclass
class Clock:
    seconds: float = 0.0
    policy: RetryPolicy = field(init=False)

    def __post_init__(self) -> None:
        self.policy = RetryPolicy(budget_seconds=20, clock=lambda: self.seconds, sleep=self.sleep)

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


@pytest.fixture(scope="module")
def stand_in() -> Iterator[CloudZeroStandIn]:
    with CloudZeroStandIn(keys={"key-1": SCOPES}, connections=["conn-1"]) as stand_in:
        yield stand_in


@contextmanager
def a_client(stand_in: CloudZeroStandIn) -> Iterator[CloudZeroClient]:
    with CloudZeroClient(
        api_key="key-1",
        connection_id="conn-1",
        base_url=stand_in.base_url,
        retry=Clock().policy,
    ) as client:
        yield client


def month_of(step: Step) -> Payload:
    numbers = pl.int_range(step.accounts, eager=True)
    owed = pl.DataFrame(
        {
            "account_id": (numbers + 100_000_000_000).cast(pl.String),
            "amount_usd": (numbers + step.first_usd).cast(USD),
        }
    )
    return Payload(MONTH, cbf_rows(owed, MONTH, CbfSettings()))


def held(stand_in: CloudZeroStandIn) -> pl.DataFrame:
    return pl.DataFrame(stand_in.rows("conn-1", "2025-01"))


# test_drop_faults.py sweeps every fault at every body; here they follow each other.
@settings(max_examples=30, deadline=None)
@given(run=st.lists(steps, min_size=1, max_size=4))
def test_what_a_verdict_claims_is_what_the_stream_holds(
    stand_in: CloudZeroStandIn, run: list[Step]
) -> None:
    stand_in.clear_faults()
    stand_in.reset()
    previous: PreviousAttempt | None = None
    for step in run:
        before = held(stand_in)
        stand_in.inject(*step.faults)
        journal: list[DropResult] = []
        options = DropOptions(
            force=step.force,
            accept_change=True,
            sending=SendingLimits(body_bytes=step.body_bytes),
            read_back_seconds=2,
        )
        with a_client(stand_in) as client:
            result = drop(
                client,
                month_of(step),
                lock=Lock(),
                journal=journal.append,
                options=options,
                previous=previous,
            )
        stand_in.clear_faults()
        check(result, before, held(stand_in))
        assert bool(journal) is result.sent_something
        if result.sent_something:
            previous = PreviousAttempt(holds_payload(result), result.sent_sha256 or "")
    assert stand_in.max_in_flight("conn-1") <= 1
    assert stand_in.counters.idempotency_keys_reused == 0
    assert stand_in.counters.crashes == 0


def check(result: DropResult, before: pl.DataFrame, after: pl.DataFrame) -> None:
    as_before = fingerprint(before) == fingerprint(after)
    match result.verdict:
        case "verified" | "unchanged":
            assert result.plan is not None
            assert difference(result.plan.placed(), after, strict=True).equal
            assert as_before or result.verdict == "verified"
        case "failed":
            assert as_before
        case "incomplete":
            assert result.sent_something
        case other:
            pytest.fail(f"no such verdict was possible: {other}")
    assert result.reason
    assert result.what_to_do or holds_payload(result)


def test_a_run_without_faults_is_verified_and_then_unchanged(stand_in: CloudZeroStandIn) -> None:
    stand_in.reset()
    verdicts: list[Any] = []
    previous = None
    for _ in range(2):
        with a_client(stand_in) as client:
            result = drop(
                client,
                month_of(Step(3, 1, 100_000, force=False, faults=[])),
                lock=Lock(),
                journal=lambda _: None,
                previous=previous,
            )
        verdicts.append(result.verdict)
        previous = PreviousAttempt(holds_payload(result), result.sent_sha256 or "")
    assert verdicts == ["verified", "unchanged"]
