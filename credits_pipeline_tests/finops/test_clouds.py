"""The sample bills in each cloud's own object store, read by the product's own code."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import obstore
import pytest
from obstore.store import AzureStore

from credits_pipeline.core import aws
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.doctor.finding import State
from credits_pipeline.doctor.sources import source_found
from credits_pipeline.finops.errors import BillError
from credits_pipeline.finops.ingest import ingest_month
from credits_pipeline.finops.lake import open_lake
from credits_pipeline.finops.samples import Written, generate, in_order
from credits_pipeline.finops.sources import Source
from credits_pipeline.sandbox.s3 import EmbeddedS3
from credits_pipeline_tests.finops.emulators import (
    Emulator,
    MissingEmulatorError,
    azurite,
    fake_gcs,
    upload_to_gcs,
)

NOW = datetime(2026, 2, 10, 9, tzinfo=UTC)
BUCKET = "sample-bills"


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    return generate(tmp_path_factory.mktemp("clouds"), as_of=NOW.date(), months=2)


@pytest.fixture
def on_azure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    try:
        with azurite(tmp_path, BUCKET) as emulator:
            for name, value in emulator.environment.items():
                monkeypatch.setenv(name, value)
            yield emulator
    except MissingEmulatorError as error:
        pytest.skip(str(error))


@pytest.fixture
def on_google(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    try:
        with fake_gcs(tmp_path, BUCKET) as emulator:
            for name, value in emulator.environment.items():
                monkeypatch.setenv(name, value)
            yield emulator
    except MissingEmulatorError as error:
        pytest.skip(str(error))


def files_of(written: Written, name: str) -> Iterator[tuple[str, bytes]]:
    """The files of a source by their key, manifests last."""
    folder = written.folder / name
    for path in in_order(folder):
        yield path.relative_to(folder).as_posix(), path.read_bytes()


def source_at(written: Written, name: str, location: str) -> Source:
    return replace(next(one for one in written.sources if one.name == name), location=location)


def comes_in_as_written(written: Written, source: Source, tmp_path: Path) -> None:
    """The newest month is ingested completely and adds up to what the generator recorded."""
    lake = open_lake(str(tmp_path / "lake"))
    found = ingest_month(source, BillingMonth(2026, 2), lake)
    assert found.outcome == "published", [check.says for check in found.checks if not check.passed]
    assert found.ok
    total = next(
        one for one in written.totals if (one.source, one.month) == (source.name, "2026-02")
    )
    assert found.version is not None
    assert found.version.rows == total.rows
    costs = found.version.totals["USD"]
    for column, amount in {
        "BilledCost": total.billed,
        "EffectiveCost": total.effective,
        "ListCost": total.list,
        "ContractedCost": total.contracted,
    }.items():
        assert Decimal(costs[column]) == amount
    assert ingest_month(source, BillingMonth(2026, 2), lake).outcome == "unchanged"


def is_well(source: Source) -> None:
    found = list(source_found(source, NOW, read=True, whole=False))
    assert {finding.state for finding in found} <= {State.OK, State.NOTE}, found
    assert found[-1].name == "bill"
    assert found[-1].state is State.OK


@pytest.mark.parametrize("name", ["aws", "aws-labs"])
def test_the_bills_of_aws_come_in_from_s3(
    written: Written, s3: EmbeddedS3, tmp_path: Path, name: str
) -> None:
    client = aws.s3_client()
    bucket = f"{BUCKET}-{name}"
    client.create_bucket(Bucket=bucket)
    for key, content in files_of(written, name):
        client.put_object(Bucket=bucket, Key=f"exports/{key}", Body=content)
    source = source_at(written, name, f"s3://{bucket}/exports")
    is_well(source)
    comes_in_as_written(written, source, tmp_path)


def test_the_bills_of_azure_come_in_from_a_blob_container(
    written: Written, on_azure: Emulator, tmp_path: Path
) -> None:
    store = AzureStore(BUCKET, client_options={"allow_http": True})
    for key, content in files_of(written, "azure"):
        obstore.put(store, key, content)
    source = source_at(written, "azure", f"az://{BUCKET}")
    is_well(source)
    comes_in_as_written(written, source, tmp_path)


def test_the_bills_of_google_come_in_from_its_cloud_storage(
    written: Written, on_google: Emulator, tmp_path: Path
) -> None:
    for key, content in files_of(written, "gcp"):
        upload_to_gcs(on_google.url, BUCKET, f"billing/{key}", content)
    source = source_at(written, "gcp", f"gs://{BUCKET}/billing")
    is_well(source)
    comes_in_as_written(written, source, tmp_path)


def test_an_azure_month_that_is_delivered_again_takes_the_place_of_the_first(
    written: Written, on_azure: Emulator, tmp_path: Path
) -> None:
    store = AzureStore(BUCKET, client_options={"allow_http": True})
    by_run: dict[str, list[tuple[str, bytes]]] = {}
    for key, content in files_of(written, "azure"):
        if "/20260201-" in key:
            by_run.setdefault(key.split("/")[3], []).append((key, content))
    assert len(by_run) == 2
    source = source_at(written, "azure", f"az://{BUCKET}")
    lake = open_lake(str(tmp_path / "lake"))
    rows = []
    for run in sorted(by_run):
        for key, content in by_run[run]:
            obstore.put(store, key, content)
        found = ingest_month(source, BillingMonth(2026, 2), lake)
        assert found.outcome == "published"
        rows.append(found.rows)
    assert rows[1] > rows[0]
    assert found.rows == next(
        one.rows for one in written.totals if (one.source, one.month) == ("azure", "2026-02")
    )


@pytest.mark.parametrize("cloud", ["on_azure", "on_google"])
def test_a_container_that_is_not_there_is_reported_with_what_to_do(
    request: pytest.FixtureRequest, written: Written, cloud: str
) -> None:
    request.getfixturevalue(cloud)
    name, scheme = ("azure", "az") if cloud == "on_azure" else ("gcp", "gs")
    source = source_at(written, name, f"{scheme}://nobody-has-this")
    found = list(source_found(source, NOW, read=True, whole=False))
    assert found[0].state is State.WRONG
    assert found[0].to_do
    assert {finding.state for finding in found[1:]} == {State.SKIPPED}


def test_a_wrong_key_for_azure_is_reported_and_never_shown(
    written: Written, on_azure: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = "d3Jvbmcta2V5LXdyb25nLWtleS13cm9uZy1rZXk="
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", wrong)
    found = list(
        source_found(source_at(written, "azure", f"az://{BUCKET}"), NOW, read=True, whole=False)
    )
    assert found[0].state is State.WRONG
    assert "not allowed" in found[0].says
    assert wrong not in f"{found}"


def test_an_emulator_that_went_away_passes_by_itself(
    written: Written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "x")
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", "eA==")
    monkeypatch.setenv("AZURE_STORAGE_ENDPOINT", "http://127.0.0.1:1/x")
    lake = open_lake(str(tmp_path / "lake"))
    with pytest.raises(BillError) as told:
        ingest_month(source_at(written, "azure", f"az://{BUCKET}"), BillingMonth(2026, 2), lake)
    assert told.value.passes
