"""The suite itself: CI skips nothing unnoticed, and what takes longest starts first."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from credits_pipeline_tests import scratch
from credits_pipeline_tests.order import SECONDS_OF_A_TEST, longest_first, seconds_of_a_test
from credits_pipeline_tests.skips import failed_if_skipped

HERE = Path(__file__).parent


def skipped(why: str) -> pytest.TestReport:
    return pytest.TestReport(
        nodeid="test", location=("test.py", 1, "test"), keywords={}, outcome="skipped",
        longrepr=("test.py", 1, f"Skipped: {why}"), when="setup",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("ci", "why", "outcome"),
    [
        ("true", "nginx or openssl is not installed", "failed"),
        ("true", "PostgreSQL's server is not installed", "failed"),
        ("true", "a small disk takes root", "skipped"),
        ("", "nginx or openssl is not installed", "skipped"),
    ],
)
def test_a_skip_is_a_failure_in_ci_unless_it_is_listed(
    ci: str, why: str, outcome: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", ci)
    report = skipped(why)
    failed_if_skipped(report)
    assert report.outcome == outcome
    assert why in str(report.longrepr)


def test_every_file_whose_time_is_known_is_there() -> None:
    files = [path.relative_to(HERE).as_posix() for path in HERE.rglob("test_*.py")]
    assert [b for b in SECONDS_OF_A_TEST if not any(f.startswith(b) for f in files)] == []


def test_the_longest_files_begin_and_the_order_within_a_file_stays() -> None:
    files = ["credits/test_amounts.py", "live/test_alerts.py", "credits/assets/test_month.py"]
    items: list[Any] = [
        SimpleNamespace(path=HERE / file, name=f"{file} {n}")
        for file in files
        for n in range(1 if file.startswith("live") else 10)
    ]
    ordered: list[Any] = longest_first(items)
    assert [item.name.split()[0] for item in ordered[:2]] == [files[1], files[2]]
    assert [item for item in ordered if item.path == items[0].path] == items[:10]
    assert sorted(map(id, ordered)) == sorted(map(id, items))


def test_a_file_outside_of_the_rooms_is_quick() -> None:
    assert seconds_of_a_test(Path("/elsewhere/live/test_x.py")) < 1


def test_what_tests_write_is_in_memory_only_where_there_is_room(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("TMPDIR", raising=False)
    monkeypatch.setattr(scratch, "_MEMORY", tmp_path)
    monkeypatch.setattr(scratch, "_ROOM", 1)
    monkeypatch.setattr(scratch, "_FREE", 1)
    folder = scratch.quick_folder()
    assert folder is not None
    assert folder.parent == tmp_path
    monkeypatch.setattr(tempfile, "tempdir", tempfile.gettempdir())
    left = tmp_path / "credits-tests-0-of-a-killed-run"
    left.mkdir()
    os.utime(left, (0, 0))
    again = scratch.quick_folder()
    assert again is not None
    assert sorted(tmp_path.iterdir()) == sorted([folder, again])
    scratch.leave(again)
    scratch.leave(folder)
    assert list(tmp_path.iterdir()) == []
    for name in ("_ROOM", "_FREE"):
        with monkeypatch.context() as patch:
            patch.setattr(scratch, name, 2**62)
            assert scratch.quick_folder() is None
    monkeypatch.setenv("TMPDIR", "/somewhere")
    assert scratch.quick_folder() is None


def test_a_process_that_a_test_starts_looks_for_garbage_rarely() -> None:
    command = [sys.executable, "-c", "import gc; print(gc.get_threshold()[0])"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(done.stdout) == 1_000_000
