"""The page Optimization: what it shows, every decision, and each of its states."""

import csv
import io
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from streamlit.testing.v1 import AppTest

from credits_pipeline.finops.decisions import Author, Ruling
from credits_pipeline.finops.decisions.opening import open_decisions
from credits_pipeline.finops.depot import Depot
from credits_pipeline.finops.optimization.export import as_csv
from credits_pipeline.finops.optimization.making import Maker
from credits_pipeline.finops.optimization.opportunity import TABS
from credits_pipeline.finops.optimization.reading import (
    Recommendations,
    read_recommendations,
    read_states,
)
from credits_pipeline.finops.pages import optimization_plans
from credits_pipeline.finops.pages.frame import Frame
from credits_pipeline.finops.pages.person import Person, Role
from credits_pipeline.finops.scans.building import BUILT
from credits_pipeline.finops.scans.columns import ADDRESS, DATABASE, EC2, FUNCTION, NAT, SERVICE
from credits_pipeline.finops.scans.daily import daily
from credits_pipeline.finops.scans.metrics import window
from credits_pipeline.finops.scans.shelf import ScanShelf
from credits_pipeline.finops.scans.utilisation import UTILISATION
from credits_pipeline_tests.finops.optimization.seen import resource, row
from credits_pipeline_tests.finops.pages.conftest import HOSTILE, LAST, Visit, one_cloud, shown
from credits_pipeline_tests.finops.typed import Bills

AT = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=6)
VIEWER = Person("vic@example.com", Role.VIEWER)
LEAD = Person("lea@example.com", Role.EDITOR, ("search",))
HOUR = timedelta(hours=1)
KEYS = ("kind", "account", "region", "resource_id")
IDLE: dict[str, Any] = {"cpu_max_14d": 1.8, "network_mb_day_14d": 1.0}
PARTS = [
    {"what": "aws.ec2.nat_gateway", "account": "111111111111", "region": "us-east-1",
     "state": "not known", "resources": 0, "says": "ec2:DescribeNatGateways is not allowed",
     "permission": "ec2:DescribeNatGateways"},
]  # fmt: skip


def scan(
    storage: Path,
    *,
    cost: str = "140.16",
    searched: str = "50.00",
    at: datetime = AT,
    name: str = "load-test-7",
) -> None:
    rows = [
        row(resource(EC2, id_="i-idle", cost=cost, name=name, **IDLE)),
        row(resource(EC2, id_="i-search", cost=searched, tags={"Team": "search"}, **IDLE)),
        row(resource(ADDRESS, id_="eipalloc-1", cost="3.60", attached=False)),
        row(resource(DATABASE, id_="db", cost="20.00", connections_max_7d=0.0)),
        row(resource(FUNCTION, id_="fn", cost=None, architecture="x86_64")),
        row(resource(SERVICE, id_="service/c/s", cost="10.00", architecture="x86_64")),
        row(resource(NAT, id_="nat-1", cost="30.00", bytes_out_7d=None)),
    ]
    depot = Depot(str(storage))
    start, end = window(at)
    hours = [start + timedelta(hours=hour) for hour in range(24, int((end - start) / HOUR))]
    busy = {hour: 1.8 if hour == hours[-1] else 1.25 for hour in hours}
    used = {**{key: rows[0][key] for key in KEYS}, "days": daily(EC2, {"cpu_max": busy}, at)}
    ScanShelf(depot).keep("utilisation", UTILISATION, [used], at, {})
    ScanShelf(depot).keep("resources", BUILT, rows, at, {"parts": PARTS})
    Maker(depot, ()).recommend(read_states())


