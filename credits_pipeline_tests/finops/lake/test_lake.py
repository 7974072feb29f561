"""Versions beside each other, a pointer that is written last, and two writers at once."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from credits_pipeline.finops.lake import Lake, LakeError, Part, Version, open_lake
from credits_pipeline.finops.lake.lake import version_name
from credits_pipeline.sandbox.s3 import EmbeddedS3
from credits_pipeline_tests.finops.bills import (
    JUNE_10,
    MAY,
    charge,
    folder_source,
    rows_of,
    take_in,
)

IDENTITY = "ab" * 32


def version(delivered_at: datetime, **changes: object) -> Version:
    made = Version(
        source="s", provider="aws", month=MAY, version=version_name(IDENTITY, datetime.now(UTC)),
        identity=IDENTITY, manifest="m", delivered_at=delivered_at, created_at=datetime.now(UTC),
        run_id="", rows=1, rounded_rows=0, size=1, files=(), parts=(Part("part-0.parquet", 4, 1),),
        totals={}, columns=(), focus_version="1.2", tags=(), tag_digest="",
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


@contextmanager
def staged(lake: Lake) -> Iterator[Path]:
    with lake.working() as folder:
        parts = folder / "parts"
        parts.mkdir()
        (parts / "part-0.parquet").write_bytes(b"PAR1")
        yield parts


def publish(lake: Lake, made: Version) -> str:
    with staged(lake) as parts:
        return lake.publish(parts, made)


@pytest.fixture(params=["folder", "s3"])
def lake(request: pytest.FixtureRequest, tmp_path: Path) -> Lake:
    """On a disk, and in a bucket."""
    if request.param == "folder":
        return open_lake(str(tmp_path / "lake"))
    import boto3

    s3: EmbeddedS3 = request.getfixturevalue("s3")
    bucket = f"lake-{tmp_path.name.casefold().replace('_', '-')[-40:]}"
    boto3.client("s3", endpoint_url=s3.endpoint_url).create_bucket(Bucket=bucket)
    return open_lake(f"s3://{bucket}/finops", cache=tmp_path / "cache")


def test_an_empty_lake_knows_nothing(lake: Lake) -> None:
    assert (lake.sources(), lake.months("s"), lake.versions("s", MAY)) == ([], [], [])
    assert lake.current("s", MAY) is None


def test_a_version_is_kept_as_it_was_made(lake: Lake) -> None:
    made = version(JUNE_10)
    assert publish(lake, made) == "published"
    assert lake.current("s", MAY) == made
    (path,) = lake.parquet(made)
    assert path.read_bytes() == b"PAR1"


def test_whichever_comes_last_the_newer_delivery_counts(lake: Lake) -> None:
    older, newer = version(JUNE_10), version(JUNE_10 + timedelta(hours=1))
    assert publish(lake, newer) == "published"
    assert publish(lake, older) == "overtaken"
    assert lake.current("s", MAY) == newer
    assert len(lake.versions("s", MAY)) == 2


def test_many_at_once_end_at_the_newest(lake: Lake) -> None:
    made = [version(JUNE_10 + timedelta(minutes=at)) for at in range(8)]
    results: list[str] = []

    def one(each: Version) -> None:
        results.append(publish(lake, each))

    threads = [threading.Thread(target=one, args=(each,)) for each in (*made[4:], *made[:4])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 8
    assert lake.current("s", MAY) == made[-1]


def test_an_earlier_version_can_count_again(lake: Lake) -> None:
    first, second = version(JUNE_10), version(JUNE_10 + timedelta(days=1))
    publish(lake, first)
    publish(lake, second)
    lake.point("s", MAY, first.version)
    assert lake.current("s", MAY) == first
    with pytest.raises(LakeError, match="has no version"):
        lake.point("s", MAY, "20260101T000000Z-000000000000")


def test_old_versions_go_and_the_one_that_counts_stays_however_old(lake: Lake) -> None:
    now = datetime.now(UTC)
    made = [
        version(
            JUNE_10 + timedelta(days=at),
            version=version_name(IDENTITY, now - timedelta(days=90 - at)),
        )
        for at in range(4)
    ]
    for each in made:
        publish(lake, each)
    lake.point("s", MAY, made[1].version)
    kept = lake.prune("s", MAY, timedelta(days=60), now=now, keep=[made[3].version])
    assert kept == [made[0].version, made[2].version]
    assert lake.versions("s", MAY) == [made[1], made[3]]
    assert lake.current("s", MAY) == made[1]


def test_a_version_without_its_description_does_not_count(lake: Lake) -> None:
    made = version(JUNE_10)
    publish(lake, made)
    half = version_name("cd" * 32, datetime.now(UTC) - timedelta(days=9))
    lake._place.put(f"focus_costs/source=s/billing_month=2026-05/{half}/part-0.parquet", b"PAR1")
    assert lake.versions("s", MAY) == [made]
    assert lake.prune("s", MAY, timedelta(days=1)) == [half]


@pytest.mark.parametrize(
    "content", [b"", b"{", b"{}", b"[]", b'{"version": "../../x"}', b'{"version": 1}']
)
def test_an_invalid_pointer_is_reported(lake: Lake, content: bytes) -> None:
    publish(lake, version(JUNE_10))
    lake._place.put("focus_costs/source=s/billing_month=2026-05/CURRENT.json", content)
    with pytest.raises(LakeError, match=r"CURRENT\.json.*What to do"):
        lake.current("s", MAY)


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".hidden", "a b", "x" * 100])
def test_a_source_s_name_is_not_a_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(LakeError, match="can't be a source's name"):
        open_lake(str(tmp_path)).current(name, MAY)


def test_months_come_in_whole_where_the_lake_is_a_bucket(lake: Lake, tmp_path: Path) -> None:
    done = take_in(folder_source(tmp_path / "b", [charge(), charge()]), lake)
    assert done.outcome == "published"
    assert len(rows_of(lake, done.version)) == 2
    assert take_in(folder_source(tmp_path / "b", [charge()]), lake).rows == 1
    assert rows_of(lake, done.version)[1]["file_row"] == 2


def test_what_a_later_release_adds_to_a_description_is_passed_over() -> None:
    import json

    made = version(JUNE_10)
    later = json.dumps({**json.loads(made.to_json()), "added_later": 1}).encode()
    assert Version.of_json(later) == made
    with pytest.raises(ValueError, match="no version"):
        Version.of_json(b'{"source": "s"}')


def test_folders_of_dead_ingests_are_removed_and_those_of_live_ones_are_not(tmp_path: Path) -> None:
    lake = open_lake(str(tmp_path))
    dead = tmp_path / ".work/ingest-dead"
    dead.mkdir(parents=True)
    (dead / ".alive").touch()
    with lake.working() as first:
        with lake.working() as second:
            assert first != second
            assert not dead.exists()
            assert first.is_dir()
        assert not second.exists()
    assert list((tmp_path / ".work").glob("ingest-*")) == []
