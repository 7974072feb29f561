import gzip
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from credits_pipeline.doctor.finding import Finding, State
from credits_pipeline.doctor.sources import source_found
from credits_pipeline.finops.samples import Written, generate
from credits_pipeline.finops.sources import Provider, Source

NOW = datetime(2026, 2, 10, 9, tzinfo=UTC)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Written:
    return generate(tmp_path_factory.mktemp("bills"), as_of=NOW.date(), months=2)


@pytest.fixture
def bills(made: Written, tmp_path: Path) -> Written:
    """Sample bills that the test may damage."""
    folder = tmp_path / "bills"
    shutil.copytree(made.folder, folder)
    sources = tuple(replace(one, location=str(folder / one.name)) for one in made.sources)
    return replace(made, folder=folder, sources=sources)


def look(source: Source, now: datetime = NOW) -> dict[str, Finding]:
    return {found.name: found for found in source_found(source, now, read=True, whole=False)}


def states(found: dict[str, Finding]) -> dict[str, str]:
    return {name: finding.state.value for name, finding in found.items()}


@pytest.mark.parametrize("at", range(4), ids=["aws", "aws-labs", "azure", "gcp"])
def test_a_source_that_can_be_read_is_listed_with_what_it_contains(bills: Written, at: int) -> None:
    source = bills.sources[at]
    found = look(source)

    assert set(states(found).values()) == {"ok"}
    assert list(found) == ["location", "deliveries", "manifest", "files", "bill"]
    assert found["deliveries"].says == "2 months, 2026-01 to 2026-02"
    total = next(one for one in bills.totals if (one.source, one.month) == (source.name, "2026-02"))
    assert f"2026-02: {total.rows:,} rows, FOCUS 1.2" in found["bill"].says
    assert f"billed {total.billed:.2f} USD, complete to 2026-02-08" in found["bill"].says
    assert f"{total.files} file" in found["files"].says


def test_an_export_that_stopped_delivering_is_a_note(bills: Written) -> None:
    found = look(bills.sources[0], NOW + timedelta(days=9))
    assert found["manifest"].state is State.NOTE
    assert "9 days ago" in found["manifest"].says
    assert found["bill"].state is State.OK


@pytest.mark.parametrize(
    ("provider", "advice"),
    [
        ("aws", "precedes the export's name"),
        ("azure", "FocusCost"),
        ("gcp", "2026-05/"),
        ("focus", "csv"),
    ],
)
def test_a_place_without_bills_is_reported_with_where_they_are_looked_for(
    tmp_path: Path, provider: str, advice: str
) -> None:
    source = Source("x", Provider(provider), str(tmp_path), "export")
    found = look(source)
    assert states(found) == {
        "location": "wrong", "deliveries": "skipped", "manifest": "skipped", "files": "skipped",
        "bill": "skipped",
    }  # fmt: skip
    assert advice in found["location"].to_do
    (tmp_path / "notes.txt").write_text("nothing")
    found = look(source)
    assert states(found)["location"] == "ok"
    assert advice in found["deliveries"].to_do


def aws_file(bills: Written) -> Path:
    return max((bills.folder / "aws").glob("*/data/BILLING_PERIOD=2026-02/*.csv.gz"))


def azure_file(bills: Written) -> Path:
    return max((bills.folder / "azure").glob("exports/*/202602*/*/*/*.csv.gz"))


def another_export(bills: Written) -> None:
    (manifest,) = (bills.folder / "aws").glob("*/metadata/BILLING_PERIOD=2026-02/*.json")
    manifest.write_text("{")


def bad_cell(bills: Written) -> None:
    path = aws_file(bills)
    lines = gzip.decompress(path.read_bytes()).decode().splitlines(keepends=True)
    at = lines[0].split(",").index("BilledCost")
    lines[2] = ",".join(
        [*lines[2].split(",")[:at], "12,5 EUR".replace(",", ""), *lines[2].split(",")[at + 1 :]]
    )
    path.write_bytes(gzip.compress("".join(lines).encode()))


@pytest.mark.parametrize(
    ("harm", "at", "name", "says"),
    [
        (lambda bills: aws_file(bills).unlink(), 0, "files", "focus-daily-0000"),
        (
            lambda bills: azure_file(bills).write_bytes(b"x"),
            2,
            "files",
            "has 1 bytes, and the manifest",
        ),
        (another_export, 0, "deliveries", "Manifest.json"),
        (bad_cell, 0, "bill, cells_have_their_types", "125 EUR"),
    ],
)
def test_what_is_wrong_with_a_delivery_is_reported_in_its_line(
    bills: Written, harm: Callable[[Written], None], at: int, name: str, says: str
) -> None:
    harm(bills)
    found = look(bills.sources[at])
    assert found[name].state is State.WRONG, states(found)
    assert says in found[name].says
    assert found[name].to_do or name.startswith("bill")
    assert found["location"].state is State.OK


def test_a_trial_leaves_nothing_behind(
    bills: Written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    before = sorted(bills.folder.rglob("*"))
    look(bills.sources[1])
    assert list((tmp_path / "tmp").iterdir()) == []
    assert sorted(bills.folder.rglob("*")) == before


def test_a_large_month_is_read_only_where_that_is_asked_for(
    bills: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("credits_pipeline.doctor.sources.READ_AT_ONCE", 1000)
    source = bills.sources[2]
    found = look(source)
    assert found["bill"].state is State.NOTE
    assert "--whole" in found["bill"].to_do
    (bill,) = (
        one for one in source_found(source, NOW, read=True, whole=True) if one.name == "bill"
    )
    assert bill.state is State.OK


def test_a_source_of_plain_files_is_looked_at_too(bills: Written, tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.mkdir()
    (plain / "2026-02.csv.gz").write_bytes(azure_file(bills).read_bytes())
    source = replace(
        bills.sources[2], name="plain", provider=Provider.FOCUS, location=str(plain), export=""
    )
    found = look(source)
    assert found["deliveries"].says == "1 month, 2026-02 to 2026-02"
    assert found["bill"].state is State.OK
    assert json.dumps(states(found)).count("wrong") == 0
