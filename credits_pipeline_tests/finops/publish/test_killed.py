"""A publishing process may be killed at any moment: the old version counts, or the new one."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from credits_pipeline.finops.publish.published import open_current
from credits_pipeline_tests.finops.typed import Bills, row
from credits_pipeline_tests.waiting import eventually

MONTH = "2026-05"
#: What the other process does; it reports its start.
WORK = """
import sys
from pathlib import Path
from credits_pipeline_tests.finops.typed import Bills, row
bills = Bills(Path(sys.argv[1]))
bills.put("aws", "2026-04", [row("1")])
print("begun", flush=True)
bills.put("aws", "2026-05", [row("1") for _ in range(200)], version="v2")
bills.publish()
print("ended", flush=True)
"""


def files(folder: Path) -> set[Path]:
    """All files, without those that disappear during the listing."""
    return {Path(place, name) for place, _, names in os.walk(folder) for name in names}


@pytest.mark.parametrize("least", [1, 9, 15])
def test_a_kill_leaves_the_old_version_or_the_new_one_whole(tmp_path: Path, least: int) -> None:
    bills = Bills(tmp_path)
    bills.put("aws", "2026-04", [row("1")])
    bills.put("aws", MONTH, [row("2")])
    bills.publish()
    before, root = files(tmp_path), Path(__file__).parents[3]
    with subprocess.Popen(
        [sys.executable, "-c", WORK, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "begun\n"
        # Killed when this many of its files are there, or when it has ended.
        eventually(
            lambda: len(files(tmp_path) - before) >= least or other.poll() is not None,
            "the other process made nothing",
            seconds=60,
        )
        other.send_signal(signal.SIGKILL)
    published = open_current(tmp_path)
    assert published is not None
    found = published.rows("SELECT billing_month, SUM(billed_cost) FROM spend_daily GROUP BY ALL")
    assert dict(found) in ({"2026-04": 1, MONTH: 2}, {"2026-04": 1, MONTH: 200})
    assert published.rows("SELECT COUNT(*) FROM spend_monthly") == [(2,)]
    # The next one succeeds, and the leftovers are gone.
    bills.put("aws", MONTH, [row("1") for _ in range(200)], version="v2")
    bills.publish()
    after = open_current(tmp_path)
    assert after is not None
    assert dict(
        after.rows("SELECT billing_month, SUM(billed_cost) FROM spend_daily GROUP BY ALL")
    ) == {"2026-04": 1, MONTH: 200}
    assert [path for path in (tmp_path / ".work").iterdir() if path.is_dir()] == []
