"""The credit ledger through AWS's own SDK: pages, throttling, partial answers, reversals."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.depot import Depot
from credits_pipeline.finops.ledger.asking import Ledger
from credits_pipeline.finops.ledger.book import LedgerBook
from credits_pipeline.finops.ledger.credit import LedgerError
from credits_pipeline.finops.settings import Payer
from credits_pipeline.sandbox.credit_ledger import CreditLedger
from credits_pipeline_tests.finops.ledger.conftest import NOW, applied
from credits_pipeline_tests.finops.ledger.months import MAY, PAYER, A, B

JUNE = BillingMonth(2026, 6)


@pytest.fixture
def ledger(billing: CreditLedger) -> Ledger:
    assert billing.now == NOW
    return Ledger(Payer(PAYER), now=lambda: NOW)


def test_a_month_is_read_whole_with_what_was_taken_back(ledger: Ledger) -> None:
    found = ledger.month(MAY)
    assert found.complete
    assert not found.estimated
    assert found.by_account() == {A: Decimal("97.60"), B: Decimal("27.77")}
    assert found.by_credit() == {"7001": Decimal("120.10"), "8001": Decimal("5.27")}
    assert found.total == Decimal("125.37")


def test_a_month_whose_bill_is_open_is_an_estimate(ledger: Ledger) -> None:
    found = ledger.month(JUNE)
    assert found.estimated
    assert found.total == Decimal(11)
    assert ledger.month(BillingMonth(2026, 3)).total == 0


def test_every_page_is_read_once(billing: CreditLedger, ledger: Ledger) -> None:
    billing.applied = [applied("7001", A, "0.01") for _ in range(2500)]
    found = ledger.month(MAY)
    assert found.total == Decimal(25)
    assert billing.calls == ["GetCreditAllocationHistory"] * 3


def test_a_page_that_is_partial_makes_the_month_not_known(
    billing: CreditLedger, ledger: Ledger, tmp_path: Path
) -> None:
    book = LedgerBook(Depot(str(tmp_path / "wing")))
    billing.failing = frozenset({"2026-05"})
    partial = ledger.month(MAY)
    assert (partial.complete, partial.total, partial.allocations) == (False, None, ())
    assert partial.why == "AWS could not read 2026-05"
    assert book.keep(partial) == partial
    billing.failing = frozenset()
    whole = book.keep(ledger.month(MAY))
    assert whole.total == Decimal("125.37")
    # What was complete before stays.
    billing.failing = frozenset({"2026-05"})
    assert book.keep(ledger.month(MAY)) == whole
    assert book.month(PAYER, MAY) == whole
    assert list(book.months()) == [whole]


def test_throttling_passes_and_a_lasting_one_says_so(
    billing: CreditLedger, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    import botocore.retries.standard

    monkeypatch.setattr(
        botocore.retries.standard.ExponentialBackoff, "delay_amount", lambda *_: 0.0
    )
    billing.throttle = 3
    assert ledger.month(MAY).total == Decimal("125.37")
    billing.throttle = 100
    with pytest.raises(LedgerError, match="Rate exceeded") as caught:
        ledger.month(MAY)
    assert caught.value.passes


def test_no_right_to_read_is_not_the_same_as_no_credits(
    billing: CreditLedger, ledger: Ledger
) -> None:
    billing.denied = frozenset({PAYER})
    with pytest.raises(LedgerError, match="not the same as having none") as caught:
        ledger.balances()
    assert not caught.value.passes


def test_balances_have_what_is_left_with_open_bills_and_without(
    billing: CreditLedger, ledger: Ledger, tmp_path: Path
) -> None:
    found = ledger.balances()
    first, second = found.credits
    assert (first.id, first.owner, first.services) == ("7001", A, ("AmazonEC2", "AmazonRDS"))
    assert (first.initial, first.remaining, first.left) == (
        Decimal(1000), Decimal("789.90"), Decimal("778.90"),
    )  # fmt: skip
    assert (second.id, second.services, str(second.expiry)) == ("8001", (), "2027-06-01")
    book = LedgerBook(Depot(str(tmp_path / "wing")))
    book.keep_balances(found)
    assert book.balances() == [found]
    assert list(book.credits()) == ["7001", "8001"]
    assert billing.calls == ["GetCredits"]


def test_amounts_without_a_sign_are_credits(billing: CreditLedger, ledger: Ledger) -> None:
    billing.unsigned = True
    billing.applied = [applied("7001", A, "5")]
    found = ledger.month(MAY)
    assert (found.signed, found.total) == (False, Decimal(5))
    # Once a minus sign has appeared, an amount without one was taken back.
    assert ledger.month(MAY, signed=True).total == Decimal(-5)


def test_what_can_t_be_is_refused_by_name(billing: CreditLedger, ledger: Ledger) -> None:
    billing.applied = [replace(applied("7001", A, "5"), account="12")]
    with pytest.raises(LedgerError, match="has accountId '12'"):
        ledger.month(MAY)
