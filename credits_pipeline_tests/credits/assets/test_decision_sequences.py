"""Random histories of a month: a decision always applies to the version that it is about.

They contain uploads, deletions, plain runs, decisions about the current version and about an
earlier one, and old runs that are executed again, against the real servers.
"""

from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from credits_pipeline.core import aws
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.model.decisions import Decisions
from credits_pipeline.credits.state.attempt import Attempt
from credits_pipeline_tests.credits.assets.conftest import Pipeline
from credits_pipeline_tests.credits.assets.test_deciding import executed_again

FILES = [
    b"047210934418,$1.00\n112480036627,$2.50\n",
    b"047210934418,$1.50\n112480036627,$2.50\n",
    b"047210934418,$1.00\n112480036627,$oops\n",
]
CHOICES: list[dict[str, Any]] = [
    {"clear_month": True},
    {"clear_month": True},
    {"clear_month": False},
    {"accept_rejected": True},
    {"accept_rejected": True, "accept_change": True},
]
STEPS = st.one_of(
    st.tuples(st.just("upload"), st.sampled_from(FILES)),
    st.tuples(st.just("delete"), st.none()),
    st.tuples(st.just("run"), st.none()),
    st.tuples(st.just("decide"), st.sampled_from(CHOICES)),
    st.tuples(st.just("decide about what was seen before"), st.sampled_from(CHOICES)),
    st.tuples(st.just("execute again"), st.integers(0, 3)),
)
_months = iter(BillingMonth(2024, 1).shift(n) for n in range(30))


@dataclass
class Told:
    """What people decided, as a model that knows nothing about storage.

    Attributes:
        about: the last decision about each version.
        withdrawn: the version with a withdrawal and no drop after it.
        seen: versions, in the order in which they became current.
        runs: the runs that decided something.
    """

    about: dict[str, dict[str, Any]] = field(default_factory=dict)
    withdrawn: str = ""
    seen: list[str] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)

    def decide(self, version: str, decided: dict[str, Any]) -> None:
        self.about.setdefault(version, {}).update(decided)
        if decided.get("clear_month"):
            self.withdrawn = version
        elif decided.get("clear_month") is False and self.withdrawn == version:
            self.withdrawn = ""

    def holds(self, attempt: Attempt) -> None:
        """An attempt uses exactly the decisions about its own version."""
        used = Decisions(**attempt.decisions).in_force if attempt.decisions else {}
        known = self.about.get(attempt.file_version, {})
        assert used.items() <= known.items(), (used, known)
        if attempt.verdict.has_receipt:
            assert attempt.withdrawn == (self.withdrawn == attempt.file_version)
            if not attempt.withdrawn:
                self.withdrawn = ""


@settings(
    max_examples=5,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(STEPS, min_size=4, max_size=7))
def test_no_decision_is_followed_for_another_version(
    pipeline: Pipeline, steps: list[tuple[str, Any]]
) -> None:
    month, told = next(_months), Told()
    key = pipeline.inbox.key(month)
    # A withdrawal needs something to withdraw, whatever comes first.
    for act, what in [("upload", FILES[0]), ("run", None), *steps, ("run", None)]:
        version = pipeline.version(month)
        if version not in told.seen:
            told.seen.append(version)
        before = pipeline.held(month)
        match act:
            case "upload":
                pipeline.upload(what, month)
                continue
            case "delete":
                aws.s3_client().delete_object(Bucket=pipeline.inbox.bucket, Key=key)
                continue
            case "run":
                run_id = pipeline.run(month).run_id
            case "decide":
                told.decide(version, what)
                run_id = pipeline.run(month, config={"credits": what}).run_id
                told.runs.append(run_id)
            case "decide about what was seen before":
                others = [one for one in told.seen if one != version]
                about = others[-1] if others else "20200101T000000Z-00000000"
                config = {"credits": {**what, "for_version": about}}
                run = pipeline.run(month, config=config)
                assert not run.success
                assert pipeline.held(month) == before
                run_id = run.run_id
            case _:
                if not told.runs:
                    continue
                run_id = executed_again(pipeline, told.runs[what % len(told.runs)]).run_id
        attempt = pipeline.journal.attempt(month, run_id)
        assert attempt is not None
        told.holds(attempt)
        if not attempt.verdict.has_receipt:
            assert pipeline.held(month) == before
