"""AWS Data Exports: exactly the files of the newest manifest, however the export delivers."""

import shutil
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from credits_pipeline.finops.lake import Lake, open_lake
from credits_pipeline.finops.manifests import DeliveryError, current, marks
from credits_pipeline.finops.manifests.aws import being_written
from credits_pipeline_tests.finops.bills import (
    MAY,
    Source,
    aged,
    billed,
    charge,
    csv_text,
    packed,
    put,
    take_in,
    write_aws,
    write_parquet,
)


def bill(*amounts: str) -> bytes:
    return packed(csv_text([charge(BilledCost=amount) for amount in amounts]))


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return open_lake(str(tmp_path / "lake"))


def test_all_parts_of_an_overwritten_month_count_and_nothing_beside_them(
    tmp_path: Path, lake: Lake
) -> None:
    source = write_aws(tmp_path, {"bills-00001.csv.gz": bill("1"), "bills-00002.csv.gz": bill("2")})
    put(tmp_path / "bills/data/BILLING_PERIOD=2026-05/bills-00003.csv.gz", bill("100"))
    assert take_in(source, lake).outcome == "published"
    assert billed(lake, source) == 3


def test_of_84_snapshots_the_newest_counts_once(tmp_path: Path, lake: Lake) -> None:
    start = datetime(2026, 5, 1, 6, tzinfo=UTC)
    for at in range(84):
        refresh = f"{start + timedelta(hours=9 * at):%Y%m%dT%H%M%S}.000Z-exec{at}"
        source = write_aws(tmp_path, {"bills-00001.csv.gz": bill(str(at + 1))}, refresh=refresh)
    assert take_in(source, lake).outcome == "published"
    assert billed(lake, source) == 84
    version = lake.current(source.name, MAY)
    assert version is not None
    assert version.delivered_at == start + timedelta(hours=9 * 83)
    (file,) = version.files
    assert (
        file.name
        == f"{start + timedelta(hours=9 * 83):%Y%m%dT%H%M%S}.000Z-exec83/bills-00001.csv.gz"
    )


def test_snapshots_without_a_manifest_of_the_month_are_ordered_by_their_time(
    tmp_path: Path, lake: Lake
) -> None:
    for at in ("20260502T000000Z-b", "20260509T000000Z-a", "20260505T000000Z-c"):
        source = write_aws(tmp_path, {"x-00001.csv.gz": bill(at[6:8])}, refresh=at)
    (tmp_path / "bills/metadata/BILLING_PERIOD=2026-05/bills-Manifest.json").unlink()
    take_in(source, lake)
    assert billed(lake, source) == 9


def test_an_export_that_changed_from_overwrite_to_create_new_is_read_by_its_newest_refresh(
    tmp_path: Path, lake: Lake
) -> None:
    source = write_aws(tmp_path, {"x-00001.csv.gz": bill("1")})
    aged(tmp_path, datetime(2026, 5, 2, tzinfo=UTC))
    manifest = tmp_path / "bills/metadata/BILLING_PERIOD=2026-05/bills-Manifest.json"
    kept = manifest.read_bytes()
    write_aws(tmp_path, {"x-00001.csv.gz": bill("2")}, refresh="20260520T010203Z-new")
    put(manifest, kept)
    aged(manifest.parent, datetime(2026, 5, 2, tzinfo=UTC))
    take_in(source, lake)
    assert billed(lake, source) == 2


@pytest.mark.parametrize("period", ["BILLING_PERIOD", "billing_period", "Billing_Period"])
def test_the_partition_is_read_in_any_case(tmp_path: Path, lake: Lake, period: str) -> None:
    source = write_aws(tmp_path, {"x.csv.gz": bill("7")}, period=period)
    assert take_in(source, lake).outcome == "published"


def test_a_copy_may_have_the_partition_in_another_case_than_the_manifest(
    tmp_path: Path, lake: Lake
) -> None:
    source = write_aws(tmp_path, {"x.csv.gz": bill("7")})
    data = tmp_path / "bills/data"
    (data / "BILLING_PERIOD=2026-05").rename(data / "billing_period=2026-05")
    assert take_in(source, lake).outcome == "published"


def test_a_copied_folder_is_read_whatever_bucket_the_manifest_names(
    tmp_path: Path, lake: Lake
) -> None:
    source = write_aws(tmp_path / "one", {"x.csv.gz": bill("7")}, bucket="a/bills/data/deep/b")
    shutil.copytree(tmp_path / "one", tmp_path / "copy")
    shutil.rmtree(tmp_path / "one")
    take_in(Source(source.name, "aws", str(tmp_path / "copy"), "bills"), lake)
    assert billed(lake, source) == 7


