"""The product's own format: no header, an account id and an amount in every row."""

from decimal import Decimal

import pytest

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.statement import blocking
from credits_pipeline.credits.evaluation.judgement import statements
from credits_pipeline.credits.model.decisions import Decisions
from credits_pipeline.credits.model.findings import RecordClass
from credits_pipeline.credits.model.table import CreditsTable
from credits_pipeline.credits.reading import UnreadableFile, read_month

JANUARY = BillingMonth(2025, 1)


def sample() -> bytes:
    """24 lines for 23 accounts: one line is repeated word for word, and one account has zero."""
    lines = [f'{index:012d},"${index * 1000 + 407}.96"' for index in range(1, 24)]
    lines[4] = "000000000005,$0.00"
    lines.append(lines[2])
    return "\n".join(lines).encode() + b"\n"


def table_of(data: bytes, **decided: object) -> dict[str, Decimal]:
    rows = read_month(data, JANUARY, decisions=Decisions().amended(**decided)).rows
    return dict(zip(rows["account_id"], rows["amount_usd"], strict=True))


def test_the_usual_sample_gives_23_rows_and_reports_the_repetition() -> None:
    reading = read_month(sample(), JANUARY)
    CreditsTable.validate(reading.rows)
    assert len(reading.rows) == 23
    assert reading.duplicates.select("line", "first_line", "identical").rows() == [(24, 3, True)]
    assert reading.findings.ledger.entries[RecordClass.SENT].rows == 23
    assert reading.findings.ledger.entries[RecordClass.IDENTICAL_DUPLICATE].rows == 1
    assert reading.findings.ledger.closes
    assert blocking(statements(reading, Decisions())) == ()


@pytest.mark.parametrize(
    ("amount", "usd"),
    [
        ("$0.00", "0"),
        ('"$6,407.96"', "6407.96"),
        ('"$116,319.27"', "116319.27"),
        ("$ 50.00", "50"),
        ("$ -", "0"),
        (" $ -   ", "0"),
        ("-", "0"),
        ("", "0"),
        ("5.00", "5"),
        ("0.000000000001", "0.000000000001"),
    ],
)
def test_an_amount_is_read_exactly(amount: str, usd: str) -> None:
    assert table_of(f"000000000001,{amount}\n000000000002,$1.00\n".encode()) == {
        "000000000001": Decimal(usd),
        "000000000002": Decimal(1),
    }


def test_rows_that_cannot_be_read_are_listed_with_line_text_and_reason_and_block() -> None:
    data = b"000000000001,$5.00\nabc,$1.00\n\n000000000002,x\n000000000003\n"
    reading = read_month(data, JANUARY)
    assert reading.rejected.select("line", "text").rows() == [
        (2, "abc,$1.00"),
        (4, "000000000002,x"),
        (5, "000000000003"),
    ]
    assert reading.findings.ledger.closes
    assert [s.name for s in blocking(statements(reading, Decisions()))] == ["nothing_rejected"]
    accepted = Decisions(accept_rejected=True)
    assert blocking(statements(read_month(data, JANUARY, decisions=accepted), accepted)) == ()


@pytest.mark.parametrize(
    ("duplicates", "usd", "blocked"),
    [("first", "5", []), ("sum", "12", []), ("reject", "5", ["no_duplicate_accounts"])],
)
def test_a_conflicting_duplicate_is_left_out_added_or_blocks(
    duplicates: str, usd: str, blocked: list[str]
) -> None:
    data = b"000000000001,5.00\n000000000002,1.00\n000000000001,7.00\n"
    decisions = Decisions().amended(duplicates=duplicates)
    reading = read_month(data, JANUARY, decisions=decisions)
    assert reading.rows["amount_usd"][0] == Decimal(usd)
    assert reading.findings.ledger.closes
    assert [s.name for s in blocking(statements(reading, decisions))] == blocked


@pytest.mark.parametrize("data", [b"", b"\n \n", b"PK\x03\x04rest", b"<html><body>"])
def test_what_is_not_a_table_is_refused_with_the_cause(data: bytes) -> None:
    with pytest.raises(UnreadableFile, match="the file"):
        read_month(data, JANUARY)
