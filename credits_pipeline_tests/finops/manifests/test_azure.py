"""Azure exports: the run that was submitted last, however it overwrites."""

from pathlib import Path

import pytest

from credits_pipeline.finops.errors import BillError
from credits_pipeline.finops.lake import Lake, open_lake
from credits_pipeline.finops.manifests import DeliveryError, current, marks
from credits_pipeline_tests.finops.bills import (
    MAY,
    Source,
    billed,
    charge,
    csv_text,
    failed,
    packed,
    rows_of,
    take_in,
    write_azure,
)


def bill(*amounts: str, **cells: str) -> bytes:
    rows = [charge(BilledCost=amount, ProviderName="Microsoft", **cells) for amount in amounts]
    return packed(csv_text(rows))


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return open_lake(str(tmp_path / "lake"))


def test_the_newest_run_counts_and_the_others_do_not(tmp_path: Path, lake: Lake) -> None:
    root = tmp_path / "container"
    for run, at, amount in (("r2", "05T01", "2"), ("r9", "04T23", "9"), ("r1", "05T00", "1")):
        files = {"part_0_0001.csv.gz": bill(amount), "part_1_0001.csv.gz": bill(amount)}
        source = write_azure(root, files, run=run, submitted=f"2026-06-{at}:00:00.1234567Z", rows=2)
    done = take_in(source, lake)
    assert done.outcome == "published"
    assert billed(lake, source) == 4
    version = lake.current(source.name, MAY)
    assert version is not None
    assert version.focus_version == "1.2-preview"
    assert f"{version.delivered_at:%d %H}" == "05 01"


def test_a_blob_is_found_by_its_name_in_the_container_wherever_the_location_points(
    tmp_path: Path, lake: Lake
) -> None:
    source = write_azure(tmp_path, {"p.csv.gz": bill("1")})
    delivery = current(source, MAY)
    assert delivery is not None
    assert delivery.files[0].key.startswith("costs/focus-cost/20260501-20260531/r1/")
    assert delivery.files[0].name == "p.csv.gz"


def test_ids_are_lower_case_since_azure_writes_them_both_ways(tmp_path: Path, lake: Lake) -> None:
    files = {"p.csv.gz": bill("1", SubAccountId="/Subscriptions/AB", ResourceId="/X/Y")}
    done = take_in(write_azure(tmp_path, files), lake)
    (row,) = rows_of(lake, done.version)
    assert (row["SubAccountId"], row["ResourceId"], row["provider"]) == (
        "/subscriptions/ab", "/x/y", "azure",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "check", "said"),
    [
        ({"rows": 3}, "rows_match_manifest", "the manifest states 3"),
        ({"byteCount": 5}, "files_match_manifest", "the manifest states 5 bytes"),
    ],
)
def test_what_the_manifest_states_is_compared(
    tmp_path: Path, lake: Lake, changed: dict[str, int], check: str, said: str
) -> None:
    done = take_in(write_azure(tmp_path, {"p.csv.gz": bill("1", "2")}, **changed), lake)
    assert done.outcome == "refused"
    assert said in failed(done)[check].says
    assert failed(done)[check].passes


def test_a_short_blob_is_reported_with_both_sizes(tmp_path: Path, lake: Lake) -> None:
    source = write_azure(tmp_path, {"p.csv.gz": bill("1", "2")})
    (path,) = tmp_path.rglob("p.csv.gz")
    whole = path.read_bytes()
    path.write_bytes(whole[:-9])
    done = take_in(source, lake)
    check = failed(done)["files_match_manifest"]
    assert f"{len(whole) - 9:,} bytes, and the manifest states {len(whole):,}" in check.says
    assert check.passes
    path.write_bytes(whole)
    assert take_in(source, lake).outcome == "published"


def test_exports_of_another_kind_are_no_bill(tmp_path: Path) -> None:
    source = write_azure(tmp_path, {"p.csv.gz": bill("1")}, kind="ActualCost")
    with pytest.raises(DeliveryError, match="none of FocusCost"):
        current(source, MAY)
    write_azure(tmp_path, {"p.csv.gz": bill("2")}, export="focus", run="f")
    delivery = current(source, MAY)
    assert delivery is not None
    assert "/f/" in delivery.files[0].key


def test_two_scopes_are_two_sources(tmp_path: Path) -> None:
    scopes = ("/subscriptions/A", "/subscriptions/B")
    for scope in scopes:
        write_azure(tmp_path, {"p.csv.gz": bill("1")}, scope=scope, export=scope[-1], run=scope[-1])
    with pytest.raises(DeliveryError, match="2 scopes"):
        current(Source("a", "azure", str(tmp_path)), MAY)
    by_name = current(Source("a", "azure", str(tmp_path), "A"), MAY)
    by_scope = current(Source("a", "azure", str(tmp_path), "/Subscriptions/a"), MAY)
    assert by_name is not None
    assert by_name == by_scope


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "/etc/passwd", "https://example.com/x.csv", "a/../../b.csv", "a\\b.csv"],
)
def test_a_blob_s_name_leads_nowhere_else(tmp_path: Path, lake: Lake, name: str) -> None:
    source = write_azure(tmp_path, {}, blobs=[{"blobName": name}], blobCount=1)
    with pytest.raises(BillError, match="What to do"):
        take_in(source, lake)


@pytest.mark.parametrize(
    "manifest",
    [
        {"blobs": None}, {"blobs": [1]}, {"blobs": [{}]}, {"blobCount": 2}, {"runInfo": {}},
        {"runInfo": {"startDate": "x", "submittedTime": "y"}}, {"exportConfig": []},
        {"byteCount": "many"}, {"dataRowCount": -1},
        {"runInfo": {"startDate": "2026-05-01", "endDate": "2026-07-01",
                     "submittedTime": "2026-08-01"}},
    ],
)  # fmt: skip
def test_a_manifest_of_another_shape_is_reported(
    tmp_path: Path, manifest: dict[str, object]
) -> None:
    source = write_azure(tmp_path, {"p.csv.gz": bill("1")}, **manifest)  # type: ignore[arg-type]
    with pytest.raises(DeliveryError, match=r"manifest\.json"):
        current(source, MAY)


def test_marks_change_when_a_run_is_added(tmp_path: Path) -> None:
    source = write_azure(tmp_path, {"p.csv.gz": bill("1")})
    before = marks(source)
    write_azure(tmp_path, {"p.csv.gz": bill("1")}, run="r2")
    assert list(before) == [MAY]
    assert marks(source) != before
