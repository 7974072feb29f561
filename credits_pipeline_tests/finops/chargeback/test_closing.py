"""Closed months: frozen, adjusted later and never rewritten, in both databases."""

import os
import signal
import subprocess
import sys
import textwrap
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.chargeback.closing import ClosingError, close_month, reopen_month
from credits_pipeline.finops.chargeback.kept import KeptError
from credits_pipeline.finops.chargeback.statement import Statement
from credits_pipeline.finops.decisions import ChangedMeanwhileError, ClosedMonth, DecisionStore
from credits_pipeline_tests.finops.chargeback.conftest import (
    JULY,
    JUNE,
    MAY,
    TEAMS,
    books,
    closed_in,
    kept,
    may,
)
from credits_pipeline_tests.finops.conftest import ANN, BEN
from credits_pipeline_tests.finops.typed import Bills, row

LATER = date(2026, 9, 1)
USD = "USD"


def close(
    bills: Bills, store: DecisionStore, month: BillingMonth, **how: Any
) -> tuple[ClosedMonth, Statement]:
    told = books(bills, closed=closed_in(bills, store))
    return close_month(
        told, kept(bills), store, month, told.decided.model("teams"),
        **{"by": ANN, "today": LATER, **how},
    )  # fmt: skip


def stated(bills: Bills, store: DecisionStore, month: BillingMonth) -> Statement:
    told = books(bills, closed=closed_in(bills, store))
    return told.statement(month, told.decided.model("teams"))


def owed(statement: Statement, owner: str | None, currency: str = USD) -> int:
    return next(one for one in statement.sections if one.currency == currency).owed(owner)


def redeliver(bills: Bills, shop: str, version: str = "v2") -> None:
    bills.put("aws", "2026-05", may(shop), version=version)
    bills.publish()


def test_a_bill_that_changes_after_the_close_is_an_adjustment_of_the_next_month(
    bills: Bills, decisions: DecisionStore
) -> None:
    before = stated(bills, decisions, JUNE)
    _, closed = close(bills, decisions, MAY)
    redeliver(bills, "40.333333333333333333")

    assert stated(bills, decisions, MAY) == closed
    june = stated(bills, decisions, JUNE)
    (section,) = june.sections
    assert {(one.month, one.owner) for one in section.adjustments} == {
        ("2026-05", "search"), ("2026-05", "shop"),
    }  # fmt: skip
    assert section.adjusted == 1000
    assert section.stated == before.sections[0].stated
    assert section.holds
    # The shared pool follows each team's own cost, so both are adjusted.
    assert owed(june, "shop") - owed(before, "shop") > 1000
    assert owed(june, "search") < owed(before, "search")


def test_an_adjustment_is_stated_once_by_the_next_open_month(
    bills: Bills, store: DecisionStore
) -> None:
    close(bills, store, MAY)
    redeliver(bills, "40.333333333333333333")
    assert stated(bills, store, JULY).sections[0].adjustments == ()
    close(bills, store, JUNE)
    assert stated(bills, store, JULY).sections[0].adjustments == ()
    redeliver(bills, "41.333333333333333333", "v3")
    assert stated(bills, store, JULY).sections[0].adjusted == 100


def test_a_bill_that_is_delivered_again_with_the_same_rows_changes_nothing(
    bills: Bills, store: DecisionStore
) -> None:
    before = stated(bills, store, JUNE)
    close(bills, store, MAY)
    redeliver(bills, "30.333333333333333333")
    assert stated(bills, store, JUNE).sections == before.sections


def test_what_is_closed_and_adjusted_adds_up_to_what_the_bills_say_now(
    bills: Bills, store: DecisionStore
) -> None:
    close(bills, store, MAY)
    for version, shop in enumerate(("35", "12.005", "99.99"), 2):
        redeliver(bills, shop, f"v{version}")
        if version == 3:
            close(bills, store, JUNE)
    now = books(bills)
    model = now.decided.model("teams")
    for owner in ("search", "shop", "core", None):
        fresh = sum(owed(now.draft(month, model), owner) for month in (MAY, JUNE, JULY))
        told = sum(owed(stated(bills, store, month), owner) for month in (MAY, JUNE, JULY))
        assert told == fresh, owner


