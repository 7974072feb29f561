"""Publishing: what is complete becomes one version, under a lock, and the pointer moves last.

A month whose marts are not all of the same rows keeps its previously published part.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass, fields
from datetime import UTC, datetime

import duckdb
from filelock import FileLock

from credits_pipeline.finops.depot import Depot
from credits_pipeline.finops.marts.making import version_of
from credits_pipeline.finops.marts.mart import Mart
from credits_pipeline.finops.marts.shelf import Shelf
from credits_pipeline.finops.publish.bill import Bill, Part
from credits_pipeline.finops.publish.building import build
from credits_pipeline.finops.publish.form import FORM, READING, PublishError
from credits_pipeline.finops.publish.pointer import (
    FOLDER,
    Pointer,
    pointer_tag,
    read_pointer,
    swap_pointer,
)
from credits_pipeline.finops.publish.retention import retire

#: How often it starts again if another machine publishes at the same time.
_TRIES = 10


@dataclass(frozen=True)
class Publication:
    """The result of publishing.

    Attributes:
        pointer: what is current now.
        is_new: whether that is new.
        bills: what it was made from.
        waiting: months that are published differently from the lake, each with the reason.
        removed: files of old versions that were deleted.
    """

    pointer: Pointer
    is_new: bool
    bills: tuple[Bill, ...]
    waiting: tuple[str, ...]
    removed: tuple[str, ...]


def publish(
    depot: Depot,
    bills: Callable[[], Sequence[Bill]],
    catalogue: Sequence[Mart],
    *,
    memory: str = "1GB",
    now: datetime | None = None,
) -> Publication:
    """Publish the marts of all bills.

    Args:
        depot: the wing's storage.
        bills: what the lake has, read when it is this process's turn: of two that publish at once,
            the later one sees what the earlier one saw, and more.
        catalogue: the marts.
        memory: what building may use.
        now: the moment.

    Raises:
        PublishError: nothing changed.
        ObjectsError: nothing changed.
    """
    moment = now or datetime.now(UTC)
    with _turn(depot):
        for _ in range(_TRIES):
            found = _once(depot, bills, catalogue, memory, moment)
            if found is not None:
                return found
    raise PublishError(
        f"other processes published {_TRIES} times in the meantime. What to do: nothing; what they "
        "published is newer, and the next run publishes again."
    )


def _once(
    depot: Depot,
    bills: Callable[[], Sequence[Bill]],
    catalogue: Sequence[Mart],
    memory: str,
    now: datetime,
) -> Publication | None:
    """Publish, unless somebody else does meanwhile."""
    # The pointer first: what others publish after this is then noticed.
    tag, last = pointer_tag(depot), read_pointer(depot)
    there = set(depot.keys(f"{FOLDER}/"))
    # A removed file says nothing about the previous version, and is rebuilt.
    known = last if last is not None and f"{FOLDER}/{last.file}" in there else None
    parts, used, waiting = _whole(Shelf(depot), bills(), catalogue, _published(depot, known))
    version = _digest(parts, used, catalogue)
    pointer = Pointer(
        version=version,
        file=f"finops-{version}.duckdb",
        resources=f"resources-{_digest_of_large(parts, catalogue)}.duckdb",
        published_at=now.isoformat(timespec="seconds"),
    )
    files = {f"{FOLDER}/{name}" for name in (pointer.file, pointer.resources)}
    if last is not None and last.version == version and files <= there:
        return Publication(last, False, used, waiting, retire(depot, last, now))  # noqa: FBT003 - as named
    for name, before, is_large in (
        (pointer.file, last and last.file, False),
        (pointer.resources, last and last.resources, True),
    ):
        if f"{FOLDER}/{name}" in there:
            continue
        marts = [mart for mart in catalogue if mart.is_large is is_large]
        names = {mart.name for mart in marts}
        with depot.scratch() as folder:
            made = build(
                folder,
                marts=marts,
                parts=[part for part in parts if part.mart in names],
                bills=() if is_large else used,
                last=depot.here(f"{FOLDER}/{before}") if f"{FOLDER}/{before}" in there else None,
                memory=memory,
            )
            depot.keep(f"{FOLDER}/{name}", made)
    if not swap_pointer(depot, pointer, tag):
        return None
    return Publication(pointer, True, used, waiting, retire(depot, pointer, now))  # noqa: FBT003 - as named


@contextmanager
def _turn(depot: Depot) -> Iterator[None]:
    """One at a time on this machine, so that nobody builds what another is building."""
    folder = depot.on_disk / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / ".publishing.lock"):
        yield


def _published(depot: Depot, last: Pointer | None) -> list[Bill]:
    """The bills of the previous version."""
    if last is None:
        return []
    file = depot.here(f"{FOLDER}/{last.file}")
    with duckdb.connect(str(file), read_only=True, config=READING) as connection:
        if connection.execute("SELECT form FROM about").fetchone() != (FORM,):
            return []
        names = ", ".join(field.name for field in fields(Bill))
        return [Bill(*row) for row in connection.execute(f"SELECT {names} FROM bills").fetchall()]  # noqa: S608 - ours


def _whole(
    shelf: Shelf, bills: Iterable[Bill], catalogue: Sequence[Mart], published: Iterable[Bill]
) -> tuple[tuple[Part, ...], tuple[Bill, ...], tuple[str, ...]]:
    """The partitions of the bills for which every mart exists.

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
                    "What to do: run `credits-pipeline ingest`, which makes its marts again."
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
        if kept is None:
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
