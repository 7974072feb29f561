"""What blocks a month, what only warns, and what a person can decide."""

import csv
import io
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.statement import Statement, blocking
from credits_pipeline.credits.evaluation.judgement import statements
from credits_pipeline.credits.model.decisions import Decisions
from credits_pipeline.credits.model.findings import Convention, RecordClass
from credits_pipeline.credits.reading import Controls, MonthReading, UnreadableFile, read_month

JANUARY = BillingMonth(2025, 1)
TWO = "123456789012,5.10\n000000000002,6.20\n"
BILL_LIKE = (
    '"Linked account","123456789012","000000000002","Total costs ($)"\n'
    '"2025-01-01","{}","{}","{}"\n'
)


def read(content: str, controls: Controls | None = None, **decided: Any) -> MonthReading:
    return read_month(
        content.encode(),
        JANUARY,
        decisions=Decisions().amended(**decided),
        controls=controls or Controls(),
    )


def judged(
    content: str,
    controls: Controls | None = None,
    previous: Convention | None = None,
    **decided: Any,
) -> dict[str, Statement]:
    reading = read(content, controls, **decided)
    decisions = Decisions().amended(**decided)
    return {s.name: s for s in statements(reading, decisions, previous_convention=previous)}


def stops(found: dict[str, Statement]) -> list[str]:
    return [statement.name for statement in blocking(found.values())]


def test_the_statements_have_the_names_of_the_asset_checks() -> None:
    assert list(judged(TWO)) == [
        "layout_is_known",
        "nothing_rejected",
        "no_duplicate_accounts",
        "signs_agree",
        "totals_match_source",
        "account_ids_are_whole",
        "amounts_are_not_all_zero",
        "table_is_not_empty",
        "ledger_closes",
    ]


def test_amounts_all_against_the_convention_are_credits_with_a_warning() -> None:
    found = judged("123456789012,-5.10\n000000000002,-6.20\n")
    assert not found["signs_agree"].passed
    assert stops(found) == []
    assert read("123456789012,-5.10\n").rows["amount_usd"].to_list() == [Decimal("5.10")]


@pytest.mark.parametrize(
    ("previous", "stopped"),
    [
        (None, []),
        ("negative_is_credit", []),
        ("positive_is_credit", ["signs_agree"]),
    ],
)
def test_a_convention_that_changes_against_the_layout_blocks(
    previous: Convention | None, stopped: list[str]
) -> None:
    assert stops(judged("123456789012,-5.10\n", previous=previous)) == stopped


@pytest.mark.parametrize(("signs", "usd"), [("flipped", "5.10"), ("as_is", "-5.10")])
def test_a_person_says_what_a_sign_means(signs: str, usd: str) -> None:
    content = "123456789012,-5.10\n"
    assert stops(judged(content, previous="positive_is_credit", signs=signs)) == []
    assert read(content, signs=signs).rows["amount_usd"].to_list() == [Decimal(usd)]


def test_both_signs_block_and_stay_as_they_are_once_a_person_says_so() -> None:
    content = "123456789012,5.10\n000000000002,-6.20\n"
    assert stops(judged(content)) == ["signs_agree"]
    assert stops(judged(content, signs="as_is")) == []
    reading = read(content, signs="as_is")
    assert reading.rows["amount_usd"].to_list() == [Decimal("-6.20"), Decimal("5.10")]
    assert reading.findings.total_usd == Decimal("-1.10")


def test_in_an_aws_layout_negative_is_credit_and_positive_is_against_it() -> None:
    credit = read(BILL_LIKE.format("-5.10", "-6.20", "-11.30"))
    assert credit.findings.total_usd == Decimal("11.30")
    assert not credit.findings.signs.against_layout
    against = judged(BILL_LIKE.format("5.10", "6.20", "11.30"))
    assert "costs" in against["signs_agree"].message
    assert stops(against) == ["signs_agree"]
    assert stops(judged(BILL_LIKE.format("-5.10", "6.20", "1.10"))) == ["signs_agree"]


@pytest.mark.parametrize(
    ("total", "rows", "stopped"),
    [
        ("11.30", "2", []),
        ("$11.30", None, []),
        ("11.31", None, ["totals_match_source"]),
        (None, "3", ["totals_match_source"]),
        ("11.3", "2", []),
    ],
)
def test_the_objects_metadata_is_compared(
    total: str | None, rows: str | None, stopped: list[str]
) -> None:
    assert stops(judged(TWO, Controls(total=total, rows=rows))) == stopped


@pytest.mark.parametrize(
    "controls",
    [Controls(total="much"), Controls(total=""), Controls(rows="2.0"), Controls(rows="")],
)
def test_metadata_that_is_not_a_figure_is_refused(controls: Controls) -> None:
    with pytest.raises(UnreadableFile, match="object metadata"):
        read(TWO, controls)


def test_a_total_is_compared_with_what_would_be_sent() -> None:
    repeated = "123456789012,5.10\n123456789012,5.10\n"
    assert stops(judged(repeated, Controls(total="5.10"))) == []
    assert stops(judged(f"{repeated}Total,5.10\n")) == []
    assert stops(judged(repeated, Controls(rows="1"))) == []
    for total in ("10.20", "15.30"):
        assert stops(judged(repeated, Controls(total=total))) == ["totals_match_source"]
        assert stops(judged(f"{repeated}Total,{total}\n")) == ["totals_match_source"]
    assert stops(judged(repeated, Controls(rows="2"))) == ["totals_match_source"]
    assert stops(judged(repeated, Controls(total="10.20", rows="2"), duplicates="sum")) == []


