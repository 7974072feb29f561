"""An independent checker of FOCUS checks the sample bills."""

import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from credits_pipeline.finops.samples import Written
from credits_pipeline_tests.finops.samples.files import files

#: The month of each source with the most kinds of rows: a refund, corrections, credits.
MONTH = {"aws": "2026-01", "aws-labs": "2026-04", "azure": "2026-02", "gcp": "2026-04"}


def as_text(path: Path, folder: Path) -> Path:
    """A Parquet file as CSV, with its maps as the JSON of FOCUS's text form."""
    to = folder / f"{path.parent.name}-{path.name}.csv"
    with duckdb.connect() as connection:
        connection.from_parquet(str(path)).create_view("bill")
        selected = []
        for name, kind, *_ in connection.execute("DESCRIBE bill").fetchall():
            if kind.startswith("MAP"):
                selected.append(f"CAST(to_json({name}) AS VARCHAR) AS {name}")
            elif kind.startswith("STRUCT"):
                entries = f"map_from_entries(list_transform({name}, lambda e: (e.key, e.value)))"
                selected.append(f"CAST(to_json({entries}) AS VARCHAR) AS {name}")
            elif kind == "TIMESTAMP":
                selected.append(f"strftime({name}, '%Y-%m-%dT%H:%M:%SZ') AS {name}")
            elif kind == "DOUBLE":
                selected.append(f"CAST(CAST({name} AS VARCHAR) AS DECIMAL(36,18)) AS {name}")
            else:
                selected.append(name)
        connection.sql(f"SELECT {', '.join(selected)} FROM bill").write_csv(str(to), header=True)
    return to


@pytest.mark.parametrize("source", MONTH)
def test_the_focus_data_toolkit_finds_nothing_wrong(
    bills: Written, toolkit: Path, source: str, tmp_path: Path
) -> None:
    for path in files(bills, source, MONTH[source]):
        told = path if path.suffix == ".gz" else as_text(path, tmp_path)
        out = tmp_path / path.name
        command = [
            sys.executable, "-m", "focus_data_toolkit", "convert", "--cost-and-usage", str(told),
            "--out", str(out), "--supports", "SupportsUnitPricing",
            "--supports", "SupportsMultiplePricingCategories",
        ]  # fmt: skip
        environment = {**os.environ, "PYTHONPATH": str(toolkit)}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        assert "lint OK" in done.stdout + done.stderr, done.stdout + done.stderr
        assert "FOCUS 1.2 (dataset Cost and Usage, confidence HIGH" in done.stdout + done.stderr
        assert json.loads((out / "focus_1_4_manifest.json").read_text())
