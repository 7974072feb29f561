from collections.abc import Callable
from decimal import Decimal

import polars as pl
import pytest

from credits_pipeline.credits.cloudzero.cbf import ACCOUNT, COST
from credits_pipeline.credits.cloudzero.diff import DIFF, compare, credit_by_account
from credits_pipeline.credits.cloudzero.errors import WrongAnswerError
from credits_pipeline.credits.cloudzero.payload import Payload

Payloads = Callable[..., Payload]


def test_every_account_is_added_removed_changed_or_unchanged(payload_of: Payloads) -> None:
    held = payload_of({"1" * 12: "1", "2" * 12: "2", "3" * 12: "3"}).rows
    new = payload_of({"2" * 12: "2", "3" * 12: "30.5", "4" * 12: "4"}).rows
    diff = compare(held, new)
    assert diff.accounts.rows() == [
        ("1" * 12, Decimal(1), None, "removed"),
        ("2" * 12, Decimal(2), Decimal(2), "unchanged"),
        ("3" * 12, Decimal(3), Decimal("30.5"), "changed"),
        ("4" * 12, None, Decimal(4), "added"),
    ]
    assert diff.accounts.schema == DIFF
    assert diff.counts == {"added": 1, "removed": 1, "changed": 1, "unchanged": 1}
    assert (diff.old_usd, diff.new_usd) == (Decimal(6), Decimal("36.5"))
    assert diff.summary["changed"] == {"accounts": 1, "old_usd": "3.00", "new_usd": "30.50"}
    assert diff.summary["added"] == {"accounts": 1, "old_usd": "0.00", "new_usd": "4.00"}
    assert (diff.summary["old_usd"], diff.summary["new_usd"]) == ("6.00", "36.50")


def test_against_a_month_that_holds_nothing_every_account_is_added(payload_of: Payloads) -> None:
    diff = compare(pl.DataFrame(), payload_of({"1" * 12: "1"}).rows)
    assert diff.counts["added"] == 1
    assert diff.old_usd == 0
    assert compare(pl.DataFrame(), pl.DataFrame()).accounts.is_empty()


def test_several_rows_of_an_account_are_added_up(payload_of: Payloads) -> None:
    """Somebody sent the month twice with `sum`."""
    rows = payload_of({"1" * 12: "1.10", "2" * 12: "2"}).rows
    diff = compare(pl.concat([rows, rows]), rows)
    assert diff.counts["changed"] == 2
    assert (diff.old_usd, diff.new_usd) == (Decimal("6.2"), Decimal("3.1"))


def test_amounts_are_compared_as_decimals_and_rows_without_an_account_are_seen() -> None:
    held = pl.DataFrame({ACCOUNT: ["1" * 12, None], COST: ["-5.100", "-1E+1"]})
    new = pl.DataFrame({ACCOUNT: ["1" * 12], COST: ["-5.1"]})
    assert compare(held, new).accounts.select("account", "old_usd", "change").rows() == [
        ("", Decimal(10), "removed"),
        ("1" * 12, Decimal("5.1"), "unchanged"),
    ]
    assert compare(held.drop(ACCOUNT), new).counts["removed"] == 1


def test_an_amount_that_is_not_a_number_is_an_error_that_names_the_account() -> None:
    held = pl.DataFrame({ACCOUNT: ["1" * 12, "2" * 12], COST: ["-5", "five"]})
    with pytest.raises(WrongAnswerError, match="'five' for account 222222222222"):
        credit_by_account(held)


@pytest.mark.parametrize("rows_at_once", [1, 2, 3, 100])
def test_a_month_is_compared_the_same_in_ranges_of_any_size(
    rows_at_once: int, payload_of: Payloads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("credits_pipeline.credits.cloudzero.diff._ROWS_AT_ONCE", rows_at_once)
    held = payload_of({f"{n:012d}": str(n) for n in (1, 2, 3, 5, 8, 9, 13)}).rows
    new = payload_of({f"{n:012d}": str(n - n % 2) for n in (0, 2, 3, 4, 8, 11, 14, 15)}).rows
    changes = {row["account"][-2:]: row["change"] for row in compare(held, new).accounts.to_dicts()}
    assert changes == {
        "00": "added", "01": "removed", "02": "unchanged", "03": "changed", "04": "added",
        "05": "removed", "08": "unchanged", "09": "removed", "11": "added", "13": "removed",
        "14": "added", "15": "added",
    }  # fmt: skip
    assert list(changes) == sorted(changes)
