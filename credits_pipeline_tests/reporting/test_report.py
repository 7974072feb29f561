"""The run report: what a person reads first comes first, and nothing in it is markup."""

import pytest

from credits_pipeline.reporting import tables
from credits_pipeline.reporting.attempt import Attempt, Verdict
from credits_pipeline.reporting.report import markdown

LONG = "CloudZero could not be asked which accounts it knows, " + "because of this and that, " * 9


def report(**fields: object) -> str:
    told = {"verdict": Verdict.PARTIAL, "left_out_usd": "10.00", "accounts_checked": True, **fields}
    attempt = Attempt(run_id="run-1", billing_month="2025-01", **told)  # type: ignore[arg-type]
    return markdown(attempt, {"unknown": [{"account_id": "999999999999", "usd": "10.00"}]})


def test_the_verdict_and_what_was_left_out_come_first() -> None:
    lines = [line for line in report(reason="It is there.").splitlines() if line]
    assert lines[:3] == [
        "## ⚠️ 2025-01: partial",
        "It is there.",
        r"**Left out of this month: \$10.00**",
    ]


@pytest.mark.parametrize(("checked", "says"), [(True, "checked"), (False, "not checked")])
def test_it_says_whether_accounts_were_checked(checked: bool, says: str) -> None:
    assert f"| accounts known to CloudZero | {says} |" in report(accounts_checked=checked)


def test_accounts_left_out_are_listed_with_their_dollars() -> None:
    assert "### Accounts that CloudZero does not know" in report()
    assert r"| 999999999999 | \$10.00 |" in report()


def test_a_warning_is_shown_whole() -> None:
    assert LONG.strip() in report(warnings=[LONG])


@pytest.mark.parametrize("field", ["reason", "what_to_do"])
def test_text_of_others_is_no_markup(field: str) -> None:
    text = report(**{field: "row <img src=x> | says *so*"})
    assert r"row \<img src=x\> \| says \*so\*" in text


def test_a_cell_is_cut_and_a_sentence_is_not() -> None:
    assert len(tables.escaped("x" * 500)) == 120
    assert len(tables.sentence("x" * 500)) == 500
