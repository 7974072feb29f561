"""Small published versions, and the pages over them, run without a browser."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.pages import figures, frame, looking, tables
from credits_pipeline.finops.pages.exact_csv import exact_csv
from credits_pipeline.finops.pages.person import Person, Role
from credits_pipeline.finops.pages.server import HERE
from credits_pipeline_tests.finops.typed import Bills, row

TODAY = datetime.now(UTC).date()
#: The last whole month and the one before it, and days in them.
LAST = BillingMonth(TODAY.year, TODAY.month).shift(-1)
BEFORE = LAST.shift(-1)
FILES = {
    "setup": "views/0_Setup.py",
    "overview": "views/1_Overview.py",
    "spend": "views/2_Spend.py",
    "budgets": "views/3_Budgets_Forecast.py",
    "optimization": "views/4_Optimization.py",
    "governance": "views/5_Governance.py",
    "chargeback": "views/6_Chargeback.py",
    "settings": "views/7_Settings.py",
}
SEARCH = {
    "tag_team": "search",
    "ServiceName": "Buckets",
    "SubAccountId": "222",
    "SubAccountName": "labs",
}
HOSTILE = "<img src=x onerror=alert(1)> [a](http://evil.example) :red[b] $x$ =cmd|' /C calc'!A0"


def in_(month: BillingMonth, day: int) -> str:
    return f"{month}-{day:02d}"


def one_cloud(bills: Bills) -> None:
    bills.put(
        "aws",
        str(LAST),
        [
            row("100.10", charge_date=in_(LAST, 3)),
            row("20.025", **SEARCH, charge_date=in_(LAST, 4)),
            row("7", ChargeCategory="Tax", tag_team=None, charge_date=in_(LAST, 1)),
            row("-3.5", **SEARCH, ChargeCategory="Credit", charge_date=in_(LAST, 5)),
        ],
    )
    bills.put(
        "aws",
        str(BEFORE),
        [
            row("80", charge_date=in_(BEFORE, 3)),
            row("9", **{**SEARCH, "ServiceName": "Gone"}, charge_date=in_(BEFORE, 3)),
        ],
    )


def three_clouds(bills: Bills) -> None:
    one_cloud(bills)
    for cloud, cost in (("azure", "30"), ("gcp", "11")):
        for month in (LAST, BEFORE):
            bills.put(
                cloud,
                str(month),
                [
                    row(
                        cost,
                        SubAccountId=f"{cloud}-1",
                        SubAccountName=f"{cloud} payroll",
                        ServiceName=f"{cloud} machines",
                        tag_team="payroll",
                        charge_date=in_(month, 2),
                    )
                ],
            )


def late(bills: Bills) -> None:
    for source, days in (("aws", 1), ("azure", 10)):
        through = TODAY - timedelta(days=days)
        bills.put(
            source,
            f"{through:%Y-%m}",
            [row("5", charge_date=str(through))],
            complete_through=through,
        )


def two_currencies(bills: Bills) -> None:
    one_cloud(bills)
    bills.put("gcp", str(LAST), [row("11", BillingCurrency="EUR", charge_date=in_(LAST, 2))])


def hostile(bills: Bills) -> None:
    for month in (LAST, BEFORE):
        bills.put(
            "aws",
            str(month),
            [
                row(
                    "3" if month == LAST else "1",
                    SubAccountId=HOSTILE,
                    SubAccountName=HOSTILE,
                    ServiceName=HOSTILE,
                    RegionId=HOSTILE,
                    tag_team=HOSTILE,
                    tag_product=HOSTILE,
                    charge_date=in_(month, 2),
                )
            ],
        )


_WINGS: dict[str, Callable[[Bills], None]] = {
    "one cloud": one_cloud,
    "three clouds": three_clouds,
    "a late source": late,
    "two currencies": two_currencies,
    "hostile names": hostile,
}


@pytest.fixture(scope="session")
def wings(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The storage of a version, by its name, made once."""
    made: dict[str, Path] = {}

    def wing(name: str) -> Path:
        if name not in made:
            bills = Bills(tmp_path_factory.mktemp("wing"))
            if name in _WINGS:
                _WINGS[name](bills)
                bills.publish()
            made[name] = bills.storage
        return made[name]

    return wing


class Visit:
    """Opens pages as one person."""

    def __init__(self, wings: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
        self._wings, self._monkeypatch = wings, monkeypatch

    def __call__(
        self,
        page: str,
        wing: str | Path,
        *,
        person: Person = Person("ann@example.com", Role.ADMIN),  # noqa: B008 - frozen
        **words: Any,
    ) -> AppTest:
        # The first look must be at the first page; this one is empty, and so it is quick.
        first = wing if page == "overview" else "nothing yet"
        self._monkeypatch.setenv("FINOPS_STORAGE", str(self._storage(first)))
        # The versions are of the day on which the tests began, which may be over.
        self._monkeypatch.setattr(figures, "today", lambda: TODAY)
        # A test has no request; `person_of` has its own tests.
        self._monkeypatch.setattr(frame, "person_of", lambda *_: person)
        app = AppTest.from_file(str(HERE / "app.py"), default_timeout=60)
        for word, value in words.items():
            app.query_params[word] = value
        app.run()
        if page != "overview":
            self._monkeypatch.setenv("FINOPS_STORAGE", str(self._storage(wing)))
            app.switch_page(FILES[page]).run()
        assert not app.exception, app.exception[0].value
        return app

    def _storage(self, wing: str | Path) -> Path:
        return wing if isinstance(wing, Path) else self._wings(wing)


@pytest.fixture
def visit(wings: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Visit:
    monkeypatch.setenv("CREDITS_STORAGE", str(tmp_path / "credits"))
    monkeypatch.setenv("FINOPS_DATABASE_URL", f"sqlite:///{tmp_path}/decisions.sqlite")
    looking._answers.clear()
    return Visit(wings, monkeypatch)


@pytest.fixture(autouse=True)
def _every_table_can_be_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    """The CSV of every table that a test draws is written, which otherwise needs a click."""
    button = tables._csv_button

    def written(*of: Any) -> None:
        rows, columns, currency, _ = of
        exact_csv(rows, [column.name for column in columns], currency)
        button(*of)

    monkeypatch.setattr(tables, "_csv_button", written)


def shown(app: AppTest) -> str:
    """Every text on a page, with its tables, as a person reads it."""
    texts = [str(one.value) for kind in ("title", "subheader", "markdown", "info", "error",
             "success", "code") for one in getattr(app, kind)]  # fmt: skip
    texts += [one.proto.label for one in app.get("page_link")]
    texts += [one.proto.body for one in app.get("html")]
    texts += [str(one.value.to_dict("list")) for one in app.dataframe]
    for kind in ("multiselect", "selectbox"):
        texts += [str(option) for one in getattr(app, kind) for option in one.options]
    return "\n".join(texts).replace("\\", "").replace("\N{WORD JOINER}", "")
