"""The stream's lock is where everybody who runs the pipeline can see it."""

from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest

from credits_pipeline.core.settings import Schedule
from credits_pipeline.credits.assets.build import build_definitions
from credits_pipeline.credits.assets.resources import CloudZeroResource
from credits_pipeline.credits.cloudzero.lock import FileStreamLock, OfMachineAndDatabase
from credits_pipeline_tests.dagster_instance import dagster_instance


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
    with dagster_instance() as instance:
        assert isinstance(CloudZeroResource().lock(instance), FileStreamLock)


@pytest.mark.parametrize(
    ("resource", "config"),
    [
        ("credits_cloudzero", {"base_url": "https://elsewhere.example"}),
        ("credits_cloudzero", {"connection_id": "another"}),
        ("credits_cloudzero", {"api_key_variable": "AWS_SECRET_ACCESS_KEY"}),
        ("credits_storage", {"root": "/etc"}),
        ("credits_inbox", {"bucket": "another"}),
        ("credits_io_manager", {"storage": {"root": "/etc"}}),
    ],
)
@pytest.mark.parametrize("job", ["credits_month", "__ASSET_JOB", "credits_still_held"])
def test_who_starts_a_run_can_send_the_key_nowhere_else(
    job: str, resource: str, config: dict[str, Any]
) -> None:
    """Otherwise anybody who may press Materialize could have it sent to their own server."""
    found = build_definitions(schedule=Schedule()).resolve_job_def(job)
    with pytest.raises(dg.DagsterInvalidConfigError):
        dg.validate_run_config(found, {"resources": {resource: {"config": config}}})


def test_a_resource_s_type_in_the_ui_is_what_it_is() -> None:
    made = build_definitions(schedule=Schedule()).resources or {}
    for short, kind in (
        ("inbox", "InboxResource"),
        ("storage", "StorageResource"),
        ("cloudzero", "CloudZeroResource"),
    ):
        assert made[f"credits_{short}"].resource_fn.__qualname__ == kind


def test_a_deployment_may_take_a_resource_s_fields_from_its_own_variables(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OUR_STREAM", "stream-of-ours")
    ours = CloudZeroResource(connection_id=dg.EnvVar("OUR_STREAM"))
    made = build_definitions(schedule=Schedule(), resources={"cloudzero": ours}).resources or {}
    with dg.build_resources({"cloudzero": made["credits_cloudzero"]}) as ready:
        assert ready.cloudzero.address()[1] == "stream-of-ours"
