"""Simultaneous evaluations, in a folder and in a bucket: none overwrites another."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from pathlib import Path
from threading import Barrier

import pytest

from credits_pipeline.core import aws
from credits_pipeline.finops.depot import Depot
from credits_pipeline.finops.governance import governing
from credits_pipeline.finops.governance.ledger import FOLDER, GovernanceError, Ledger, Record
from credits_pipeline.finops.governance.policy import Severity
from credits_pipeline.finops.governance.violations import Violation
from credits_pipeline.sandbox.s3 import EmbeddedS3

NOW = datetime(2026, 11, 20, 7, tzinfo=UTC)
_numbers = count()
#: One machine's depot; machines share only the storage.
Machine = Callable[[str], Depot]


def violation(id_: str, origin: str) -> Violation:
    return Violation(
        id=id_, policy="p", policy_name="P", severity=Severity.HIGH, kind="aws.ec2.volume",
        provider="aws", account="111111111111", account_name="", region="eu-west-1",
        resource_id=id_, short=id_, name=id_, service="", tags={}, owner="", says="It is",
        cost_month=Decimal("1.5"), currency="USD", billing_month="2026-10", since=NOW,
        last_seen=NOW, origin=origin,
    )  # fmt: skip


def look(depot: Depot, origin: str) -> None:
    one = violation(f"{origin}-1", origin)
    governing.take_in(depot, {one.id: one}, lambda _: True, origin, NOW)


def known(depot: Depot) -> set[str]:
    ledger = Ledger(depot)
    record = ledger.current()
    return {one.id for one in ledger.violations(record.version if record else "")}


@pytest.fixture(params=["folder", "bucket"])
def machine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Machine]:
    if request.param == "folder":
        yield lambda _: Depot(str(tmp_path / "wing"))
        return
    request.getfixturevalue("s3")
    bucket = f"governance-{next(_numbers)}"
    client = aws.s3_client()
    client.create_bucket(Bucket=bucket)
    yield lambda name: Depot(f"s3://{bucket}/finops", cache=tmp_path / name)
    for one in client.list_objects_v2(Bucket=bucket).get("Contents", []):
        client.delete_object(Bucket=bucket, Key=one["Key"])
    client.delete_bucket(Bucket=bucket)


def test_concurrent_evaluations_lose_nothing(machine: Machine) -> None:
    names = [f"machine-{number}" for number in range(4)]
    together = Barrier(len(names))

    def works(name: str) -> None:
        depot = machine(name)
        together.wait(30)
        for turn in range(2):
            look(depot, f"{name}-{turn}")

    with ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(works, names))
    assert known(machine("reader")) == {f"{name}-{turn}-1" for name in names for turn in range(2)}


def test_what_came_between_is_evaluated_again_and_leaves_no_file_of_its_own(
    s3: EmbeddedS3, tmp_path: Path
) -> None:
    bucket = f"governance-{next(_numbers)}"
    aws.s3_client().create_bucket(Bucket=bucket)
    here, there = (Depot(f"s3://{bucket}", cache=tmp_path / name) for name in ("here", "there"))
    looks: list[set[str]] = []

    def make(before: Record | None, all_known: list[Violation]) -> tuple[Record, list[Violation]]:
        looks.append({one.id for one in all_known})
        if len(looks) == 1:
            look(there, "quicker")
        record = before or Record("", NOW.isoformat(), 0, {}, {})
        return record, [*all_known, violation("ours", "")]

    Ledger(here).change(make)
    assert looks == [set(), {"quicker-1"}]
    assert known(there) == {"quicker-1", "ours"}
    # Two versions of two files each, and the pointer.
    assert len(here.keys(f"{FOLDER}/")) == 5


def test_a_writer_that_always_loses_the_race_gives_up_and_says_so(
    s3: EmbeddedS3, tmp_path: Path
) -> None:
    bucket = f"governance-{next(_numbers)}"
    aws.s3_client().create_bucket(Bucket=bucket)
    here, there = (Depot(f"s3://{bucket}", cache=tmp_path / name) for name in ("here", "there"))
    turns = count()

    def make(_: Record | None, all_known: list[Violation]) -> tuple[Record, list[Violation]]:
        look(there, f"quicker-{next(turns)}")
        return Record("", NOW.isoformat(), 0, {}, {}), all_known

    with pytest.raises(GovernanceError, match="What to do: let only one machine evaluate"):
        Ledger(here).change(make)
    assert len(known(there)) == next(turns)
