"""The files of a delivery on this machine, one by one, the next one fetched meanwhile."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from credits_pipeline.finops.ingest.fault import FileFault
from credits_pipeline.finops.ingest.limits import Limits
from credits_pipeline.finops.ingest.unpack import unpack
from credits_pipeline.finops.manifests import DeliveredFile
from credits_pipeline.finops.objects import Fetched, MissingError, ObjectsError, Place
from credits_pipeline.finops.objects.place import Arrived


@dataclass(frozen=True)
class Ready:
    """A file that can be read: unpacked if it was packed."""

    file: DeliveredFile
    fetched: Fetched
    path: Path
    parquet: bool


class _Stopped(Exception):  # noqa: N818 - nothing is wrong: nobody wants the file any more
    pass


def ready_files(
    place: Place,
    files: tuple[DeliveredFile, ...],
    folder: Path,
    limits: Limits,
    arrived: Arrived,
) -> Iterator[Ready]:
    """Each file, fetched and unpacked. It is removed when the next one is asked for.

    Raises:
        FileFault: a file is missing, has a size other than stated, or is damaged.
        ObjectsError: the store can't be read.
    """
    stop = Event()

    def count(size: int) -> None:
        if stop.is_set():
            raise _Stopped
        arrived(size)

    def prepare(at: int) -> Ready:
        return _prepare(place, files[at], folder / f"{at:05d}", limits, count)

    with ThreadPoolExecutor(max_workers=1) as pool:
        following: Future[Ready] | None = pool.submit(prepare, 0) if files else None
        try:
            for at in range(len(files)):
                assert following is not None  # noqa: S101 - one is asked for in each round
                one = following.result()
                following = pool.submit(prepare, at + 1) if at + 1 < len(files) else None
                yield one
                one.path.unlink(missing_ok=True)
        finally:
            stop.set()


def _prepare(
    place: Place, file: DeliveredFile, stem: Path, limits: Limits, arrived: Arrived
) -> Ready:
    try:
        listed = place.head(file.key)
    except MissingError as error:
        raise FileFault(
            "files_match_manifest",
            file.name,
            "is named by the manifest, but is missing",
            passes=True,
        ) from error
    if file.size is not None and listed.size != file.size:
        raise FileFault(
            "files_match_manifest",
            file.name,
            f"has {listed.size:,} bytes, and the manifest states {file.size:,}",
            passes=True,
        )
    lower = file.key.casefold()
    parquet = lower.endswith(".parquet")
    packed = lower.endswith(".gz")
    if not parquet and not packed and not lower.endswith(".csv"):
        raise FileFault("files_match_manifest", file.name, "is neither .csv, .csv.gz nor .parquet")
    fetched = place.fetch(listed, stem.with_suffix(".fetched"), arrived)
    if file.checksum is not None and file.checksum.casefold() != f"sha256:{fetched.sha256}":
        fetched.path.unlink()
        raise FileFault(
            "files_match_manifest",
            file.name,
            f"has the checksum sha256:{fetched.sha256}, and the manifest states {file.checksum}",
            passes=True,
        )
    if not packed:
        return Ready(file, fetched, fetched.path, parquet)
    unpacked = stem.with_suffix(".csv")
    try:
        unpack(fetched.path, unpacked, file.name, limits)
    except OSError as error:
        raise ObjectsError(
            f"could not unpack {place.uri(file.key)} to {unpacked.parent}: "
            f"{error.strerror or error}. What to do: check that the disk has room for one month of "
            "this source, then ingest the month again."
        ) from error
    fetched.path.unlink()
    return Ready(file, fetched, unpacked, parquet=False)
