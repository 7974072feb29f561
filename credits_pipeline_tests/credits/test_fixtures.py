"""A file for every shape, text and refusal, with exactly the table that it becomes."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.evaluation.judgement import statements
from credits_pipeline.credits.evaluation.verdict import FileVerdict, judge
from credits_pipeline.credits.model.decisions import Decisions
from credits_pipeline.credits.model.table import CreditsTable
from credits_pipeline.credits.reading import Limits

FIXTURES = Path(__file__).parent / "fixtures"
CASES = [
    (kind.name, name, expected)
    for kind in sorted(FIXTURES.iterdir())
    for name, expected in json.loads((kind / "expected.json").read_text()).items()
]


def judged(kind: str, name: str, month: str | None) -> FileVerdict:
    return judge(
        (FIXTURES / kind / name).read_bytes(),
        name=name,
        month=None if month is None else BillingMonth.parse(month),
        decisions=Decisions(),
        limits=Limits(),
    )


@pytest.mark.parametrize(
    ("kind", "name", "expected"), CASES, ids=[f"{kind}/{name}" for kind, name, _ in CASES]
)
def test_a_file_is_read_exactly_or_refused_with_the_cause(
    kind: str, name: str, expected: dict
) -> None:
    found = judged(kind, name, expected["month"])
    tables = {
        month: {account: (Decimal(usd), line) for account, usd, line in reading.rows.iter_rows()}
        for month, reading in found.months.items()
    }
    assert tables == {
        month: {account: (Decimal(usd), line) for account, (usd, line) in table.items()}
        for month, table in expected["months"].items()
    }
    assert found.layout == expected["layout"]
    assert found.verdict == expected["verdict"], found.reason
    assert (found.reason is None) == (expected["verdict"] != "reject")
    assert expected.get("reason", "") in (found.reason or "")
    assert len(found.warnings) >= len(expected.get("warnings", []))
    for words in expected.get("warnings", []):
        assert any(words in warning for warning in found.warnings)
    rejected = expected.get("rejected", [])
    assert found.rejected.select("line", "text").rows() == [
        (line, text) for line, text, _ in rejected
    ]
    for reason, (_, _, words) in zip(found.rejected["reason"], rejected, strict=True):
        assert words in reason
    for reading in found.months.values():
        CreditsTable.validate(reading.rows)
        closes = {s.name: s for s in statements(reading, Decisions())}["ledger_closes"]
        assert closes.passed, closes.message


def test_every_file_among_the_fixtures_has_an_expectation() -> None:
    files = {(kind.name, path.name) for kind in FIXTURES.iterdir() for path in kind.glob("*.csv")}
    assert files == {(kind, name) for kind, name, _ in CASES}
