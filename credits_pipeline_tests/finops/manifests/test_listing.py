"""Months without a provider's manifest: one file, one folder, a marker, or a list with sums."""

import hashlib
import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.lake import Lake, open_lake
from credits_pipeline.finops.manifests import DeliveryError, current, marks, months
from credits_pipeline_tests.finops.bills import (
    JUNE_10,
    MAY,
    Source,
    aged,
    billed,
    charge,
    csv_text,
    failed,
    folder_source,
    packed,
    put,
    take_in,
)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return open_lake(str(tmp_path / "lake"))


def test_files_and_folders_named_by_months_are_months_and_nothing_else_is(tmp_path: Path) -> None:
    for name in (
        "2026-05.csv",
        "2026-04/a.csv",
        "2026-13.csv",
        "notes.csv",
        "2026-03.txt",
        "x/2026-02.csv",
    ):
        put(tmp_path / name, "x")
    put(tmp_path / "2026-01/deeper/a.csv", "x")
    source = Source("f", "focus", str(tmp_path))
    assert months(source) == [BillingMonth(2026, 4), MAY]
    assert current(source, BillingMonth(2026, 1)) is None


def test_a_month_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    source = folder_source(tmp_path, [charge()])
    put(tmp_path / "2026-05/a.csv", csv_text([charge()]))
    with pytest.raises(DeliveryError, match=r"more than once.*2026-05\.csv"):
        current(source, MAY)


def test_a_marker_says_when_an_export_is_whole(tmp_path: Path, lake: Lake) -> None:
    source = Source("g", "gcp", str(tmp_path))
    put(tmp_path / "2026-05/a.csv", csv_text([charge()]))
    put(tmp_path / "2026-05/_SUCCESS", "")
    put(tmp_path / "2026-05/b.csv", csv_text([charge()]))
    aged(tmp_path, JUNE_10)
    aged(tmp_path / "2026-05", JUNE_10)
    newer = datetime(2026, 6, 11, tzinfo=UTC)
    import os

    os.utime(tmp_path / "2026-05/b.csv", (newer.timestamp(), newer.timestamp()))
    with pytest.raises(DeliveryError, match="newer than its marker") as raised:
        take_in(source, lake)
    assert raised.value.passes
    os.utime(tmp_path / "2026-05/_SUCCESS", (newer.timestamp(), newer.timestamp()))
    assert take_in(source, lake).outcome == "published"


def test_files_left_from_an_earlier_export_of_a_table_are_refused(tmp_path: Path) -> None:
    source = Source("g", "gcp", str(tmp_path))
    put(tmp_path / "2026-05/a-000000000000.csv", csv_text([charge()]))
    aged(tmp_path, datetime(2026, 6, 9, tzinfo=UTC))
    put(tmp_path / "2026-05/a-000000000001.csv", csv_text([charge()]))
    with pytest.raises(DeliveryError, match="earlier export may be left"):
        current(source, MAY)


def test_a_list_of_files_with_checksums_is_binding(tmp_path: Path, lake: Lake) -> None:
    text = packed(csv_text([charge(), charge()]))
    put(tmp_path / "2026-05/a.csv.gz", text)
    put(tmp_path / "2026-05/left-over.csv", csv_text([charge()]))
    stated = {
        "name": "a.csv.gz",
        "bytes": len(text),
        "rows": 2,
        "sha256": hashlib.sha256(text).hexdigest(),
    }
    manifest = {"files": [stated], "rows": 2, "complete_through": "2026-05-30"}
    put(tmp_path / "2026-05/manifest.json", json.dumps(manifest))
    source = Source("g", "gcp", str(tmp_path))
    done = take_in(source, lake)
    assert done.version is not None
    assert (done.rows, done.version.complete_through) == (2, date(2026, 5, 30))
    stated["sha256"] = "0" * 64
    put(tmp_path / "2026-05/manifest.json", json.dumps(manifest))
    check = failed(take_in(source, lake))["files_match_manifest"]
    assert "checksum" in check.says
    assert lake.current("g", MAY) == done.version


def test_a_smaller_redelivery_replaces_the_larger_one_and_is_reported(
    tmp_path: Path, lake: Lake
) -> None:
    source = folder_source(tmp_path / "b", [charge(), charge(), charge()])
    take_in(source, lake)
    folder_source(tmp_path / "b", [charge()])
    done = take_in(source, lake)
    check = failed(done)["not_smaller_than_before"]
    assert (done.outcome, check.blocking) == ("published", False)
    assert "1 row, 3 before; billed 1.5 USD, 4.5 USD before" in check.says
    assert billed(lake, source) == 1.5


def test_a_month_re_delivered_empty_keeps_the_last_one_until_a_person_says_so(
    tmp_path: Path, lake: Lake
) -> None:
    source = folder_source(tmp_path / "b", [charge()])
    first = take_in(source, lake)
    folder_source(tmp_path / "b", [])
    done = take_in(source, lake)
    assert (done.outcome, done.version) == ("refused", first.version)
    done = take_in(source, lake, accept=("not_smaller_than_before",))
    assert (done.outcome, done.rows) == ("published", 0)


def test_a_column_that_is_lost_is_reported_and_a_needed_one_is_refused(
    tmp_path: Path, lake: Lake
) -> None:
    source = folder_source(tmp_path / "b", [charge(x_Extra="1")])
    take_in(source, lake)
    folder_source(tmp_path / "b", [charge()])
    check = failed(take_in(source, lake))["not_smaller_than_before"]
    assert "no column x_Extra any more" in check.says
    for lost in ("BilledCost", "EffectiveCost", "BillingCurrency", "ChargeCategory",
                 "BillingPeriodStart", "ChargePeriodStart"):  # fmt: skip
        folder_source(tmp_path / "b", [charge()], header=[n for n in charge() if n != lost])
        done = take_in(source, lake)
        assert done.outcome == "refused"
        assert f"has no column {lost}" in failed(done)["columns_are_there"].says


def test_a_delivery_that_goes_back_in_time_does_not_count(tmp_path: Path, lake: Lake) -> None:
    source = folder_source(tmp_path / "b", [charge(), charge()])
    first = take_in(source, lake)
    folder_source(tmp_path / "b", [charge()])
    aged(tmp_path / "b", JUNE_10)
    done = take_in(source, lake)
    assert (done.outcome, done.version) == ("refused", first.version)
    assert "has an older delivery" in failed(done)["delivery_is_newest"].says
    done = take_in(source, lake, accept=("delivery_is_newest",))
    assert (done.outcome, billed(lake, source)) == ("published", 1.5)


def test_the_days_that_two_refreshes_have_passed_are_complete(tmp_path: Path, lake: Lake) -> None:
    source = folder_source(tmp_path / "b", [charge()])
    complete = []
    for at in ((2026, 5, 1), (2026, 5, 10), (2026, 5, 11), (2026, 6, 1), (2026, 6, 9)):
        folder_source(tmp_path / "b", [charge(ChargeDescription=str(at))])
        aged(tmp_path / "b", datetime(*at, 9, tzinfo=UTC))
        version = take_in(source, lake).version
        assert version is not None
        complete.append(version.complete_through)
    assert complete == [
        None, date(2026, 5, 8), date(2026, 5, 9), date(2026, 5, 30), date(2026, 5, 31),
    ]  # fmt: skip


def test_marks_change_with_the_files(tmp_path: Path) -> None:
    source = folder_source(tmp_path, [charge()])
    before = marks(source)
    assert marks(source) == before
    folder_source(tmp_path, [charge(), charge()])
    assert marks(source) != before