SERVICES = "Account ID,Service,Credits\n{0},EC2,100.00\n{0},S3,25.50\n{1},EC2,40.00\n".format(
    "123456789012", "000000000002"
)


def test_rows_of_an_account_that_differ_are_added_up_only_where_it_is_said() -> None:
    asked = judged(SERVICES)
    assert stops(asked) == ["no_duplicate_accounts"]
    assert "duplicates = sum" in asked["no_duplicate_accounts"].message
    for sum_of_all in (f"{SERVICES}Total,,165.50\n", f"Total: $165.50\n{SERVICES}"):
        assert stops(judged(sum_of_all)) == []
        assert read(sum_of_all).findings.total_usd == Decimal("165.50")
        assert read(sum_of_all).findings.several_rows == "total"
    assert read(SERVICES, duplicates="sum").findings.total_usd == Decimal("165.50")


def test_a_total_of_the_first_rows_does_not_pass() -> None:
    assert stops(judged(f"{SERVICES}Total,,140.00\n")) == ["no_duplicate_accounts"]


def test_only_a_row_that_is_equal_word_for_word_is_a_repetition() -> None:
    again = SERVICES.splitlines()[1]
    repeated = "Account ID,Service,Credits\n" + f"{again}\n{again}\n"
    found = read(repeated)
    assert stops(judged(repeated)) == []
    assert found.duplicates["identical"].to_list() == [True]
    assert found.findings.total_usd == Decimal("100.00")
    spelled = repeated + again.replace("100.00", "$100.00") + "\n"
    assert stops(judged(spelled)) == ["no_duplicate_accounts"]


TYPES = "Account ID,Type,Amount\n123456789012,Credit,-61.50\n000000000002,{},{}\n"


def test_rows_of_another_type_are_left_out_with_their_dollars() -> None:
    found = read(TYPES.format("Usage", "500.00"))
    assert found.findings.total_usd == Decimal("61.50")
    assert any("$500.00" in warning for warning in found.findings.warnings)
    assert found.findings.ledger.entries[RecordClass.NOT_A_CREDIT].rows == 1
    assert stops(judged(TYPES.format("Usage", "500.00"))) == []
    with pytest.raises(UnreadableFile, match="Type"):
        read(TYPES.format("Sonstiges", "5.00"))


def test_a_total_rounded_to_cents_agrees_with_fractions_of_a_cent() -> None:
    fractions = "123456789012,5.1234\n000000000002,6.2011\n"
    assert stops(judged(f"{fractions}Total,11.32\n")) == []
    assert stops(judged(f"{fractions}Total,11.33\n")) == ["totals_match_source"]
    assert stops(judged(f"{fractions}Total,11.3246\n")) == ["totals_match_source"]


def test_both_sums_are_named() -> None:
    says = judged(f"{TWO}Total,11.31\n")["totals_match_source"].message
    assert "$11.31" in says
    assert "$11.30" in says
    assert "line 3" in says


def test_accepted_rows_with_unknown_dollars_explain_a_total() -> None:
    content = f"{TWO}000000000003,x\nTotal,12.00\n"
    assert stops(judged(content)) == ["nothing_rejected", "totals_match_source"]
    assert stops(judged(content, accept_rejected=True)) == []


def test_a_total_that_is_not_an_amount_is_a_row_that_cannot_be_read() -> None:
    reading = read(f"{TWO}Total,many\n")
    assert reading.rejected.select("line", "reason").rows() == [
        (3, "a total that is not an amount")
    ]
    assert reading.findings.ledger.closes


def test_a_conflicting_duplicate_leaves_dollars_out_and_an_identical_one_does_not() -> None:
    same = read("123456789012,5.10\n123456789012,5.10\n").findings.ledger
    other = read("123456789012,5.10\n123456789012,7.30\n").findings.ledger
    assert same.left_out_usd == 0
    assert other.left_out_usd == Decimal("7.30")


def test_sums_stay_exact_beyond_28_digits() -> None:
    usd = "12345678901234567890123456.123456789012"
    reading = read(f"123456789012,-{usd}\n000000000002,-0.000000000001\n")
    assert reading.findings.total_usd == Decimal("12345678901234567890123456.123456789013")
    assert reading.findings.ledger.closes


def test_a_sum_that_does_not_fit_is_refused() -> None:
    usd = "99999999999999999999999999.99"
    with pytest.raises(UnreadableFile, match="digits"):
        read(f"123456789012,{usd}\n000000000002,{usd}\n")
    with pytest.raises(UnreadableFile, match="digits"):
        read(f"123456789012,{usd}\n123456789012,{usd}\n", duplicates="sum")


def test_an_empty_table_blocks_with_the_rows_reasons() -> None:
    found = judged("12345678,5.10\n")
    assert stops(found) == ["nothing_rejected", "table_is_not_empty"]
    assert "8 digits" in found["nothing_rejected"].message


@given(st.lists(st.sampled_from(["", " ", "\t", "\u00a0", "\u200b", "\r", "\n", " \r\n "]),
                min_size=4, max_size=4))  # fmt: skip
def test_rows_that_differ_only_in_cells_without_anything_to_see_repeat(blanks: list[str]) -> None:
    first, second = blanks[:2], blanks[2:]
    rows = [["Account ID", "", "Credits", ""]]
    rows += [["310987654321", a, "61.50", b] for a, b in (first, second)]
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows(rows)
    found = read(out.getvalue())
    assert found.duplicates["identical"].to_list() == [True]
    assert found.findings.total_usd == Decimal("61.50")
