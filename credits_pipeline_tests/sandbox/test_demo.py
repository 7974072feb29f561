"""The demo's folder, and what a person is told to paste."""

import shlex
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from credits_pipeline.cli.demo import _next_steps
from credits_pipeline.sandbox.dagster_dev import DagsterDevError
from credits_pipeline.sandbox.demo import NEXT_KEY, _only_one


@pytest.mark.parametrize("home", ["file", "link", "dangling", "file/below", "full"])
def test_a_place_where_no_demo_can_be_is_refused_and_left_as_it_is(
    tmp_path: Path, home: str
) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").touch()
    (tmp_path / "link").symlink_to(tmp_path / "full")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    with pytest.raises(DagsterDevError, match="choose another"), _only_one(tmp_path / home):
        pass
    assert (tmp_path / "file").read_text() == "mine"
    assert (tmp_path / "full" / "mine").exists()


@pytest.mark.parametrize("name", [".demo", "my demo", "a'b", "$(id)", "a;b"])
def test_what_is_to_be_pasted_names_the_folder_whatever_it_is_called(name: str) -> None:
    started: Any = SimpleNamespace(
        dagster=SimpleNamespace(url="http://ui"),
        bills=None,
        servers=SimpleNamespace(s3_url="http://s3"),
    )
    told = [line for line in _next_steps(started, Path(name)).splitlines() if name[-1] in line]
    pasted = [shlex.split(line) for line in told if line.startswith(("  . ", "    -T"))]
    assert pasted[0] == [".", f"{name}/env"]
    assert pasted[1][:2] == ["-T", f"{name}/{NEXT_KEY}"]