@pytest.fixture(scope="session")
def scanned_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A storage with bills and a scan; each test takes a copy."""
    with pytest.MonkeyPatch.context() as patch:
        storage = tmp_path_factory.mktemp("scanned") / "wing"
        patch.setenv("FINOPS_DATABASE_URL", f"sqlite:///{storage}/decisions.sqlite")
        bills = Bills(storage)
        one_cloud(bills)
        bills.publish()
        scan(storage)
    return storage


@pytest.fixture
def scanned(visit: Visit, scanned_once: Path, tmp_path: Path) -> Path:
    shutil.copytree(scanned_once, tmp_path / "wing")
    return tmp_path / "wing"


@pytest.fixture
def look(visit: Visit, scanned: Path) -> Callable[..., AppTest]:
    return lambda **words: visit("optimization", scanned, **words)


def id_of(storage: Path, resource_id: str) -> str:
    found = read_recommendations(str(storage))
    assert found is not None
    return next(one.item.id for one in found.all if one.item.resource_id == resource_id)


def test_before_the_first_scan_it_says_which_command_scans(visit: Visit) -> None:
    app = visit("optimization", "one cloud")
    assert "Nothing has been scanned yet" in app.info[0].value
    assert app.code[0].value == "credits-pipeline scan"


def test_the_headline_is_what_the_rows_add_up_to(look: Callable[..., AppTest]) -> None:
    app = look()
    (table,) = [one.value for one in app.dataframe if "Saves a month" in one.value]
    whole = sum(Decimal(str(amount)) for amount in table["Saves a month"].dropna())
    assert whole == Decimal("140.16") + 50 + Decimal("3.60") + 20 + 2  # a fifth of the service
    text = shown(app)
    assert f"**${whole}** a month can be saved, in 6 items" in text
    assert "1 item without a known saving" in text
    assert "7 resources, 1 of them without all evidence" in text


def test_what_could_not_be_seen_is_never_clean(look: Callable[..., AppTest]) -> None:
    text = shown(look())
    assert "ec2:DescribeNatGateways is not allowed" in text
    assert "bytes_out_7d: CloudWatch was throttled" in text
    assert "None of it counts as clean" in text


@pytest.mark.parametrize("tab", TABS)
def test_every_tab_is_there_with_its_own_or_says_why_not(
    look: Callable[..., AppTest], tab: str
) -> None:
    app = look(tab=tab)
    text = shown(app)
    expected = {
        "Compute": "load-test-7",
        "Containers": "service/c/s",
        "Serverless": "fn",
        "Commitment": "The bills contain no commitment",
        "EC2 vs Savings Plans": "There is nothing to compare",
        "Data and storage": "db",
    }
    assert expected[tab] in text
    assert not app.error


@pytest.mark.parametrize("words", [{"tab": "Nonsense"}, {"finding": "nonsense"}])
def test_a_bad_link_is_reported(look: Callable[..., AppTest], words: dict[str, str]) -> None:
    assert "nonsense" in look(**words).error[0].value.lower()


def test_a_finding_has_its_evidence_its_arithmetic_and_a_command(
    look: Callable[..., AppTest], scanned: Path
) -> None:
    text = shown(look(finding=id_of(scanned, "i-idle")))
    assert "CPU at most 1.8 %" in text
    assert "336 of 336 hours seen" in text
    assert "aws ec2 stop-instances --region eu-central-1 --instance-ids i-idle" in text
    assert "and leaves" in text


def test_a_finding_shows_what_its_resource_did_each_day_and_on_which_days_nothing_is_known(
    look: Callable[..., AppTest], scanned: Path
) -> None:
    app = look(finding=id_of(scanned, "i-idle"))
    text = shown(app)
    assert "Between 1.2 and 1.8 % a day" in text
    assert "1 day without a value." in text
    assert "CloudWatch has no value for it" in text  # network and memory
    (chart,) = app.get("vega_lite_chart")
    values = pa.ipc.open_stream(chart.proto.data.data).read_all()["value"].to_pylist()
    assert values == [1.25] * 12 + [1.8]
    assert "day by day" not in shown(look(finding=id_of(scanned, "eipalloc-1")))


def decide(app: AppTest, word: str) -> AppTest:
    (control,) = [one for one in app.get("button_group") if "decide:" in (one.key or "")]
    control.set_value(word).run()
    return app


def press(app: AppTest, label: str) -> AppTest:
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception, app.exception[0].value
    return app


def state_of(storage: Path, id_: str) -> str:
    found = read_recommendations(str(storage))
    assert found is not None
    return next(one.state for one in found.all if one.item.id == id_)


def test_planned_done_dismissed_snoozed_and_open_again(
    look: Callable[..., AppTest], scanned: Path
) -> None:
    id_ = id_of(scanned, "i-idle")
    app = look(finding=id_)
    for word in ("planned", "done", "dismissed", "snoozed", "open"):
        press(decide(app, word), "Save")
        assert state_of(scanned, id_) == word
    with open_decisions() as decisions:
        changes = [change.after for change in decisions.changes("recommendation", id_)]  # type: ignore[attr-defined]
    assert [change["state"] for change in changes] == [
        "open",
        "snoozed",
        "dismissed",
        "done",
        "planned",
    ]
    assert changes[-1]["owner"] == "ann@example.com"


def test_a_plan_without_a_person_is_refused(look: Callable[..., AppTest], scanned: Path) -> None:
    id_ = id_of(scanned, "i-idle")
    app = decide(look(finding=id_), "planned")
    next(one for one in app.text_input if one.label == "Who does it").set_value("")
    assert "Say who does it." in press(app, "Save").error[0].value
    assert state_of(scanned, id_) == "open"


def test_of_two_people_the_second_is_told_and_nothing_is_written(
    look: Callable[..., AppTest], scanned: Path
) -> None:
    id_ = id_of(scanned, "i-idle")
    app = decide(look(finding=id_), "done")
    with open_decisions() as decisions:
        decisions.states.set(
            "recommendation",
            id_,
            Ruling("planned", owner="ben"),
            by=Author("ben@example.com", "cli"),
            expected=None,
        )
    told = press(app, "Save").error[0].value.replace("\\", "").replace("\u2060", "")
    assert "ben@example.com" in told
    assert state_of(scanned, id_) == "planned"


def test_a_dismissed_item_is_back_after_a_material_change_and_says_so(
    look: Callable[..., AppTest], scanned: Path
) -> None:
    id_ = id_of(scanned, "i-idle")
    press(decide(look(finding=id_), "dismissed"), "Save")
    scan(scanned, at=AT + timedelta(hours=1))
    assert state_of(scanned, id_) == "dismissed"
    scan(scanned, cost="190.00", at=AT + timedelta(hours=2))
    text = shown(look(finding=id_))
    assert "It is **open**" in text
    assert "had dismissed it (needed as it is)" in text


def test_a_viewer_sees_and_decides_nothing(look: Callable[..., AppTest], scanned: Path) -> None:
    app = look(person=VIEWER, finding=id_of(scanned, "i-idle"))
    (control,) = [one for one in app.get("button_group") if "decide:" in (one.key or "")]
    assert control.disabled
    (button,) = [one for one in look(person=VIEWER).button if one.label == "Scan now"]
    assert button.disabled


def test_who_sees_one_team_sees_its_resources_alone(
    look: Callable[..., AppTest], scanned: Path
) -> None:
    app = look(person=LEAD)
    text = shown(app)
    assert "**$50.00** a month can be saved, in 1 item" in text
    assert "load-test-7" not in text
    assert "There is no recommendation" in shown(
        look(person=LEAD, finding=id_of(scanned, "i-idle"))
    )


def test_the_scope_excludes_other_accounts(look: Callable[..., AppTest]) -> None:
    assert "in 1 item" in shown(look(team="search"))
    assert "in 0 items" in shown(look(account="222"))


def test_a_hostile_name_stays_text_and_its_command_is_quoted(
    look: Callable[..., AppTest], scanned: Path
) -> None:
    scan(scanned, name=HOSTILE, at=AT + timedelta(hours=1))
    assert HOSTILE in shown(look())
    assert HOSTILE in shown(look(finding=id_of(scanned, "i-idle")))


def test_the_csv_has_the_rows_of_the_screen_exactly(scanned: Path) -> None:
    found = read_recommendations(str(scanned))
    assert found is not None
    lines = list(csv.DictReader(io.StringIO(as_csv(found).decode())))
    amounts = [Decimal(line["saving"]) for line in lines if line["saving"]]
    assert sum(amounts) == found.to_be_had("USD") == Decimal("215.76")
    assert {line["state"] for line in lines} == {"open"}


def test_setup_says_how_old_the_scan_is_and_what_it_could_not_see(
    visit: Visit, scanned: Path
) -> None:
    text = shown(visit("setup", scanned))
    assert "Scan of what runs" in text
    assert "7 resources; 1 part could not be seen: ec2:DescribeNatGateways is not allowed" in text
    scan(scanned, at=AT - timedelta(days=3))
    assert "⚠ 3 days behind" in shown(visit("setup", scanned))


def test_the_overview_has_what_can_be_saved_and_the_largest_to_decide(
    visit: Visit, scanned: Path
) -> None:
    text = shown(visit("overview", scanned, period=str(LAST)))
    assert "Savings open" in text
    assert ">$216<" in text
    assert (
        "load-test-7 can save $140 a month: Stop it, and terminate it if nobody misses it" in text
    )


def test_two_payers_with_the_same_plan_are_told_apart(
    visit: Visit, scanned: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lookback = {"days": 7, "commitment": "0.05", "saving": "9.00", "utilisation": "100",
                "coverage": "80"}  # fmt: skip
    plan = {"currency": "USD", "commitment": "0.05", "saving": "9.00", "discount": "0.3",
            "break_even": "70", "stable": True, "by_day": False,
            "lookbacks": [lookback]}  # fmt: skip
    plans = [{**plan, "payer": payer} for payer in ("payer-a", "payer-b")]
    drawn = optimization_plans.versus

    def versus(frame: Frame, found: Recommendations) -> None:
        drawn(frame, replace(found, about={**found.about, "plans": plans}))

    monkeypatch.setattr(optimization_plans, "versus", versus)
    app = visit("optimization", scanned, period=str(LAST), tab=TABS[4])
    assert not app.exception
    for payer in ("payer-a", "payer-b"):
        assert f"Payer {payer}: $0.05 an hour would save $9.00 a month" in shown(app)
