"""The figures behind the evidence: whole days, nothing invented, never more than the evidence."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credits_pipeline.finops.depot import Depot
from credits_pipeline.finops.scans.columns import BALANCER, EC2, NAT
from credits_pipeline.finops.scans.daily import FIGURES, daily, read_daily
from credits_pipeline.finops.scans.metrics import DAYS, METRICS, folded, window
from credits_pipeline.finops.scans.shelf import ScanShelf
from credits_pipeline.finops.scans.table import Table
from credits_pipeline.finops.scans.utilisation import UTILISATION

AT = datetime(2026, 11, 27, 5, 15, tzinfo=UTC)
START, END = window(AT)
#: Some of the window's hours, each with a value.
hours = st.dictionaries(
    st.integers(0, DAYS * 24 - 1).map(lambda hour: START + timedelta(hours=hour)),
    st.floats(0, 100),
    max_size=60,
)


def test_every_figure_is_made_of_metrics_that_are_asked_for() -> None:
    for kind, figures in FIGURES.items():
        asked = {metric.key for metric in METRICS[kind]}
        assert {name for figure in figures for name in figure.metrics} <= asked
    assert FIGURES.keys() == METRICS.keys()


@given(cpu=hours)
def test_the_highest_day_is_the_evidence_and_a_day_without_a_value_is_not_there(
    cpu: dict[datetime, float],
) -> None:
    values = {"cpu_max": cpu}
    days = json.loads(daily(EC2, values, AT)).get("Highest CPU", {})
    evidence = folded(EC2, values, AT, None).get("cpu_max_14d")
    assert (evidence is None) == (not days)
    if days:
        assert evidence == pytest.approx(max(days.values()), rel=1e-5)
    ends = {(START + timedelta(days=(hour - START).days + 1)).date() for hour in cpu}
    assert {date.fromisoformat(day) for day in days} == ends


@given(sent=hours)
def test_days_add_up_to_what_was_sent(sent: dict[datetime, float]) -> None:
    values = {"bytes_out": {hour: value * 1e6 for hour, value in sent.items()}}
    days = json.loads(daily(NAT, values, AT)).get("Sent", {})
    assert sum(days.values()) == pytest.approx(sum(sent.values()), rel=1e-4)


def test_traffic_of_an_hour_counts_where_both_directions_are_known() -> None:
    first, second = START, START + timedelta(hours=1)
    values = {"bytes_in": {first: 2e6, second: 9e6}, "bytes_out": {first: 1e6}}
    assert json.loads(daily(EC2, values, AT))["Network"] == {"2026-11-14": 3.0}


def test_one_resource_s_figures_are_read_and_those_of_an_older_scan_are_not_there(
    tmp_path: Path,
) -> None:
    shelf = ScanShelf(Depot(str(tmp_path / "wing")))
    key = {"kind": BALANCER, "account": "1", "region": "eu-west-1", "resource_id": "it's"}
    told = daily(BALANCER, {"beat": {START: 0.5, END - timedelta(hours=1): 0.25}}, AT)
    rows = [{**key, "days": told}, {**key, "resource_id": "other", "days": "{}"}]
    kept = shelf.keep("utilisation", UTILISATION, rows, AT, {})
    found = read_daily(shelf, kept, key)
    assert found.days == {"Capacity used": {date(2026, 11, 14): 0.5, date(2026, 11, 27): 0.25}}
    assert (found.every[0], found.every[-1], len(found.every)) == (
        date(2026, 11, 14), date(2026, 11, 27), DAYS,
    )  # fmt: skip
    assert found.until == END
    assert read_daily(shelf, kept, {**key, "resource_id": "gone"}).days == {}
    before = Table(tuple(column for column in UTILISATION.columns if column[0] != "days"))
    older = shelf.keep("utilisation", before, [key], AT, {})
    assert read_daily(shelf, older, key).days == {}