def test_a_currency_that_appears_after_the_close_is_adjusted_in_its_own(
    bills: Bills, store: DecisionStore
) -> None:
    close(bills, store, MAY)
    bills.put("azure", "2026-05", [row("7", BillingCurrency="GBP", tag_team="shop")])
    bills.publish()
    june = stated(bills, store, JUNE)
    assert [(one.currency, one.adjusted) for one in june.sections] == [("USD", 0), ("GBP", 700)]
    assert june.holds


def test_new_rules_change_no_closed_month_and_make_no_adjustment(
    bills: Bills, store: DecisionStore
) -> None:
    _, closed = close(bills, store, MAY)
    everything = {"allocation_model": {"teams": {**TEAMS, "rules": [{"to": "shop"}]}}}
    told = books(bills, everything, closed_in(bills, store))
    model = told.decided.model("teams")
    assert told.statement(MAY, model) == closed
    assert told.statement(JUNE, model).sections[0].adjustments == ()
    assert owed(told.statement(JUNE, model), "shop") == 500


def test_a_month_never_changes_another_that_is_open(bills: Bills, store: DecisionStore) -> None:
    before = stated(bills, store, JUNE)
    redeliver(bills, "1000000")
    assert stated(bills, store, JUNE) == before


def test_a_reopened_month_is_computed_and_can_be_closed_again(
    bills: Bills, decisions: DecisionStore
) -> None:
    first, closed = close(bills, decisions, MAY)
    redeliver(bills, "40.333333333333333333")
    opened = reopen_month(decisions, MAY, "teams", by=BEN, why="the support was late")
    assert (opened.reopened_by, opened.totals_digest) == (BEN.who, closed.digest)
    assert stated(bills, decisions, MAY) != closed
    assert stated(bills, decisions, JUNE).sections[0].adjustments == ()
    again, _ = close(bills, decisions, MAY)
    assert (again.version, again.reopened_at) == (first.version + 2, None)
    assert stated(bills, decisions, JUNE).sections[0].adjustments == ()
    told = [(one.who, one.why) for one in decisions.changes("close")]
    assert told == [(ANN.who, ""), (BEN.who, "the support was late"), (ANN.who, "")]


def test_what_other_months_state_about_a_month_that_is_closed_again_is_withdrawn(
    bills: Bills, store: DecisionStore
) -> None:
    close(bills, store, MAY)
    redeliver(bills, "40.333333333333333333")
    close(bills, store, JUNE)
    reopen_month(store, MAY, "teams", by=ANN, why="stated with its own month")
    close(bills, store, MAY)
    # May has it now, and June too: July gives it back.
    assert stated(bills, store, JULY).sections[0].adjusted == -1000


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"today": date(2026, 5, 31)}, "has not ended"),
        ({"seen": "0" * 64}, "has changed since you looked"),
    ],
)
def test_a_month_is_not_closed_before_its_end_nor_unseen(
    bills: Bills, store: DecisionStore, how: dict[str, Any], says: str
) -> None:
    with pytest.raises(ClosingError, match=says):
        close(bills, store, MAY, **how)
    assert store.closed_months.all() == []


def test_a_month_without_a_bill_is_not_closed(bills: Bills, store: DecisionStore) -> None:
    with pytest.raises(ClosingError, match="There is no bill for 2026-03"):
        close(bills, store, BillingMonth(2026, 3))


def test_a_month_with_something_to_see_to_is_not_closed(bills: Bills, store: DecisionStore) -> None:
    rules = {"allocation_model": {"teams": {**TEAMS, "rules": [{"to": "serach"}]}}}
    told = books(bills, rules)
    with pytest.raises(ClosingError, match="'serach' is in no bill"):
        close_month(told, kept(bills), store, MAY, told.decided.model("teams"), by=ANN, today=LATER)


