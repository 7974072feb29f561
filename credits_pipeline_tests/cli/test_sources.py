import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from credits_pipeline.cli import app

run = CliRunner().invoke


@pytest.fixture(autouse=True)
def storage(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("FINOPS_STORAGE", str(tmp_path / "finops"))
    return tmp_path / "finops"


def test_a_source_is_added_listed_and_removed() -> None:
    added = run(
        app,
        ["sources", "add", "aws", "--provider", "aws", "--location", "s3://bills/x/",
         "--export", "focus", "--json"],
    )  # fmt: skip
    kept = {"name": "aws", "provider": "aws", "location": "s3://bills/x", "export": "focus"}
    assert json.loads(added.stdout) == {**kept, "version": 1}
    assert json.loads(run(app, ["sources", "list", "--json"]).stdout) == {"sources": [kept]}
    assert "s3://bills/x" in run(app, ["sources", "list"]).stdout
    assert run(app, ["sources", "remove", "aws", "--why", "moved"]).exit_code == 0
    assert json.loads(run(app, ["sources", "list", "--json"]).stdout) == {"sources": []}


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["sources", "remove", "aws"], 1, "there is no source 'aws'"),
        (["sources", "test", "aws"], 1, "there is no source 'aws'"),
        (["sources", "add", "x", "--provider", "y", "--location", "z"], 1, "use one of aws"),
    ],
)
def test_what_can_t_be_done_is_reported_on_standard_error(
    arguments: list[str], code: int, says: str
) -> None:
    done = run(app, arguments)
    assert done.exit_code == code
    assert says in done.stderr
    assert done.stdout == ""


def test_a_storage_without_a_database_is_a_setting_to_make(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINOPS_STORAGE", "s3://bucket/finops")
    done = run(app, ["sources", "list"])
    assert done.exit_code == 2
    assert "FINOPS_DATABASE_URL is not set" in done.stderr


def test_sample_bills_are_made_added_and_tested(tmp_path: Path) -> None:
    today = str(datetime.now(UTC).date())
    made = run(
        app, ["samples", str(tmp_path / "b"), "--as-of", today, "--months", "2", "--add", "--json"]
    )
    assert made.exit_code == 0, made.output
    told = json.loads(made.stdout)
    totals = json.loads((tmp_path / "b" / "totals.json").read_text())["months"]
    assert told["rows"] == sum(total["rows"] for total in totals)
    names = [source["name"] for source in told["sources"]]
    assert json.loads(run(app, ["sources", "list", "--json"]).stdout)["sources"] == told["sources"]
    assert names == ["aws", "aws-labs", "azure", "gcp"]

    tested = run(app, ["sources", "test", "gcp", "--json"])
    assert tested.exit_code == 0, tested.output
    findings = json.loads(tested.stdout)
    assert findings["works"]
    assert [finding["state"] for finding in findings["findings"]] == ["ok"] * 5
    for path in (tmp_path / "b" / "gcp").rglob("*.parquet"):
        path.write_bytes(b"PAR1")
    tested = run(app, ["sources", "test", "gcp"])
    assert tested.exit_code == 1
    assert "wrong" in tested.stdout


def test_an_invalid_day_is_refused(tmp_path: Path) -> None:
    done = run(app, ["samples", str(tmp_path), "--as-of", "2026-02-30"])
    assert done.exit_code == 2
    assert "is not a day" in done.stderr
