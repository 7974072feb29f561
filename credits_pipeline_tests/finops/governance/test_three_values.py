"""Rules follow Kleene's logic, and never guess what a scan has not seen."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from credits_pipeline.finops.governance.fence import Fence
from credits_pipeline.finops.governance.gate import predicate
from credits_pipeline_tests.finops.governance.hostile import EXAMPLES
from credits_pipeline_tests.finops.governance.predicates import Rule, rules, scanned_row, some_rows
from credits_pipeline_tests.finops.governance.tables import resource, table

ROWS = some_rows(seed=19, number=120)
_EXAMPLES = settings(
    max_examples=max(120, EXAMPLES // 5),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def fence(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fence]:
    rows = [resource(**scanned_row(number, row)) for number, row in enumerate(ROWS)]
    # After the region, the table's numbers follow the id.
    file = table(tmp_path_factory.mktemp("rules"), rows)
    with Fence(file) as found:
        yield found


def verdicts(fence: Fence, text: str) -> list[bool | None]:
    sql = predicate(text).sql
    found: list[list[Any]] = fence.ask(
        f"SELECT CAST({sql} AS VARCHAR) FROM resources ORDER BY resource_id"
    )
    return [{"true": True, "false": False, None: None}[verdict] for (verdict,) in found]


@given(rule=rules)
@_EXAMPLES
def test_a_rule_says_what_an_evaluator_of_its_own_says(fence: Fence, rule: Rule) -> None:
    found = verdicts(fence, rule.text)
    expected = [rule.says(row) for row in ROWS]
    wrong = [
        (ROWS[at], ours, theirs)
        for at, (ours, theirs) in enumerate(zip(found, expected, strict=True))
        if ours is not theirs
    ]
    assert wrong == [], rule.text


@given(rule=rules)
@_EXAMPLES
def test_yes_and_no_stay_so_whatever_the_missing_evidence_turns_out_to_be(
    fence: Fence, rule: Rule
) -> None:
    found = verdicts(fence, rule.text)
    for row, verdict in zip(ROWS, found, strict=True):
        if row["of"] is not None and found[row["of"]] is not None:
            assert verdict is found[row["of"]], (rule.text, ROWS[row["of"]], row)
