"""Sample bills made once, and the independent judge of them in an environment of its own."""

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from filelock import FileLock

from credits_pipeline.finops.samples import Written, generate

AS_OF = date(2026, 5, 20)
TOOLKIT = "focus-data-toolkit==0.14.1"


@pytest.fixture(scope="session")
def bills(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """Six months, which have every story but the oldest ones."""
    return generate(tmp_path_factory.mktemp("bills"), as_of=AS_OF, months=6)


@pytest.fixture(scope="session")
def toolkit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the FOCUS data toolkit is installed in, and nothing else."""
    folder = tmp_path_factory.getbasetemp().parent / "focus-data-toolkit"
    with FileLock(f"{folder}.lock"):
        if not (folder / "focus_data_toolkit").is_dir():
            command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
            command += ["--disable-pip-version-check", "--target", str(folder), TOOLKIT]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                pytest.skip(f"{TOOLKIT} can't be installed: {done.stderr.strip()[-300:]}")
    return folder
