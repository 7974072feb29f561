"""Later releases read what an earlier one stored of bills and decisions, and continue from it.

``samples/<version>.zip`` has a lake, its marts, what was published, and the store of decisions of
that release. ``UPDATE_SAMPLES=1`` stores the samples of the current release.
"""

import os
import re
import shutil
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path

import pytest

from credits_pipeline.finops.decisions import DecisionStore, Ruling
from credits_pipeline.finops.depot import Depot
from credits_pipeline.finops.lake import open_lake
from credits_pipeline.finops.publish.published import open_current
from credits_pipeline.finops.publish.refreshing import Refresher
from credits_pipeline.finops.sources import Source, SourceBook
from credits_pipeline_tests.faults import chaos_wing
from credits_pipeline_tests.finops.bills import MAY
from credits_pipeline_tests.finops.conftest import ANN

SAMPLES = Path(__file__).parent / "samples"
RELEASES = sorted(path.stem for path in SAMPLES.glob("*.zip"))
THIS = version("credits-pipeline")
#: The numbers of a sample's two deliveries: the first is superseded.
FIRST, SECOND = 3, 5
BUDGET = {"name": "Shop", "scope": "team=shop", "amount": "100", "currency": "USD"}


def store(folder: Path) -> None:
    """Everything that a wing of this release stores, in small."""
    for number in (FIRST, SECOND):
        chaos_wing.deliver(folder, number)
        chaos_wing.work(folder)
    with DecisionStore.open(f"sqlite:///{folder}/decisions.sqlite") as decisions:
        SourceBook(decisions).add(
            Source.of(
                "aws-bills", {"provider": "aws", "location": "s3://bills", "export": "bills"}
            ),
            by=ANN,
        )
        decisions.put("budget", "shop", BUDGET, by=ANN, expected=None, why="as agreed")
        decisions.states.set(
            "violation", "v-1", Ruling("accepted", note="known"), by=ANN, expected=None
        )
    shutil.rmtree(folder / "bills")
    for work in folder.rglob(".work"):
        shutil.rmtree(work)


@pytest.fixture(params=RELEASES)
def stored(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    shutil.unpack_archive(SAMPLES / f"{request.param}.zip", tmp_path)
    return tmp_path


def kinds(root: Path) -> set[str]:
    """The files below a folder, without what differs each time."""
    names = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
    return {re.sub(r"[0-9a-f]{8,}|\d{8}T\d+Z", "…", name) for name in names}


def test_the_samples_have_every_kind_of_file_that_this_release_stores(tmp_path: Path) -> None:
    made, sample = tmp_path / "made", SAMPLES / f"{THIS}.zip"
    store(made)
    if "UPDATE_SAMPLES" in os.environ:
        shutil.make_archive(str(sample.with_suffix("")), "zip", made)
    shutil.unpack_archive(sample, tmp_path / "kept")
    assert kinds(tmp_path / "kept") == kinds(made), (
        f"UPDATE_SAMPLES=1 make test TESTS={Path(__file__).name} keeps samples of release {THIS}"
    )
    assert sample.stat().st_size < 300_000


def test_rows_marts_and_decisions_of_a_release_are_read(stored: Path) -> None:
    assert chaos_wing.of_lake(stored) == SECOND
    lake = open_lake(str(stored / "wing"))
    older, newer = lake.versions("aws-bills", MAY)
    assert Decimal(older.totals["USD"]["BilledCost"]) == FIRST * chaos_wing.ROWS
    assert newer == lake.current("aws-bills", MAY)
    assert chaos_wing.of_closing(stored) == SECOND
    with DecisionStore.open(f"sqlite:///{stored}/decisions.sqlite") as decisions:
        (source,) = SourceBook(decisions).all()
        assert (source.location, source.export) == ("s3://bills", "bills")
        (budget,) = decisions.items("budget")
        assert budget.body == BUDGET
        assert decisions.states.of("violation")["v-1"].note == "known"
        told = [(one.kind, one.why) for one in decisions.changes("budget")]
        assert told == [("budget", "as agreed")]


def test_a_later_release_goes_on_with_it(stored: Path) -> None:
    """The published version is read, or made again from marts and rows; then a new bill comes."""
    root = str(stored / "wing")
    Refresher(open_lake(root), Depot(root), ("team",), memory="300MB").refresh()
    assert chaos_wing.of_published(stored) == SECOND
    chaos_wing.deliver(stored, SECOND + 1)
    chaos_wing.work(stored)
    assert chaos_wing.of_published(stored) == chaos_wing.of_closing(stored) == SECOND + 1
    assert open_current(root) is not None
