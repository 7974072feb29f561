"""The Credits tab of Spend and its tile on the Overview, in each of their states."""

import csv
import io
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from credits_pipeline.finops.depot import Depot
from credits_pipeline.finops.lake import open_lake
from credits_pipeline.finops.ledger.book import LedgerBook
from credits_pipeline.finops.ledger.credit import Allocation, Balances, Credit, LedgerMonth
from credits_pipeline.finops.ledger.view import ledger_view, used_csv
from credits_pipeline.finops.pages.person import Person, Role
from credits_pipeline.finops.publish.refreshing import Refresher
from credits_pipeline_tests.finops.bills import Source, charge, credit, csv_text, put, take_in
from credits_pipeline_tests.finops.pages.conftest import BEFORE, HOSTILE, LAST, TODAY, Visit, shown

PAYER, SHOP, LABS = "111122223333", "444455556666", "777788889999"
LEAD = Person("lea@example.com", Role.VIEWER, ("shop",))
VIEWER = Person("vic@example.com", Role.VIEWER)


def months(name: str) -> dict[str, str]:
    start, end = LAST.start.date(), LAST.shift(1).start.date()
    return {
        "BillingPeriodStart": f"{start}T00:00:00Z",
        "BillingPeriodEnd": f"{end}T00:00:00Z",
        "ChargePeriodStart": f"{start}T00:00:00Z",
        "ChargePeriodEnd": f"{start}T01:00:00Z",
        "BillingAccountId": PAYER,
        "SubAccountName": name,
    }


def made(folder: Path, name: str = "Migration Acceleration Program") -> Path:
    """A bill of the last whole month, and its credit ledger: 30 of 100 in Shop, and later 5."""
    storage = folder / "wing"
    rows = [
        charge(SubAccountId=SHOP, EffectiveCost="100", BilledCost="100", **months("Shop"),
               Tags='{"map-migrated": "mig1", "team": "shop"}'),
        charge(SubAccountId=LABS, EffectiveCost="40", BilledCost="40", **months("Labs"),
               Tags='{"team": "labs"}'),
        credit("-30", SubAccountId=SHOP, **months("Shop")),
    ]  # fmt: skip
    put(folder / f"bill/{LAST}.csv", csv_text(rows))
    lake, depot = open_lake(str(storage)), Depot(str(storage))
    done = take_in(Source("bill", "focus", str(folder / "bill")), lake, month=LAST)
    assert done.outcome == "published", done.checks
    Refresher(lake, depot, ["team", "product", "environment"]).refresh()
    book = LedgerBook(depot)
    for month, usd in ((LAST, "35"), (BEFORE, "31")):
        rows_ = (Allocation("7001", SHOP, "AmazonEC2", Decimal(usd)),)
        asked = f"{TODAY}T00:00:00+00:00"
        book.keep(LedgerMonth(PAYER, month, rows_, asked, complete=True, signed=True))
    known = Credit(
        "7001", name, "Promotion", SHOP, date(2024, 1, 1), TODAY + timedelta(days=900),
        Decimal(1000), Decimal(340), services=("AmazonEC2",),
    )  # fmt: skip
    book.keep_balances(Balances(PAYER, (known,), f"{TODAY}T00:00:00+00:00"))
    return storage


@pytest.fixture(scope="session")
def with_ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("ledger"))


def credits(visit: Visit, wing: str | Path, **more: object) -> str:
    words = {"period": str(LAST), "tab": "credits", **more}
    return shown(visit("spend", wing, **words))  # type: ignore[arg-type]


def test_the_tab_answers_what_is_left_who_used_it_and_when_it_ends(
    visit: Visit, with_ledger: Path
) -> None:
    text = credits(visit, with_ledger)
    assert "**$340.00** left in 1 credit" in text
    assert "Migration Acceleration Program runs out" in text
    assert "$35.00" in text  # used in the month
    assert "'Used': [35.0]" in text
    assert "'Account': ['Shop']" in text


def test_three_sides_name_the_credit_that_came_late(visit: Visit, with_ledger: Path) -> None:
    text = credits(visit, with_ledger)
    assert "'Likely cause': ['late credit']" in text
    assert "'Ledger': [35.0], 'Bill': [30.0]" in text
    (told,) = visit("spend", with_ledger, period=str(LAST), tab="credits").warning
    assert "file not known, ledger $35.00, bill $30.00" in told.value.replace("\\", "")


def test_what_was_left_on_the_table_is_shown_with_its_rate(visit: Visit, with_ledger: Path) -> None:
    text = credits(visit, with_ledger)
    assert "**$40.00** of eligible usage had no tag map-migrated" in text
    assert "about $14.00, at the 35.0%" in text


def test_net_says_where_no_month_has_a_receipt(visit: Visit, with_ledger: Path) -> None:
    assert "$110.00: no month of this period has a receipt" in credits(visit, with_ledger)


def test_without_a_ledger_the_tab_says_what_brings_it(visit: Visit) -> None:
    text = credits(visit, "one cloud")
    assert "No ledger of credits has been read" in text
    assert "credits-pipeline ledger" in text
    assert "No AWS bill has been read for this month." in text
    assert "No bill has been read yet" in credits(visit, "nothing yet")


def test_a_link_to_no_month_and_no_tab_shows_the_first(visit: Visit, with_ledger: Path) -> None:
    assert f"ledger and bill of {LAST}" in credits(visit, with_ledger, month_of_credits="1999-01")
    assert "Group by" not in credits(visit, with_ledger)
    assert "'Service'" in credits(visit, with_ledger, tab="nonsense")


def test_who_sees_one_team_sees_no_account_of_another(visit: Visit, with_ledger: Path) -> None:
    text = credits(visit, with_ledger, person=LEAD)
    assert "Credits belong to whole accounts and payers" in text
    assert "Labs" not in text
    assert "$340" not in text


def test_a_viewer_sees_credits_as_everybody_who_sees_all_teams(
    visit: Visit, with_ledger: Path
) -> None:
    assert "$340.00" in credits(visit, with_ledger, person=VIEWER)


def test_a_hostile_name_of_a_credit_is_shown_as_it_is(visit: Visit, tmp_path: Path) -> None:
    text = credits(visit, made(tmp_path, HOSTILE))
    assert "<img src=x onerror=alert(1)>" in text


def test_the_overview_has_a_tile_that_leads_to_it(visit: Visit, with_ledger: Path) -> None:
    app = visit("overview", with_ledger, period=str(LAST))
    text = shown(app)
    assert "Credits left" in text
    assert "$340" in text
    assert "runs out" in text
    link = next(one for one in app.get("page_link") if "Credits left" in one.proto.label)
    assert "tab=credits" in link.proto.query_string
    assert "Credits on the bills" in shown(visit("overview", "one cloud", period=str(LAST)))


def test_the_file_of_who_used_credits_is_exact_and_no_formula(with_ledger: Path) -> None:
    view = ledger_view(str(with_ledger))
    text = used_csv(view.used([str(LAST)]), {SHOP: "=1+1"}, [str(LAST)]).decode()
    (line,) = csv.DictReader(io.StringIO(text))
    assert line == {
        "account": SHOP, "account_name": "'=1+1", "credit": "7001", "service": "AmazonEC2",
        "credits": "35.00", "from": str(LAST), "to": str(LAST), "state": "final",
    }  # fmt: skip
