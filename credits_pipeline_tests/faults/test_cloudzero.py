"""CloudZero fails at every request of a month's drop, from the lock to the receipt.

The drop's verdict must agree with what the stream holds, and the next drop must complete the month.
That a whole run passes on its drop's verdict, at any request, is tested once for each kind.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from credits_pipeline.credits.assets.resources import CloudZeroResource, StorageResource
from credits_pipeline.credits.delivery.confirmation import still_held_statement
from credits_pipeline.credits.state.attempt import Attempt, Verdict
from credits_pipeline.sandbox.cloudzero import Fault
from credits_pipeline_tests.conftest import CONNECTION_ID
from credits_pipeline_tests.credits.assets.conftest import JANUARY, Pipeline
from credits_pipeline_tests.faults.drops import Drops

ONE_BODY, SEVERAL = 8, 110
#: The size at which a hundred rows make several bodies.
BODY_BYTES = "10000"
KINDS = ["status 400", "status 503", "html", "reset", "truncate", "commit reset",
         "commit status 500"]  # fmt: skip
Held = dict[str, Decimal]


def rows(count: int, dollars: int) -> Held:
    return {f"{100_000_000_000 + n}": Decimal(dollars) + Decimal(n) / 100 for n in range(count)}


def as_csv(owed: Held) -> bytes:
    return "".join(f"{account},${usd}\n" for account, usd in owed.items()).encode()


def held(pipeline: Pipeline) -> Held:
    return {account: -Decimal(cost) for account, cost in pipeline.held().items()}


def seed(pipeline: Pipeline, owed: Held) -> None:
    """The stream holds an older version, from an earlier installation."""
    common = {
        "time/usage_start": f"{JANUARY}-01T00:00:00Z",
        "lineitem/type": "Credit",
        "lineitem/description": "AWS promotional credit",
        "resource/service": "AWSCredits",
    }
    pipeline.cloudzero.seed(
        CONNECTION_ID,
        str(JANUARY),
        [
            {**common, "resource/account": account, "cost/cost": f"-{usd}"}
            for account, usd in owed.items()
        ],
    )


def agrees(attempt: Attempt, before: Held, after: Held, now: Held) -> bool:
    """Whether a verdict says what the stream holds, or says that it does not know."""
    if attempt.verdict.has_receipt:
        return now == after
    if attempt.verdict is Verdict.INCOMPLETE:
        return bool(attempt.what_to_do)
    return now == before and bool(attempt.what_to_do)


@pytest.fixture
def several_bodies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUDZERO_BODY_BYTES", BODY_BYTES)


def requests_of_a_run(pipeline: Pipeline, before: Held, after: Held) -> int:
    """How many requests a run without faults makes."""
    seed(pipeline, before)
    pipeline.upload(as_csv(after))
    assert pipeline.attempt(pipeline.run()).verdict is Verdict.VERIFIED
    return len(pipeline.cloudzero.log)


def requests_of_a_drop(pipeline: Pipeline, before: Held, after: Held) -> int:
    """How many of them the drop makes, when it sends the whole month."""
    requests_of_a_run(pipeline, before, after)
    seed(pipeline, before)
    asked = len(pipeline.cloudzero.log)
    assert Drops(pipeline).drop().verdict is Verdict.VERIFIED
    return len(pipeline.cloudzero.log) - asked


def places(words: str, requests: int) -> range:
    """Every third request, a different third for each kind: each request meets at least two."""
    return range(1 + KINDS.index(words) % 3, requests + 1, 3)


def kind_of(words: str) -> dict[str, Any]:
    """The fault that words such as ``commit status 500`` describe."""
    *commit, kind = words.removesuffix(" 500").removesuffix(" 400").removesuffix(" 503").split()
    status = int(words.rpartition(" ")[2]) if kind == "status" else None
    return {"kind": kind, "status": status, "commit": bool(commit)}


@pytest.mark.parametrize(
    ("words", "count"),
    [(words, SEVERAL) for words in KINDS] + [("reset", ONE_BODY), ("commit reset", ONE_BODY)],
)
@pytest.mark.usefixtures("several_bodies")
def test_whichever_request_fails_first_it_is_reported_and_the_next_drop_completes_the_month(
    words: str, count: int, pipeline: Pipeline
) -> None:
    before, after = rows(count, 1000), rows(count, 1001)
    requests = requests_of_a_drop(pipeline, before, after)
    assert requests >= 4
    drops = Drops(pipeline)
    for at in places(words, requests):
        seed(pipeline, before)
        pipeline.cloudzero.inject(Fault(operation="any", at=at, count=9999, **kind_of(words)))
        attempt = drops.drop()
        assert agrees(attempt, before, after, held(pipeline)), (at, attempt.reason)
        pipeline.cloudzero.clear_faults()
        attempt = drops.drop()
        assert attempt.verdict.has_receipt, (at, attempt.reason)
        assert held(pipeline) == after
    assert pipeline.cloudzero.max_in_flight(CONNECTION_ID) == 1
    assert pipeline.cloudzero.counters.crashes == 0


@pytest.mark.parametrize("words", ["status 503", "html", "reset", "truncate", "commit reset"])
@pytest.mark.usefixtures("several_bodies")
def test_what_fails_twice_at_any_request_is_overcome_within_the_drop(
    words: str, pipeline: Pipeline
) -> None:
    before, after = rows(SEVERAL, 1000), rows(SEVERAL, 1001)
    for at in places(words, requests_of_a_drop(pipeline, before, after)):
        seed(pipeline, before)
        pipeline.cloudzero.inject(Fault(operation="any", at=at, count=2, **kind_of(words)))
        attempt = Drops(pipeline).drop()
        assert attempt.verdict is Verdict.VERIFIED, (at, attempt.reason)
        assert held(pipeline) == after
        pipeline.cloudzero.clear_faults()


@pytest.mark.usefixtures("several_bodies")
def test_a_whole_run_passes_on_what_fails_at_any_of_its_requests(pipeline: Pipeline) -> None:
    """Its checks ask CloudZero before the drop does: each request has a kind of its own."""
    before, after = rows(SEVERAL, 1000), rows(SEVERAL, 1001)
    requests = requests_of_a_run(pipeline, before, after)
    assert requests >= len(KINDS)
    for at in range(1, requests + 1):
        words = KINDS[at % len(KINDS)]
        seed(pipeline, before)
        pipeline.cloudzero.inject(Fault(operation="any", at=at, count=9999, **kind_of(words)))
        result = pipeline.run()
        attempt = pipeline.attempt(result)
        assert agrees(attempt, before, after, held(pipeline)), (at, attempt.reason)
        assert attempt.verdict.has_receipt or not result.success, (at, attempt.reason)
        pipeline.cloudzero.clear_faults()
    assert pipeline.attempt(pipeline.run()).verdict.has_receipt
    assert held(pipeline) == after


@pytest.mark.parametrize(
    ("kind", "more"),
    [("wrong_count", {}), ("wrong_month", {}), ("lose_rows", {"rows": 3})],
)
@pytest.mark.parametrize("at", [1, 2, 3])
@pytest.mark.usefixtures("several_bodies")
def test_a_success_that_lies_is_not_believed(
    kind: Any, more: dict[str, Any], at: int, pipeline: Pipeline
) -> None:
    before, after = rows(SEVERAL, 1000), rows(SEVERAL, 1001)
    seed(pipeline, before)
    pipeline.upload(as_csv(after))
    pipeline.cloudzero.inject(Fault(operation="create", kind=kind, at=at, **more))
    attempt = pipeline.attempt(pipeline.run())
    assert attempt.verdict is Verdict.INCOMPLETE
    assert attempt.what_to_do
    assert pipeline.journal.receipt(JANUARY) is None
    assert Drops(pipeline).drop().verdict is Verdict.VERIFIED
    assert held(pipeline) == after


@pytest.mark.usefixtures("several_bodies")
def test_a_request_that_is_applied_after_the_next_version_is_found_by_looking_again(
    pipeline: Pipeline,
) -> None:
    """The only thing that a repeat can't undo: nobody notices while it happens.

    The pipeline guarantees that people learn of it. The request without an answer is in the
    attempt, and a look at the stream shows the month in red with advice.
    """
    first, second = rows(ONE_BODY, 1000), rows(ONE_BODY, 1001)
    pipeline.upload(as_csv(first))
    late = timedelta(minutes=10).total_seconds()
    pipeline.cloudzero.inject(
        Fault(operation="create", kind="late_commit", at=1, count=9999, after_seconds=late)
    )
    ambiguous = pipeline.attempt(pipeline.run())
    assert (ambiguous.verdict.has_receipt, ambiguous.ambiguous) == (False, True)
    pipeline.cloudzero.clear_faults()
    pipeline.upload(as_csv(second))
    assert pipeline.attempt(pipeline.run()).verdict is Verdict.VERIFIED
    assert look(pipeline).passed
    pipeline.cloudzero.clock.advance(timedelta(minutes=11))
    assert held(pipeline) == first
    found = look(pipeline)
    assert not found.passed
    assert "materialise the month with force" in found.message
    forced = pipeline.run(config={"cloudzero_drop": {"force": True}})
    assert pipeline.attempt(forced).verdict is Verdict.VERIFIED
    assert held(pipeline) == second


def look(pipeline: Pipeline) -> Any:
    """Look at the stream again, as happens later and daily."""
    return still_held_statement(
        JANUARY,
        run_id="a-later-look",
        storage=StorageResource(),
        cloudzero=CloudZeroResource(),
        instance=pipeline.instance,
        say=lambda _: None,
    )
