"""The order of the test files: what takes longest starts first.

So no worker is left with it at the end. The figures are rough seconds of processor time and waiting
on two cores; only their order matters. A room that is not listed is quick.
"""

from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

import pytest

#: Seconds of a test, by the beginning of its file's path below this folder; the first match counts.
SECONDS_OF_A_TEST = {
    "live/test_machines": 220,
    "live/test_alerts": 250,
    "live/test_postgres": 145,
    "live/test_dagster_dev": 45,
    "live/test_circle": 310,
    "live": 60,
    "guest": 45,
    "browser/test_ui": 75,
    "browser/test_looks": 70,
    "browser/test_hostile": 25,
    "browser/test_pages": 12,
    "browser": 12,
    "faults/test_chaos": 130,
    "faults/test_soak": 115,
    "faults/test_disk": 35,
    "faults/test_races": 8,
    "faults/test_guarantees": 0.01,
    "faults": 1.5,
    "deploy/test_production": 6,
    "deploy": 1,
    "docs/test_examples": 2.5,
    "docs/test_site": 6,
    "credits/assets": 1,
    "credits/test_properties": 0.15,
    "credits/test_limits": 1.5,
    "credits/cloudzero/test_drop_faults": 0.15,
    "finops/scans/test_estate": 20,
    "finops/scans/test_violations": 40,
    "doctor": 0.8,
    "core/storage/test_upgrades": 1.7,
    "finops/pages/test_pages": 0.7,
    "finops/publish": 1.3,
    "finops/samples": 1.2,
    "finops/ingest": 0.3,
}
_QUICK = 0.03
_HERE = Path(__file__).parent


def seconds_of_a_test(file: Path) -> float:
    """Roughly how long a test of a file takes."""
    name = file.relative_to(_HERE).as_posix() if file.is_relative_to(_HERE) else file.name
    return next((s for begins, s in SECONDS_OF_A_TEST.items() if name.startswith(begins)), _QUICK)


def longest_first(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """The same tests, file by file, in their order within each file."""
    by_file = [(file, list(group)) for file, group in groupby(items, lambda item: item.path)]
    by_file.sort(key=lambda found: -len(found[1]) * seconds_of_a_test(found[0]))
    return [item for _, group in by_file for item in group]
