"""The stream's lock is where everybody who runs the pipeline sees it."""

from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest

from credits_pipeline.cloudzero.lock import FileStreamLock, OfMachineAndDatabase
from credits_pipeline.orchestration.resources import CloudZeroResource


@pytest.fixture(autouse=True)
def _stream(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUDZERO_CONNECTION_ID", "a-stream")


def test_it_is_in_dagster_s_database_too_where_that_is_postgresql() -> None:
    url = "postgresql+psycopg2://dagster:secret@database/dagster"
    instance: Any = SimpleNamespace(run_storage=SimpleNamespace(postgres_url=url))
    lock = CloudZeroResource().lock(instance)
    assert isinstance(lock, OfMachineAndDatabase)
    assert "PostgresStreamLock(stream='a-stream'" in repr(lock)
    assert "FileStreamLock(" in repr(lock)
    assert "secret" not in repr(lock)


def test_it_is_a_file_of_this_machine_where_dagster_keeps_files() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        assert isinstance(CloudZeroResource().lock(instance), FileStreamLock)
