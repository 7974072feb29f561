"""The same in a bucket: marts and versions are there, and are read from local copies."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from credits_pipeline.core import aws
from credits_pipeline.finops.depot import Depot
from credits_pipeline.finops.publish.bill import Bill
from credits_pipeline.finops.publish.published import current_version, open_current
from credits_pipeline.finops.publish.publishing import publish
from credits_pipeline.sandbox.s3 import EmbeddedS3
from credits_pipeline_tests.finops.typed import Bills, row

BUCKET = "wing"


@pytest.fixture
def root(s3: EmbeddedS3, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    client = aws.s3_client()
    client.create_bucket(Bucket=BUCKET)
    yield f"s3://{BUCKET}/finops"
    for one in client.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        client.delete_object(Bucket=BUCKET, Key=one["Key"])
    client.delete_bucket(Bucket=BUCKET)


def bills_in(root: str, tmp_path: Path) -> Bills:
    bills = Bills(tmp_path / "here")
    bills.use(Depot(root))
    return bills


def billed(root: str) -> dict[str, int]:
    published = open_current(root)
    assert published is not None
    return dict(
        published.rows("SELECT billing_month, SUM(billed_cost) FROM spend_daily GROUP BY ALL")
    )


def test_versions_are_published_and_read_from_a_bucket(root: str, tmp_path: Path) -> None:
    assert current_version(root) is None
    bills = bills_in(root, tmp_path)
    bills.put("aws", "2026-04", [row("4")])
    bills.put("aws", "2026-05", [row("5")])
    first = bills.publish()
    assert first.is_new
    assert billed(root) == {"2026-04": 4, "2026-05": 5}
    bills.put("aws", "2026-05", [row("6")], version="v2")
    assert bills.publish().is_new
    assert billed(root) == {"2026-04": 4, "2026-05": 6}
    assert not bills.publish().is_new


def test_another_machine_reads_it_and_publishes_on_from_it(
    root: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bills = bills_in(root, tmp_path)
    bills.put("aws", "2026-05", [row("5")])
    bills.publish()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "another machine"))
    assert billed(root) == {"2026-05": 5}
    other = bills_in(root, tmp_path / "other")
    other.bills.update(bills.bills)
    other.put("gcp", "2026-05", [row("7")])
    other.publish()
    assert billed(root) == {"2026-05": 12}


def test_two_machines_that_publish_at_once_lose_nothing(root: str, tmp_path: Path) -> None:
    bills = bills_in(root, tmp_path)
    bills.put("aws", "2026-05", [row("5")])
    bills.publish()
    bills.put("gcp", "2026-05", [row("7")])
    other = bills_in(root, tmp_path / "other")
    other.use(Depot(root, tmp_path / "cache of the other machine"))
    looks = []

    def seen() -> list[Bill]:
        """The lake's content; after the first time, another machine publishes more."""
        found = list(bills.bills.values())
        looks.append(found)
        if len(looks) == 1:
            other.bills.update(bills.bills)
            other.put("azure", "2026-05", [row("100")])
            other.publish()
            bills.bills.update(other.bills)
        return found

    done = publish(bills.depot, seen, bills.catalogue)
    assert len(looks) == 2
    assert len(done.bills) == 3
    assert billed(root) == {"2026-05": 112}
