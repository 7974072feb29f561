"""Published versions: immutable files and a pointer, whatever happens meanwhile."""

import os
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from credits_pipeline.finops.marts.catalogue import marts
from credits_pipeline.finops.publish.form import PublishError
from credits_pipeline.finops.publish.pointer import FOLDER
from credits_pipeline.finops.publish.published import Published, current_version, open_current
from credits_pipeline.finops.publish.publishing import publish
from credits_pipeline_tests.finops.typed import Bills, row

LATER = timedelta(hours=25)


@pytest.fixture
def bills(tmp_path: Path) -> Bills:
    made = Bills(tmp_path)
    made.put("aws", "2026-04", [row("4")])
    made.put("aws", "2026-05", [row("5")])
    return made


def opened(bills: Bills) -> Published:
    found = open_current(bills.storage)
    assert found is not None
    return found


def billed(published: Published) -> list[tuple[str, Decimal]]:
    return published.rows(
        "SELECT billing_month, SUM(billed_cost) FROM spend_daily GROUP BY 1 ORDER BY 1"
    )


def test_nothing_is_published_before_the_first(tmp_path: Path) -> None:
    assert current_version(tmp_path) is None
    assert open_current(tmp_path) is None


def test_the_same_bills_are_the_same_version_and_another_delivery_is_another(bills: Bills) -> None:
    first = bills.publish()
    assert first.is_new
    again = bills.publish()
    assert not again.is_new
    assert again.pointer == first.pointer
    bills.put("aws", "2026-05", [row("6")], version="v2")
    second = bills.publish()
    assert second.is_new
    assert second.pointer.file != first.pointer.file
    assert billed(opened(bills)) == [("2026-04", 4), ("2026-05", 6)]


def test_a_page_that_is_open_keeps_its_version_and_the_next_one_sees_the_new(bills: Bills) -> None:
    """DuckDB returns the file that is open under a name, whatever has that name by now."""
    bills.publish()
    old = opened(bills)
    assert billed(old) == [("2026-04", 4), ("2026-05", 5)]
    for number in range(2, 6):
        bills.put("aws", "2026-05", [row(str(number))], version=f"v{number}")
        bills.publish()
        assert billed(opened(bills))[1] == ("2026-05", number)
        assert billed(old)[1] == ("2026-05", 5)


def test_a_version_that_comes_back_is_the_same_file(bills: Bills) -> None:
    first = bills.publish().pointer
    earlier = bills.bills["aws", "2026-05"]
    bills.put("aws", "2026-05", [row("6")], version="v2")
    bills.publish()
    bills.bills["aws", "2026-05"] = earlier
    back = bills.publish()
    assert back.is_new
    assert back.pointer.file == first.file
    assert billed(opened(bills)) == [("2026-04", 4), ("2026-05", 5)]


def test_a_file_that_is_built_from_the_last_one_equals_one_that_is_built_from_scratch(
    tmp_path: Path,
) -> None:
    grown, anew = Bills(tmp_path / "grown"), Bills(tmp_path / "anew")
    for month in range(1, 6):
        rows = [row(f"{month}.{number}", SubAccountId=str(number)) for number in range(5)]
        for one in (grown, anew):
            one.put("aws", f"2025-{month:02d}", rows)
        grown.publish()
    replaced = [row("0.000000000000000001"), row("7")]
    for one in (grown, anew):
        one.put("aws", "2025-03", replaced, version="v2")
        one.publish()
    assert opened(grown).version == opened(anew).version
    for mart in grown.catalogue:
        text = f"SELECT * FROM {mart.name} ORDER BY ALL"
        ask = "resource_rows" if mart.is_large else "rows"
        assert getattr(opened(grown), ask)(text) == getattr(opened(anew), ask)(text)
    for table in ("bills", "parts", "accounts", "net_replaces"):
        text = f"SELECT * FROM {table} ORDER BY ALL"
        assert opened(grown).rows(text) == opened(anew).rows(text)


def test_one_month_of_many_is_all_that_is_written(tmp_path: Path) -> None:
    bills = Bills(tmp_path)
    for month in range(1, 6):
        bills.put("aws", f"2025-{month:02d}", [row(str(month))])
    bills.publish()
    for kept in (tmp_path / "marts").rglob("*.parquet"):
        if "2025-03" not in str(kept):
            kept.write_bytes(b"nobody reads this again")
    bills.put("aws", "2025-03", [row("33")], version="v2")
    bills.publish()
    assert dict(billed(opened(bills)))["2025-03"] == 33
    assert len(billed(opened(bills))) == 5


def test_a_month_whose_marts_are_not_made_keeps_what_was_published(bills: Bills) -> None:
    bills.publish()
    earlier = bills.bills["aws", "2026-05"]
    bills.bills["aws", "2026-05"] = replace(earlier, version="v9", complete_through=None)
    bills.bills["aws", "2026-06"] = replace(earlier, billing_month="2026-06", version="v9")
    found = bills.publish()
    assert [told.partition(":")[0] for told in found.waiting] == ["aws 2026-05", "aws 2026-06"]
    assert billed(opened(bills)) == [("2026-04", 4), ("2026-05", 5)]
    assert earlier in found.bills


