"""AWS's credit allocation history as JSON: read exactly, or refused for what is missing."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credits_pipeline.credits.opening import open_file
from credits_pipeline.credits.reading import UnreadableFile, read_sheet


def entry(account: str = "123456789012", usd: Any = "-61.50", **other: Any) -> dict[str, Any]:
    return {
        "creditId": "9001",
        "accountId": account,
        "appliedServiceName": "Amazon EC2",
        "creditAmount": {"currencyCode": "USD", "currencyAmount": usd},
        "billingMonth": "2025-01",
        "isEstimatedBill": False,
        **other,
    }


def page(*entries: dict[str, Any], **other: Any) -> dict[str, Any]:
    return {
        "creditAllocationHistoryList": list(entries),
        "partialResults": False,
        "failedMonths": [],
        **other,
    }


def months(content: Any, *, estimates: bool = False) -> dict[str, dict[str, Decimal]]:
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    found = open_file(data, name="history.json", max_bytes=10**8)
    sheet = read_sheet(found.data, delimiter=found.delimiter, accept_estimates=estimates)
    assert sheet.layout == "profile"
    readings = {str(month): sheet.month(month).rows for month in sheet.months}
    return {
        month: dict(zip(rows["account_id"], rows["amount_usd"], strict=True))
        for month, rows in readings.items()
    }


def test_entries_of_an_account_are_added_up_by_month() -> None:
    found = months(
        page(
            entry(),
            entry(usd="-1.25", appliedServiceName='S3, "x"\n', description="MAP"),
            entry("000000000002", usd="-0.000001", billingMonth="2025-02"),
        )
    )
    assert found == {
        "2025-01": {"123456789012": Decimal("62.75")},
        "2025-02": {"000000000002": Decimal("0.000001")},
    }


def test_pages_of_an_answer_in_one_list_are_one_history() -> None:
    pages = [page(entry(), nextToken="more"), page(entry(usd="-1.00"))]
    assert months(pages) == {"2025-01": {"123456789012": Decimal("62.50")}}


def test_credits_without_a_minus_are_credits_and_a_number_keeps_its_digits() -> None:
    assert months(page(entry(usd="61.50"))) == {"2025-01": {"123456789012": Decimal("61.50")}}
    text = json.dumps(page(entry(usd="61.50"))).replace('"61.50"', "61.500000000001")
    assert months(text.encode()) == {"2025-01": {"123456789012": Decimal("61.500000000001")}}


def test_estimates_count_only_where_a_person_says_so() -> None:
    history = page(entry(isEstimatedBill=True))
    with pytest.raises(UnreadableFile, match="estimate still changes"):
        months(history)
    assert months(history, estimates=True) == {"2025-01": {"123456789012": Decimal("61.50")}}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (page(entry(), partialResults=True, failedMonths=["2025-02"]), "missing (2025-02)"),
        (page(entry(), partialResults=True), "partialResults: months are missing"),
        (page(entry(), partialResults="false"), "partialResults"),
        (page(entry(), failedMonths=["2025-02"]), "missing (2025-02)"),
        ({"creditAllocationHistoryList": [entry()]}, "does not say that it is whole"),
        (page(entry(), nextToken="abc"), "there are more pages"),
        ([page(entry()), {"creditList": []}], "page 2: there is no creditAllocationHistoryList"),
        (page(), "without an entry"),
        (page(entry(creditAmount="-61.50")), "entry 1: it has no creditAmount"),
        (page(entry(), entry(payer="x")), "entry 2: the field 'payer' is not known"),
        (page(entry(accountId=["1"])), "neither text nor a number"),
        (b'{"creditAllocationHistoryList": [', "can't be read as JSON"),
        (
            json.dumps(page(entry())).replace('"accountId"', '"creditId"').encode(),
            "'creditId' twice",
        ),
        (page(entry(isEstimatedBill=None)), "nothing in the column 'isEstimatedBill'"),
        (
            page(entry(creditAmount={"currencyCode": "CNY", "currencyAmount": "-1"})),
            "'CNY' in the column 'creditAmount.currencyCode'",
        ),
    ],
)
def test_what_is_not_whole_or_not_known_is_refused(content: Any, says: str) -> None:
    with pytest.raises(UnreadableFile) as refused:
        months(content)
    assert says in refused.value.reason


def test_other_json_is_left_to_the_reader_which_refuses_it() -> None:
    found = open_file(b'{"a": 1}', name="x.json", max_bytes=10**8)
    with pytest.raises(UnreadableFile, match="is JSON"):
        read_sheet(found.data, name="x.json")


@settings(max_examples=40)
@given(
    amounts=st.lists(
        st.tuples(st.integers(1, 3), st.decimals(-(10**7), 0, places=6)), min_size=1, max_size=12
    )
)
def test_the_sums_are_those_of_pythons_decimals(amounts: list[tuple[int, Decimal]]) -> None:
    expected: dict[str, Decimal] = {}
    for number, usd in amounts:
        key = f"{number:012}"
        expected[key] = expected.get(key, Decimal(0)) - usd
    made = page(*(entry(f"{number:012}", usd=f"{usd:f}") for number, usd in amounts))
    assert months(made) == {"2025-01": expected}
