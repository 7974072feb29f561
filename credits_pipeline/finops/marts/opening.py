"""Opens the engine that the settings name: DuckDB in this process, or a Spark cluster."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from credits_pipeline.finops import settings
from credits_pipeline.finops.marts.engine import Engine


@contextmanager
def open_engine(scratch: Path, *, memory: str) -> Iterator[Engine]:
    """The engine of marts, for one partition after the other.

    Args:
        scratch: a folder for what does not fit into memory; a cluster has its own.
        memory: what an engine in this process may use.

    Raises:
        SettingError: the settings name no engine.
        EngineError: it can't be reached.
    """
    address = settings.spark_address()
    if address:
        from credits_pipeline.finops.marts.spark import (  # noqa: PLC0415 - loads its client
            SparkEngine,
        )

        with SparkEngine.opened(address) as cluster:
            yield cluster
        return
    from credits_pipeline.finops.marts.duck import DuckDBEngine  # noqa: PLC0415 - see above

    with DuckDBEngine.opened(scratch, memory=memory) as engine:
        yield engine
