"""Setup reports its progress, and why it failed."""

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def setting_up() -> ModuleType:
    """The file as a module; it normally runs as a file before anything is installed."""
    spec = importlib.util.spec_from_file_location("setting_up", ROOT / ".ci" / "environment.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_long_step_says_how_far_it_is(
    setting_up: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    go = tmp_path / "go"
    waits = (
        "import os, time\nprint('half', flush=True)\n"
        f"while not os.path.exists({str(go)!r}): time.sleep(.01)"
    )

    def progress(printed: str) -> str:
        if "half" in printed:
            go.touch()
        return f"so far: {setting_up.last_line(printed)}"

    setting_up.step([sys.executable, "-c", waits], tmp_path / "log", progress, every=0.05)
    assert re.search(r"^\[ *\d+ s\]   so far: half$", capsys.readouterr().out, re.MULTILINE)


def test_a_step_that_fails_shows_the_end_of_its_output(
    setting_up: ModuleType, tmp_path: Path
) -> None:
    fails = "print('first\\n' + 'x\\n' * 60 + 'no space left'); raise SystemExit(3)"
    with pytest.raises(setting_up.StepError) as failed:
        setting_up.step([sys.executable, "-c", fails], tmp_path / "log", str)
    assert str(failed.value).endswith("no space left")
    assert "first" not in str(failed.value)


def test_the_packages_of_the_lock_are_counted(setting_up: ModuleType) -> None:
    assert setting_up.pinned(ROOT / "requirements.txt") > 100
    assert setting_up.installed(Path(sys.prefix)) > 100


def test_make_sets_up_by_it() -> None:
    assert "$(PYTHON) .ci/environment.py $(VENV)" in (ROOT / "Makefile").read_text()
