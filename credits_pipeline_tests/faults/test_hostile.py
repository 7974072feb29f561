"""Hostile files and names: refused with the cause, in little memory and time."""

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from credits_pipeline.core import aws
from credits_pipeline.credits.assets.resources import InboxResource, StorageResource
from credits_pipeline.credits.state.attempt import Verdict
from credits_pipeline_tests.credits.assets.conftest import JANUARY, Pipeline
from credits_pipeline_tests.text.layout import acting

GOOD = b"047210934418,$150000.00\n"
#: The reading process's memory beyond the file itself, and its time.
MEGABYTES, SECONDS = 400, 60


def ten_million_lines() -> bytes:
    return b"1,2\n" * 10_000_000


def ten_million_blank_lines() -> bytes:
    return b"\n" * 10_000_000


def a_line_of_fifty_megabytes() -> bytes:
    return b"047210934418,$1.00\n112480036627," + b"9" * 50_000_000 + b"\n"


def fifty_million_commas() -> bytes:
    return b"," * 50_000_000


def rows_of_a_million_cells() -> bytes:
    return (b"," * 999_999 + b"\n") * 50


def one_quote_that_never_ends() -> bytes:
    return b'047210934418,"' + b"9,\n" * 16_000_000


def fifty_million_quotes() -> bytes:
    return b'"' * 50_000_001


def a_zip_bomb() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("credits.csv", b"0" * 300_000_000)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (ten_million_lines, "more than 1,000,000 records"),
        (ten_million_blank_lines, "nothing but blank lines"),
        (a_line_of_fifty_megabytes, "a line of more than"),
        (fifty_million_commas, "a line of more than"),
        (rows_of_a_million_cells, "too many cells"),
        (one_quote_that_never_ends, ""),
        (fifty_million_quotes, ""),
        (a_zip_bomb, "zip archive"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_a_file_that_means_harm_is_refused_in_bounded_memory_and_time(
    make: Callable[[], bytes], says: str, tmp_path: Path
) -> None:
    file = tmp_path / "credits-2025-01.csv"
    file.write_bytes(make())
    done = subprocess.run(
        [sys.executable, "-m", "credits_pipeline_tests.faults.hostile_worker", str(file)],
        check=True,
        capture_output=True,
        timeout=4 * SECONDS,
    )
    told = json.loads(done.stdout)
    assert told["refused"], told
    assert says in told["told"]
    assert told["megabytes"] < MEGABYTES, told
    assert told["seconds"] < SECONDS / 2, told


def tick(pipeline: Pipeline) -> Any:
    with dg.build_sensor_context(
        instance=pipeline.instance,
        definitions=pipeline.defs,
        resources={"credits_inbox": InboxResource(), "credits_storage": StorageResource()},
    ) as context:
        return pipeline.defs.resolve_sensor_def("credits_files").evaluate_tick(context)


HOSTILE_KEYS = [
    "../credits-2025-02.csv",
    "a/../../credits-2025-02.csv",
    "credits-2025-02.csv/../credits-2025-03.csv",
    "credits%2D2025%2D02.csv",
    "credits-2025-02%2Ecsv",
    "credits-2025-02.csv ",
    "credits-２０２５-02.csv",  # noqa: RUF001 - digits of another script are the point
    "credits-2025-02.csv;rm -rf ~",
    "credits-2025-02.csv'; DROP TABLE runs; --",
    "<script>alert(1)</script>.csv",
    "| a | b |---|.csv",
    "[click](javascript:alert(1)).csv",
    "\u202egpj.20-5202-stiderc",
    "credits-2025-02.csv\x01",
    "é" * 500,
]


def test_names_that_mean_harm_start_nothing_and_are_shown_as_text(pipeline: Pipeline) -> None:
    for key in HOSTILE_KEYS:
        aws.s3_client().put_object(Bucket=pipeline.inbox.bucket, Key=key, Body=GOOD)
    pipeline.upload(GOOD)
    seen = tick(pipeline)
    assert [request.partition_key for request in seen.run_requests] == [JANUARY.partition_key]
    (event,) = seen.asset_events
    assert event.metadata["objects_that_start_no_run"].value == len(HOSTILE_KEYS)
    shown = event.metadata["what_to_do"].value
    layout = ("table", "th", "tr", "td", "tbody")
    assert {kind for kind in acting(shown) if not kind.startswith(layout)} == set()
    # One line for each object, below the table's two header lines: no name breaks out of its cell.
    assert len([line for line in shown.splitlines() if line.startswith("|")]) == (
        2 + len(HOSTILE_KEYS)
    )
    root = Path(StorageResource().store().uri("").removeprefix("file://"))
    assert not list(root.parent.glob("credits-2025-0*"))


FORMULAS = ["=cmd|'/c calc'!A1", '"=HYPERLINK(""http://x"",""y"")"', "@SUM(1+1)", "+1+cmd", "-2+3"]


def test_formulas_in_cells_are_rejected_and_shown_as_text(pipeline: Pipeline) -> None:
    lines = "".join(f"{formula},$1.00\n" for formula in FORMULAS)
    pipeline.upload(GOOD + lines.encode() + b"112480036627,=1+1\n")
    attempt = pipeline.attempt(pipeline.run())
    assert attempt.verdict is Verdict.BLOCKED
    assert pipeline.held() == {}
    rejected = pipeline.journal.rows(attempt)["rejected"]
    assert len(rejected) == len(FORMULAS) + 1
    accepted = pipeline.run(config={"credits": {"accept_rejected": True}})
    assert pipeline.attempt(accepted).verdict is Verdict.PARTIAL
    assert pipeline.held() == {"047210934418": "-150000.00"}
