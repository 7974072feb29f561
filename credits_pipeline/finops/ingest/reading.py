"""A delivery's files as typed Parquet parts in a folder, with a record of each file."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import duckdb

from credits_pipeline.finops.focus import FOCUS_COLUMNS, columns_of, named_twice
from credits_pipeline.finops.ingest.csv_file import csv_relation, raise_rejected
from credits_pipeline.finops.ingest.fault import FileFault
from credits_pipeline.finops.ingest.fetching import Ready, ready_files
from credits_pipeline.finops.ingest.handed_out import credit_rows
from credits_pipeline.finops.ingest.header import read_header
from credits_pipeline.finops.ingest.limits import Limits
from credits_pipeline.finops.ingest.parquet_file import parquet_relation, raise_untypable
from credits_pipeline.finops.ingest.progress import Progress, Told
from credits_pipeline.finops.ingest.relation import Relation
from credits_pipeline.finops.ingest.rows import Naming, typed_rows
from credits_pipeline.finops.ingest.sql import literal
from credits_pipeline.finops.ingest.tags import TagSpec
from credits_pipeline.finops.lake import Part, ReadFile
from credits_pipeline.finops.manifests import Delivery
from credits_pipeline.finops.objects import ObjectsError, Place

_REQUIRED = [column.name for column in FOCUS_COLUMNS.values() if column.level == "required"]
_FULL = ("no space left", "disk", "max_temp_directory_size", "out of memory", "failed to offload")


@dataclass(frozen=True)
class Read:
    """The result of reading the files.

    Attributes:
        rows: data rows in the files.
        columns: headers that any file has, in the order in which they were met.
    """

    files: tuple[ReadFile, ...]
    parts: tuple[Part, ...]
    paths: tuple[Path, ...]
    rows: int
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Reading:
    """How a delivery is read."""

    connection: duckdb.DuckDBPyConnection
    place: Place
    delivery: Delivery
    tags: Sequence[TagSpec]
    limits: Limits
    told: Told | None = None

    def read(self, inbox: Path, parts: Path) -> Read:
        """Type each file into its own part.

        Args:
            inbox: where fetched files are stored briefly.
            parts: where the typed parts go, and stay.

        Raises:
            FileFault: a file can't be accepted as it is.
            ObjectsError: the store can't be read, or the disk is full.
        """
        files: list[ReadFile] = []
        made: list[Part] = []
        paths: list[Path] = []
        columns: dict[str, None] = {}
        arrived = 0
        rows = 0

        def tell(size: int) -> None:
            nonlocal arrived
            arrived += size
            if self.told:
                self.told(
                    Progress(
                        files_done=len(files),
                        files=len(self.delivery.files),
                        bytes_done=arrived,
                        bytes=self.delivery.size or 0,
                        rows=rows,
                    )
                )

        for ready in ready_files(self.place, self.delivery.files, inbox, self.limits, tell):
            path = parts / f"part-{len(files)}.parquet"
            headers, in_file, typed = self._part(ready, path)
            columns.update(dict.fromkeys(headers))
            listed = ready.fetched.listed
            files.append(
                ReadFile(
                    name=ready.file.name,
                    key=listed.key,
                    size=listed.size,
                    etag=listed.etag,
                    sha256=ready.fetched.sha256,
                    rows=in_file,
                )
            )
            rows += in_file
            made.append(Part(path.name, path.stat().st_size, typed))
            paths.append(path)
            tell(0)
        return Read(tuple(files), tuple(made), tuple(paths), rows, tuple(columns))

    def _part(self, ready: Ready, path: Path) -> tuple[tuple[str, ...], int, int]:
        """Type one file. Returns its headers, its rows, and the rows that they became."""
        name, provider = ready.file.name, self.delivery.provider
        if ready.parquet:
            relation, rows = parquet_relation(
                self.connection, ready.path, name, provider, self.limits
            )
            if self.delivery.form == "credits":
                month = self.delivery.month
                relation = credit_rows(self.connection, relation, month, name)
            self._has_columns(relation, name)
            typed = self._copy(relation, ready, path)
        else:
            relation, typed = self._csv(ready, path)
            rows = typed
        if ready.file.rows is not None and ready.file.rows != rows:
            raise FileFault(
                "rows_match_manifest",
                name,
                f"has {rows:,} rows, and the manifest states {ready.file.rows:,}",
                passes=True,
            )
        return relation.headers, rows, typed

    def _csv(self, ready: Ready, path: Path) -> tuple[Relation, int]:
        name, provider = ready.file.name, self.delivery.provider
        header = read_header(ready.path, name, provider, self.limits)
        relation = csv_relation(ready.path, header, provider, self.limits)
        self._has_columns(relation, name)
        stopped: Exception | None = None
        try:
            typed = self._copy(relation, ready, path)
        except FileFault as fault:
            stopped, typed = fault, 0
        look = partial(raise_rejected, self.connection, relation, name, header, provider)
        look(stopped=stopped is not None)
        if stopped is not None:
            raise stopped
        return relation, typed

    def _has_columns(self, relation: Relation, name: str) -> None:
        """Without these a file is not a bill; with fewer columns than promised it is cut off."""
        there = set(columns_of(relation.headers, self.delivery.provider))
        missing = [column for column in _REQUIRED if column not in there]
        if missing:
            raise FileFault(
                "columns_are_there",
                name,
                f"has no column {', '.join(missing)} (it has {len(relation.headers)}: "
                f"{', '.join(relation.headers[:8])}…). It must be a FOCUS export",
                count=len(missing),
            )
        for column, headers in named_twice(relation.headers).items():
            raise FileFault(
                "columns_are_there",
                name,
                f"has {len(headers)} columns that are {column} "
                f"({', '.join(repr(header[:60]) for header in headers[:4])}), and which of them "
                "counts is not certain",
                count=len(headers),
            )
        own = {header.casefold() for header in relation.headers}
        lost = [column for column in self.delivery.columns if column.casefold() not in own]
        if lost:
            raise FileFault(
                "columns_are_there",
                name,
                f"has no column {', '.join(lost[:8])}, which the manifest promises",
                count=len(lost),
            )

    def _copy(self, relation: Relation, ready: Ready, path: Path) -> int:
        naming = Naming(
            self.delivery.source, self.delivery.provider, self.delivery.month, ready.file.name
        )
        rows = typed_rows(relation, naming, self.tags)
        try:
            done = self.connection.execute(
                f"COPY ({rows}) TO {literal(str(path))} (FORMAT parquet, COMPRESSION zstd)"
            ).fetchone()
        except duckdb.Error as error:
            raise self._explained(relation, ready, error) from error
        return int(done[0]) if done else 0

    def _explained(self, relation: Relation, ready: Ready, error: duckdb.Error) -> Exception:
        said = " ".join(str(error).split())
        low = said.casefold()
        if isinstance(error, (duckdb.OutOfMemoryException, duckdb.IOException)) and any(
            word in low for word in _FULL
        ):
            return ObjectsError(
                f"could not type {ready.file.name}: {said[:200]}. What to do: check that the disk "
                "of FINOPS_STORAGE has room for one month of this source, then ingest the month "
                "again."
            )
        if ready.parquet:
            try:
                raise_untypable(self.connection, relation, ready.file.name, self.delivery.provider)
            except FileFault as fault:
                return fault
            except duckdb.Error:
                pass  # the pages themselves can't be read: reported below
        # The engine's message may contain a whole line of the file.
        return FileFault(
            "cells_have_their_types",
            ready.file.name,
            f"can't be read: {said.partition(chr(10))[0].partition(':')[0][:60]}",
        )
