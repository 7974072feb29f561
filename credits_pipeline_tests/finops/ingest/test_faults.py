"""Killed, overtaken, overwritten: the month that counts is the old version or the new one."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from credits_pipeline.finops.errors import BillError
from credits_pipeline.finops.ingest import Progress
from credits_pipeline.finops.lake import Lake, open_lake
from credits_pipeline_tests.finops.bills import (
    MAY,
    Source,
    billed,
    charge,
    csv_text,
    failed,
    packed,
    put,
    take_in,
    write_aws,
)
from credits_pipeline_tests.finops.ingest.chaos import run


def bill(*amounts: object) -> bytes:
    return packed(csv_text([charge(BilledCost=str(amount)) for amount in amounts]))


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return open_lake(str(tmp_path / "lake"))


def once(action: Callable[[], Any]) -> Callable[[Progress], None]:
    """Do something when the first bytes of a delivery have come."""
    done = []

    def told(progress: Progress) -> None:
        if progress.files_done and not done:
            done.append(progress)
            action()

    return told


def test_killed_at_random_moments_the_old_version_counts_or_the_new_one(tmp_path: Path) -> None:
    seen = run(schedules=4, seed=11, folder=tmp_path)
    assert seen.kills == 4


def test_a_manifest_rewritten_during_the_read_makes_it_read_again(
    tmp_path: Path, lake: Lake
) -> None:
    files = {"a.csv.gz": bill(1), "b.csv.gz": bill(1)}
    source = write_aws(tmp_path / "b", files)
    newer = {"a.csv.gz": bill(2), "b.csv.gz": bill(2), "c.csv.gz": bill(2)}
    done = take_in(
        source,
        lake,
        progress=once(lambda: write_aws(tmp_path / "b", newer, executionId="2")),
    )
    assert done.outcome == "published"
    assert billed(lake, source) == 6
    assert len(lake.versions(source.name, MAY)) == 1


def test_files_replaced_under_a_manifest_are_put_right_by_the_next_one(
    tmp_path: Path, lake: Lake
) -> None:
    source = write_aws(tmp_path / "b", {"a.csv.gz": bill(1), "b.csv.gz": bill(1)})
    take_in(source, lake)
    write_aws(tmp_path / "b", {"a.csv.gz": bill(5), "b.csv.gz": bill(5)}, executionId="2")

    def rewrite() -> None:
        # The next refresh is being written: one of its files is there, its manifest is not.
        put(tmp_path / "b/bills/data/BILLING_PERIOD=2026-05/b.csv.gz", bill(9, 9))

    done = take_in(source, lake, progress=once(rewrite))
    # Nothing in a folder says that the second file is from another refresh (a copy has its files in
    # any order): until the manifest comes, it counts, and then the month is read again.
    assert done.outcome == "published"
    write_aws(tmp_path / "b", {"a.csv.gz": bill(9), "b.csv.gz": bill(9, 9)}, executionId="3")
    assert take_in(source, lake).outcome == "published"
    assert billed(lake, source) == 27


def test_a_delivery_that_never_rests_is_left_for_later(tmp_path: Path, lake: Lake) -> None:
    source = write_aws(tmp_path / "b", {"a.csv.gz": bill(1)})
    count = iter(range(2, 100))

    def restless(_progress: Progress) -> None:
        write_aws(tmp_path / "b", {"a.csv.gz": bill(1)}, executionId=str(next(count)))

    with pytest.raises(BillError, match=r"rewritten while|changed while") as raised:
        take_in(source, lake, progress=restless)
    assert raised.value.passes
    assert lake.current(source.name, MAY) is None


def test_a_missing_file_is_reported_and_the_month_comes_when_it_does(
    tmp_path: Path, lake: Lake
) -> None:
    source = write_aws(tmp_path / "b", {"a.csv.gz": bill(1), "b.csv.gz": bill(2)})
    path = tmp_path / "b/bills/data/BILLING_PERIOD=2026-05/b.csv.gz"
    path.rename(tmp_path / "away")
    check = failed(take_in(source, lake))["files_match_manifest"]
    assert check.says.startswith("b.csv.gz is named by the manifest, but is missing.")
    assert check.passes
    (tmp_path / "away").rename(path)
    assert take_in(source, lake).outcome == "published"


def test_two_refreshes_at_once_end_at_the_newer_one(tmp_path: Path, lake: Lake) -> None:
    source = write_aws(tmp_path / "b", {"a.csv.gz": bill(1)}, refresh="20260510T000000Z-x")
    first_reads = threading.Event()
    second_is_done = threading.Event()
    outcomes: dict[str, str] = {}

    # A copy with the older refresh stands for a process that read its manifest earlier.
    older = write_aws(tmp_path / "old", {"a.csv.gz": bill(1)}, refresh="20260510T000000Z-x")

    def slow(_progress: Progress) -> None:
        first_reads.set()
        assert second_is_done.wait(60)

    def first() -> None:
        outcomes["older"] = take_in(older, lake, progress=slow).outcome

    thread = threading.Thread(target=first)
    thread.start()
    assert first_reads.wait(60)
    write_aws(tmp_path / "b", {"a.csv.gz": bill(2)}, refresh="20260511T000000Z-y")
    outcomes["newer"] = take_in(source, lake).outcome
    second_is_done.set()
    thread.join()
    assert outcomes == {"older": "overtaken", "newer": "published"}
    assert billed(lake, source) == 2


def test_a_bad_decimal_late_in_a_large_file_is_named_by_its_row(tmp_path: Path, lake: Lake) -> None:
    row = charge(ChargeDescription="somebody's own words", x_Note="n" * 40)
    text = csv_text([row])
    head, line = text.split("\r\n")[:2]
    bad = line.replace("1.5,", "1.5O,", 1)
    with (tmp_path / "2026-05.csv").open("w", newline="") as file:
        file.write(head + "\r\n")
        for at in range(1, 200_001):
            file.write((bad if at == 199_998 else line) + "\r\n")
    done = take_in(Source("s", "focus", str(tmp_path)), lake)
    check = failed(done)["cells_have_their_types"]
    assert check.cases == ("2026-05.csv, row 199,998, column BilledCost: '1.5O'",)
    assert "own words" not in str(done)
    assert lake.current("s", MAY) is None
