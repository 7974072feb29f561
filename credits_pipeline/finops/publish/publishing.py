"""Publishing: what is whole becomes one version, under a lock, and the pointer moves last.

A month whose marts are not all of the same rows keeps what was published of it before.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

import duckdb
from filelock import FileLock

from credits_pipeline.finops.marts.making import version_of
from credits_pipeline.finops.marts.mart import Mart
from credits_pipeline.finops.marts.shelf import Shelf
from credits_pipeline.finops.publish.bill import Bill, Part
from credits_pipeline.finops.publish.building import build
from credits_pipeline.finops.publish.form import FORM, READING, PublishError
from credits_pipeline.finops.publish.pointer import (
    FOLDER,
    Pointer,
    read_pointer,
    write_pointer,
)
from credits_pipeline.finops.publish.published import is_open_here
from credits_pipeline.finops.publish.retention import retire

_LOCK = ".publishing.lock"


@dataclass(frozen=True)
class Publication:
    """What became of it.

    Attributes:
        pointer: what counts now.
        is_new: whether it counts from now on.
        bills: what it was made from.
        waiting: months that are not in it as they lie in the lake, each with the reason.
        removed: files of old versions that were deleted.
    """

    pointer: Pointer
    is_new: bool
    bills: tuple[Bill, ...]
    waiting: tuple[str, ...]
    removed: tuple[str, ...]


def publish(
    storage: Path,
    bills: Callable[[], Sequence[Bill]],
    catalogue: Sequence[Mart],
    *,
    memory: str = "1GB",
    now: datetime | None = None,
) -> Publication:
    """Publish the marts of all bills.

    Args:
        storage: the wing's folder.
        bills: what the lake holds, read once the lock is held: of two that publish at once the
            later one sees what the earlier one saw, and more.
        catalogue: the marts.
        memory: what building may use.
        now: the moment.

    Raises:
        PublishError: nothing changed.
    """
    folder = storage / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / _LOCK):
        moment = now or datetime.now(UTC)
        last = read_pointer(storage)
        parts, used, waiting = _whole(Shelf(storage), bills(), catalogue, _published(folder, last))
        version = _digest(parts, used, catalogue)
        pointer = Pointer(
            version=version,
            file=f"finops-{version}.duckdb",
            resources=f"resources-{_digest_of_large(parts, catalogue)}.duckdb",
            published_at=moment.isoformat(timespec="seconds"),
        )
        for name, is_large in ((pointer.file, False), (pointer.resources, True)):
            if not (folder / name).exists():
                before = (last.resources if is_large else last.file) if last else ""
                marts = [mart for mart in catalogue if mart.is_large is is_large]
                names = {mart.name for mart in marts}
                build(
                    folder / name,
                    marts=marts,
                    parts=[part for part in parts if part.mart in names],
                    bills=() if is_large else used,
                    last=folder / before if before and (folder / before).exists() else None,
                    memory=memory,
                )
        is_new = last is None or last.version != version
        if is_new:
            write_pointer(storage, pointer)
        kept = pointer if is_new or last is None else last
        removed = retire(folder, kept, moment, is_open_here=is_open_here)
        return Publication(kept, is_new, used, waiting, removed)


def _published(folder: Path, last: Pointer | None) -> list[Bill]:
    """The bills of the version before."""
    if last is None or not (folder / last.file).exists():
        return []
    with duckdb.connect(str(folder / last.file), read_only=True, config=READING) as connection:
        if connection.execute("SELECT form FROM about").fetchone() != (FORM,):
            return []
        names = ", ".join(field.name for field in fields(Bill))
        return [Bill(*row) for row in connection.execute(f"SELECT {names} FROM bills").fetchall()]  # noqa: S608 - ours


def _whole(
    shelf: Shelf, bills: Iterable[Bill], catalogue: Sequence[Mart], published: Iterable[Bill]
) -> tuple[tuple[Part, ...], tuple[Bill, ...], tuple[str, ...]]:
    """The partitions of the bills of which every mart is there.

    Raises:
        PublishError: a month that is published would be lost.
    """
    before = {(bill.source, bill.billing_month): bill for bill in published}
    parts: list[Part] = []
    used, waiting = [], []
    for bill in sorted(bills, key=lambda bill: (bill.source, bill.billing_month)):
        found, missing = _parts(shelf, bill, catalogue)
        if missing:
            waiting.append(f"{bill.source} {bill.billing_month}: {missing}")
            earlier = before.get((bill.source, bill.billing_month))
            if earlier is None:
                continue
            found, lost = _parts(shelf, earlier, catalogue)
            if lost:
                raise PublishError(
                    f"{bill.source} {bill.billing_month} is published, and would be lost: {lost}. "
                    "What to do: run `credits-pipeline ingest`, which makes its marts anew."
                )
            bill = earlier  # noqa: PLW2901 - what counts of this month
        parts += found
        used.append(bill)
    return tuple(parts), tuple(used), tuple(waiting)


def _parts(shelf: Shelf, bill: Bill, catalogue: Sequence[Mart]) -> tuple[list[Part], str]:
    """A bill's partitions, and what is missing."""
    found = []
    for mart in catalogue:
        version = version_of(mart, catalogue, bill.version)
        kept = shelf.kept(mart.name, bill.source, bill.billing_month, version)
        if kept is None or not shelf.file(kept).exists():
            return [], f"{mart.name} of its rows {bill.version} is not made"
        file = shelf.file(kept)
        found.append(Part(mart.name, kept.source, kept.billing_month, version, file, kept.rows))
    return found, ""


def _digest(parts: Iterable[Part], bills: Iterable[Bill], catalogue: Iterable[Mart]) -> str:
    return _hashed(
        [
            FORM,
            [[mart.name, mart.digest] for mart in catalogue],
            [[*part.key, part.version] for part in parts],
            [[str(value) for value in astuple(bill)] for bill in bills],
        ]
    )


def _digest_of_large(parts: Iterable[Part], catalogue: Iterable[Mart]) -> str:
    large = {mart.name: mart.digest for mart in catalogue if mart.is_large}
    return _hashed(
        [FORM, large, [[*part.key, part.version] for part in parts if part.mart in large]]
    )


def _hashed(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:12]
