"""A credits-only installation loads nothing of the second wing, and starts just as fast."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"duckdb", "sqlglot", "obstore", "sqlalchemy.orm", "streamlit", "alembic.command"}


def loaded(module: str, **environment: str) -> set[str]:
    script = f"import sys, {module}; print('\\n'.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **environment},
    )
    return set(done.stdout.split())


@pytest.mark.parametrize("module", ["credits_pipeline.definitions", "credits_pipeline.cli"])
def test_nothing_of_the_wing_is_loaded_if_it_is_not_in_use(module: str, tmp_path: Path) -> None:
    found = loaded(module, CREDITS_STORAGE=str(tmp_path))
    assert not {name for name in found if name.startswith("credits_pipeline.finops")}
    assert not HEAVY & found - {"sqlalchemy.orm"}


def test_where_it_is_in_use_a_code_location_still_loads_no_engine(tmp_path: Path) -> None:
    found = loaded("credits_pipeline.definitions", FINOPS_STORAGE=str(tmp_path))
    assert "credits_pipeline.finops.assets.build" in found
    assert not {"duckdb", "sqlglot", "obstore", "polars", "boto3"} & found