def test_of_two_who_close_a_month_one_is_refused(bills: Bills, decisions: DecisionStore) -> None:
    open_still = books(bills, closed=closed_in(bills, decisions))
    close(bills, decisions, MAY)
    with pytest.raises(ChangedMeanwhileError):
        close_month(
            open_still, kept(bills), decisions, MAY, open_still.decided.model("teams"),
            by=BEN, today=LATER,
        )  # fmt: skip


def test_nobody_opens_a_month_without_a_reason_or_one_that_is_open(
    bills: Bills, store: DecisionStore
) -> None:
    with pytest.raises(ClosingError, match="is not closed"):
        reopen_month(store, MAY, "teams", by=ANN, why="x")
    close(bills, store, MAY)
    with pytest.raises(ClosingError, match="say why"):
        reopen_month(store, MAY, "teams", by=ANN, why=" ")


def test_a_closed_statement_that_somebody_edited_is_refused(
    bills: Bills, store: DecisionStore
) -> None:
    closed, _ = close(bills, store, MAY)
    (file,) = bills.storage.glob(f"chargeback/statements/{closed.totals_digest}.json")
    file.write_text(file.read_text().replace('"30.33"', '"3.33"'))
    with pytest.raises(KeptError, match="was changed since it was stored"):
        stated(bills, store, MAY)
    file.unlink()
    with pytest.raises(KeptError, match="is missing"):
        stated(bills, store, MAY)


#: Where a process ends during a close, and whether the month is closed then.
_IN_THE_MIDDLE = "between the row and the log"
ENDS = {
    "before the statement is kept": ("chargeback.kept:KeptStatements.keep", False),
    _IN_THE_MIDDLE: ("decisions.log:Log.add", False),
    "after the row": ("decisions.store:DecisionStore.close", True),
}


@pytest.mark.parametrize(
    ("database", "end"), [*(("sqlite", end) for end in ENDS), ("postgresql", _IN_THE_MIDDLE)]
)
def test_a_close_that_is_killed_is_closed_or_open_and_never_half(
    bills: Bills, database: str, end: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    where, is_closed = ENDS[end]
    decisions_url = f"sqlite:///{tmp_path}/decisions.sqlite"
    if database == "postgresql":
        server = request.getfixturevalue("postgres")
        decisions_url = str(server.url(server.create_database()))
    script = tmp_path / "close.py"
    script.write_text(
        textwrap.dedent(
            f"""
            import os, signal
            from importlib import import_module
            from credits_pipeline.finops.chargeback.opening import open_office
            from credits_pipeline.finops.chargeback.closing import close_month, open_closings
            from credits_pipeline.finops.decisions import Author
            from credits_pipeline.finops.publish.published import open_current
            from credits_pipeline.core.month import BillingMonth
            from datetime import date

            office = open_office(open_current({str(bills.storage)!r}))
            module, _, name = {where!r}.partition(":")
            kind, _, method = name.partition(".")

            def end(*_, **__):
                os.kill(os.getpid(), signal.SIGKILL)

            with open_closings() as store:
                found = getattr(import_module("credits_pipeline.finops." + module), kind)
                setattr(found, method, end)
                close_month(
                    office.books, office.kept, store, BillingMonth(2026, 5), office.model(None),
                    by=Author("ann", "cli"), today=date(2026, 9, 1),
                )
            """
        )
    )
    done = subprocess.run(
        [sys.executable, str(script)],
        env={**os.environ, "FINOPS_STORAGE": str(bills.storage),
             "FINOPS_DATABASE_URL": decisions_url},
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL, done.stderr
    with DecisionStore.open(decisions_url) as store:
        found = store.closed_months.all()
        assert bool(found) == is_closed
        assert len(store.changes("close")) == len(found)
        if is_closed:
            statement = closed_in(bills, store).statement("2026-05", found[0].model)
            assert statement is not None
            assert statement.digest == found[0].totals_digest
        else:
            close(bills, store, MAY)
