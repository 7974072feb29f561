"""A Spark cluster as the engine of marts, reached through Spark Connect.

Its workers read the rows and write the marts themselves, so the storage is a folder that all of
them see under the same path as this machine.
"""

import re
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from credits_pipeline.finops.marts.columns import COUNT, DAY, MONEY, TEXT, Column
from credits_pipeline.finops.marts.engine import TAG, EngineError, missing_tags

#: Spark's names of the types that engines share.
_TYPES = {TEXT: "STRING", MONEY: "DECIMAL(36,18)", DAY: "DATE", COUNT: "BIGINT"}
#: Each keeps a cost on its day, a key its text, and an overflow an error.
_SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
    "spark.sql.ansi.enabled": "true",
    # Column names are compared as in Parquet.
    "spark.sql.caseSensitive": "true",
}


class SparkEngine:
    """See `credits_pipeline.finops.marts.engine.Engine`."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self._tables: dict[str, Any] = {}

    @classmethod
    @contextmanager
    def opened(cls, address: str) -> Iterator["SparkEngine"]:
        """An engine with its own session, for one partition after the other.

        Args:
            address: of Spark Connect, such as ``sc://spark.example.com:15002``.

        Raises:
            EngineError: the client is not installed, or nothing answers there.
        """
        try:
            with warnings.catch_warnings(), _no_doctest():
                # Its client warns of pandas 3, which nothing here uses.
                warnings.simplefilter("ignore", FutureWarning)
                from pyspark.sql.connect.session import (  # noqa: PLC0415 - only with a cluster
                    SparkSession,
                )
        except ImportError as error:
            raise EngineError(
                f"FINOPS_ENGINE is spark, and its client is not installed ({error}). What to do: "
                "pip install 'credits-pipeline[spark]', where no other pyspark is installed."
            ) from error
        with _told(f"opening a session at {address}"):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", FutureWarning)
                session = SparkSession.builder.remote(address).create()
            for name, value in _SETTINGS.items():
                session.conf.set(name, value)
        try:
            yield cls(session)
        finally:
            # Closing the session fails if the cluster is gone.
            with suppress(Exception):
                session.stop()

    def register(self, table: str, files: Sequence[Path], columns: Sequence[Column]) -> None:
        """See `Engine.register`."""
        with _told(f"reading {table} from {', '.join(map(str, files))}"):
            rows = self._session.read.parquet(*map(_path, files))
            there = set(rows.columns)
            missing = missing_tags(columns, there, files)
            made = rows.selectExpr("*", *(f"{_tag(name)} AS {_name(name)}" for name in missing))
            made.createOrReplaceTempView(table)

    def run(self, text: str, into: str) -> None:
        """See `Engine.run`."""
        with _told(f"computing {into}"):
            before = self._tables.pop(into, None)
            if before is not None:
                before.unpersist()
            made = self._tables[into] = self._session.sql(text).persist()
            made.createOrReplaceTempView(into)

    def read(self, text: str) -> list[tuple[Any, ...]]:
        """See `Engine.read`."""
        with _told("reading a result"):
            return [tuple(row) for row in self._session.sql(text).collect()]

    def replace(self, table: str, columns: Sequence[Column], file: Path) -> int:
        """See `Engine.replace`."""
        wanted = ", ".join(
            f"CAST({_name(c.name)} AS {_TYPES[c.type]}) AS {_name(c.name)}" for c in columns
        )
        # One worker writes the one file, into its own folder; once complete, it gets its name.
        folder = file.with_name(f".{file.name}.spark")
        with _told(f"writing {file}"):
            rows = self._session.sql(f"SELECT {wanted} FROM {_name(table)}").coalesce(1)  # noqa: S608 - quoted
            rows.write.mode("overwrite").option("compression", "zstd").parquet(
                f"file://{folder.absolute()}"
            )
        parts = sorted(folder.glob("part-*.parquet"))
        if len(parts) != 1:
            raise EngineError(
                f"Spark wrote {table} and {folder} has {len(parts)} files of it here. What to do: "
                "set FINOPS_STORAGE to a folder that every worker sees under the same path as this "
                "machine, then ingest the month again."
            )
        parts[0].replace(file)
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()
        return int(self.read(f"SELECT COUNT(1) FROM {_name(table)}")[0][0])  # noqa: S608 - quoted


@contextmanager
def _no_doctest() -> Iterator[None]:
    """Give the program a file while the client loads.

    The client takes a process without one, such as ``python -c`` or a worker of Dagster's, for its
    own doctests, and ends it.
    """
    main = sys.modules["__main__"]
    if hasattr(main, "__file__"):
        yield
        return
    main.__file__ = sys.executable
    try:
        yield
    finally:
        del main.__file__


@contextmanager
def _told(doing: str) -> Iterator[None]:
    from grpc import RpcError  # noqa: PLC0415 - only with a cluster
    from pyspark.errors import PySparkException  # noqa: PLC0415 - as above

    try:
        yield
    except (PySparkException, RpcError) as error:
        first = str(error).strip().partition("\n")[0][:500]
        raise EngineError(
            f"{doing} failed on Spark: {first}. What to do: check that the cluster at FINOPS_SPARK "
            "has workers and that each sees FINOPS_STORAGE, then ingest the month again."
        ) from error


def _path(file: Path) -> str:
    """A file as Spark reads it: no character of it is a pattern."""
    return "file://" + re.sub(r"([\\{}\[\]*?,])", r"\\\1", str(file.absolute()))


def _name(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _tag(column: str) -> str:
    """A tag that was not a column yet when the rows were typed, by its own name."""
    key = column.removeprefix(TAG).replace("\\", "\\\\").replace("'", "\\'")
    return (
        "array_min(transform(filter(map_entries(from_json(tags, 'map<string,string>')), "
        f"one -> lower(trim(one.key)) = '{key}'), one -> one.value))"
    )