def test_parquet_with_doubles_and_maps_is_read_exactly(tmp_path: Path, lake: Lake) -> None:
    source = write_aws(tmp_path, {})
    name = "bills-00001.snappy.parquet"
    below = tmp_path / "bills/data/BILLING_PERIOD=2026-05"
    write_parquet(
        below / name,
        """SELECT CAST(v AS DOUBLE) AS "BilledCost", CAST(v AS DOUBLE) AS "EffectiveCost",
        CAST(v AS DOUBLE) AS "ListCost", CAST(v AS DOUBLE) AS "ContractedCost",
        '1' AS "BillingAccountId", 'USD' AS "BillingCurrency", 'Usage' AS "ChargeCategory",
        '000012' AS "SubAccountId", 'EC2' AS "ServiceName", 'Compute' AS "ServiceCategory",
        TIMESTAMP '2026-05-01' AS "BillingPeriodStart",
        TIMESTAMP '2026-06-01' AS "BillingPeriodEnd",
        TIMESTAMP '2026-05-02 03:00' AS "ChargePeriodStart",
        TIMESTAMPTZ '2026-05-02 04:00+00' AS "ChargePeriodEnd",
        MAP {'Team ': 'a"b', 'x': ''} AS "Tags"
        FROM (VALUES ('0.1'), ('0.2'), ('1e-7'), ('123456.789012345')) t(v)""",
    )
    write_aws(tmp_path, {name: (below / name).read_bytes()})
    assert take_in(source, lake).outcome == "published"
    assert billed(lake, source) == Decimal("123457.0890124450000")
    from credits_pipeline_tests.finops.bills import rows_of

    first = rows_of(lake, lake.current(source.name, MAY))[0]
    assert (first["tags"], first["tag_team"]) == ('{"Team":"a\\"b","x":""}', 'a"b')
    assert (first["SubAccountId"], first["file_row"]) == ("000012", 1)


def test_marks_change_with_the_manifest_and_only_for_its_month(tmp_path: Path) -> None:
    source = write_aws(tmp_path, {"x.csv.gz": bill("1")})
    write_aws(tmp_path, {"x.csv.gz": bill("1")}, month=MAY.shift(1))
    before = marks(source)
    assert sorted(before) == [MAY, MAY.shift(1)]
    assert marks(source) == before
    write_aws(tmp_path, {"x.csv.gz": bill("2"), "y.csv.gz": bill("1")}, executionId="2")
    after = marks(source)
    assert after[MAY] != before[MAY]
    assert after[MAY.shift(1)] == before[MAY.shift(1)]


@pytest.mark.parametrize(
    "address",
    [
        "s3://b/bills/data/BILLING_PERIOD=2026-05/../../../../../etc/passwd",
        "s3://b/other/data/BILLING_PERIOD=2026-05/x.csv.gz",
        "/etc/passwd",
        "file:///etc/passwd",
        "https://example.com/bills/data/../x.csv",
        "s3://b/bills/data/x.csv.gz",
        "s3://b/bills/data/BILLING_PERIOD=2026-05//x.csv.gz",
        "s3://b/bills/data/BILLING_PERIOD=2026-05/a\\..\\x.csv",
        "s3://b/bills/data/BILLING_PERIOD=2026-05/x\0.csv",
        "",
        None,
        7,
        {"a": 1},
    ],
)
def test_an_address_in_a_manifest_leads_nowhere_else(
    tmp_path: Path, lake: Lake, address: object
) -> None:
    from credits_pipeline.finops.errors import BillError

    source = write_aws(tmp_path, {"x.csv.gz": bill("1")}, dataFiles=[address])
    with pytest.raises(BillError, match="What to do"):
        take_in(source, lake)


def test_a_file_of_another_month_is_refused(tmp_path: Path) -> None:
    source = write_aws(
        tmp_path,
        {"x.csv.gz": bill("1")},
        dataFiles=["s3://b/bills/data/BILLING_PERIOD=2026-04/x.csv.gz"],
    )
    with pytest.raises(DeliveryError, match="of another month"):
        current(source, MAY)


def test_a_file_named_twice_is_refused(tmp_path: Path) -> None:
    address = "s3://b/bills/data/BILLING_PERIOD=2026-05/x.csv.gz"
    source = write_aws(tmp_path, {"x.csv.gz": bill("1")}, dataFiles=[address, address])
    with pytest.raises(DeliveryError, match="twice"):
        current(source, MAY)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"dataFiles": 1}', "{}", '{"dataFiles": NaN}', "[" * 100_000]
)
def test_half_a_manifest_is_reported(tmp_path: Path, text: str) -> None:
    source = write_aws(tmp_path, {"x.csv.gz": bill("1")})
    put(tmp_path / "bills/metadata/BILLING_PERIOD=2026-05/bills-Manifest.json", text)
    with pytest.raises(DeliveryError, match=r"Manifest\.json.*What to do"):
        current(source, MAY)


def test_a_source_without_an_export_uses_the_only_one(tmp_path: Path) -> None:
    source = write_aws(tmp_path, {"x.csv.gz": bill("1")})
    nameless = Source("aws-bills", "aws", str(tmp_path), "")
    assert current(nameless, MAY) == current(source, MAY)
    write_aws(tmp_path, {"x.csv.gz": bill("1")}, export="other")
    with pytest.raises(DeliveryError, match="bills, other"):
        current(nameless, MAY)


def test_a_column_that_the_manifest_promises_and_a_file_lacks_is_reported(
    tmp_path: Path, lake: Lake
) -> None:
    columns = [{"name": name, "type": "x"} for name in (*charge(), "x_Discounts")]
    source = write_aws(tmp_path, {"x.csv.gz": bill("1")}, columns=columns)
    done = take_in(source, lake)
    assert done.outcome == "refused"
    assert "x_Discounts, which the manifest promises" in done.checks[-1].says


@pytest.mark.parametrize(
    ("file", "now", "is_being_written"),
    [(-60, 0, False), (1, 5, False), (60, 61, True), (60, 900, True), (60, 961, False)],
)
def test_a_file_newer_than_its_manifest_is_of_the_next_refresh_until_all_is_at_rest(
    file: int, now: int, *, is_being_written: bool
) -> None:
    manifest = datetime(2026, 5, 4, tzinfo=UTC)
    seconds = timedelta(seconds=1)
    found = being_written(manifest + file * seconds, manifest, manifest + now * seconds)
    assert found == is_being_written