def test_a_month_is_not_lost_where_a_new_release_has_other_marts(bills: Bills) -> None:
    bills.publish()
    with pytest.raises(PublishError, match="aws 2026-04 is published, and would be lost"):
        publish(bills.depot, lambda: list(bills.bills.values()), marts(("team", "owner")))
    assert billed(opened(bills)) == [("2026-04", 4), ("2026-05", 5)]


def test_a_source_that_was_removed_from_the_lake_is_no_longer_published(bills: Bills) -> None:
    bills.put("azure", "2026-05", [row("7")])
    bills.publish()
    del bills.bills["azure", "2026-05"]
    bills.publish()
    assert billed(opened(bills)) == [("2026-04", 4), ("2026-05", 5)]


def test_published_files_are_read_only_whole_and_reach_nothing_else(
    bills: Bills, tmp_path: Path
) -> None:
    bills.publish()
    published = opened(bills)
    assert [file.name for file in (tmp_path / FOLDER).iterdir() if file.suffix == ".wal"] == []
    assert published.file.stat().st_mode & 0o222 == 0
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    for attack in (
        f"SELECT * FROM '{secret}'",
        f"SELECT * FROM read_text('{secret}')",
        f"ATTACH '{tmp_path / 'other.duckdb'}'",
        f"COPY spend_daily TO '{tmp_path / 'out.csv'}'",
        "SET enable_external_access = true",
        "SET memory_limit = '100GB'",
        "INSTALL httpfs",
        "DELETE FROM spend_daily",
    ):
        with pytest.raises(duckdb.Error):
            published.rows(attack)
    assert not (tmp_path / "out.csv").exists()


def test_threads_share_a_version(bills: Bills) -> None:
    bills.publish()
    published = opened(bills)
    found: list[object] = []

    def ask() -> None:
        found.extend(tuple(billed(published)) for _ in range(20))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 160
    assert set(found) == {(("2026-04", Decimal(4)), ("2026-05", Decimal(5)))}


def test_two_that_publish_at_once_end_at_what_both_know(bills: Bills) -> None:
    threads = [threading.Thread(target=bills.publish) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert billed(opened(bills)) == [("2026-04", 4), ("2026-05", 5)]


def age(bills: Bills, hours: float) -> None:
    """Make the currently published version this old."""
    before = (datetime.now(UTC) - timedelta(hours=hours)).timestamp()
    pointer = bills.publish().pointer
    for name in (pointer.file, pointer.resources):
        os.utime(bills.storage / FOLDER / name, (before, before))


def versions(bills: Bills, count: int) -> list[str]:
    names = []
    for number in range(count):
        bills.put("aws", "2026-05", [row(str(number))], version=f"v{number}")
        names.append(bills.publish().pointer.file)
        age(bills, 100 - number)
    return names


def test_old_versions_go_and_the_newest_stay(bills: Bills) -> None:
    names = versions(bills, 6)
    bills.put("aws", "2026-05", [row("60")], version="v60")
    bills.publish()
    left = {file.name for file in (bills.storage / FOLDER).glob("finops-*.duckdb")}
    assert left == {opened(bills).file.name, *names[-2:]}


def test_a_version_that_counts_again_stays_however_old_it_is(bills: Bills) -> None:
    first = bills.bills["aws", "2026-05"]
    name = bills.publish().pointer.file
    age(bills, 200)
    versions(bills, 1)
    bills.bills["aws", "2026-05"] = first
    bills.publish()
    bills.publish(now=datetime.now(UTC) + LATER)
    assert opened(bills).file.name == name
    assert opened(bills).file.exists()


def test_a_version_that_another_process_reads_stays(bills: Bills) -> None:
    name = bills.publish().pointer.file
    file = bills.storage / FOLDER / name
    script = (
        "import duckdb, sys\n"
        f"connection = duckdb.connect({str(file)!r}, read_only=True)\n"
        "print('open', flush=True)\n"
        "sys.stdin.read()\n"
        "print(connection.execute('SELECT COUNT(*) FROM spend_daily').fetchone()[0])\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "open\n"
        age(bills, 200)
        versions(bills, 5)
        assert file.exists()
        said, _ = reader.communicate("")
        assert said == "2\n"
    bills.put("aws", "2026-05", [row("70")], version="v70")
    assert name in bills.publish().removed


def test_a_version_that_this_process_reads_stays_and_keeps_its_lock(bills: Bills) -> None:
    bills.publish()
    held = opened(bills)
    assert billed(held)
    age(bills, 200)
    versions(bills, 5)
    assert held.file.exists()
    assert billed(held)[1] == ("2026-05", 5)


def test_provenance_is_part_of_the_version(bills: Bills) -> None:
    first = bills.publish().pointer.version
    earlier = bills.bills["aws", "2026-05"]
    bills.bills["aws", "2026-05"] = replace(earlier, complete_through=date(2026, 5, 3))
    assert bills.publish().pointer.version != first


def test_a_full_disk_leaves_what_was_published(
    bills: Bills, monkeypatch: pytest.MonkeyPatch
) -> None:
    bills.publish()
    bills.put("aws", "2026-05", [row("6")], version="v2")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copyfile", full)
    monkeypatch.setattr("credits_pipeline.finops.publish.building._fill", full)
    with pytest.raises(PublishError, match="No space left on device"):
        bills.publish()
    assert billed(opened(bills)) == [("2026-04", 4), ("2026-05", 5)]
    assert [path for path in (bills.storage / ".work").iterdir() if path.is_dir()] == []
