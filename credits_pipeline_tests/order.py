"""The order of the files of tests: what takes longest begins first.

No worker is left with it at the end. The figures are rough and of two cores; only their order
matters. A room that is not named is quick.
"""

from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

import pytest

#: Seconds of a test, by the beginning of its file's path below this folder; the first that fits.
SECONDS_OF_A_TEST = {
    "live/test_machines": 60,
    "live/test_alerts": 60,
    "live/test_postgres": 25,
    "live": 12,
    "browser": 20,
    "faults/test_chaos": 50,
    "faults/test_soak": 50,
    "faults/test_guarantees": 0.01,
    "faults": 2,
    "deploy/test_production": 3,
    "deploy": 1,
    "docs/test_site": 6,
    "docs/test_examples": 1.5,
    "credits/assets": 1.5,
    "doctor": 0.8,
    "core/storage": 0.3,
    "credits/cloudzero/test_drop_faults": 0.2,
    "credits/test_properties": 0.2,
}
_QUICK = 0.03
_HERE = Path(__file__).parent


def seconds_of_a_test(file: Path) -> float:
    """About how long a test of a file takes."""
    name = file.relative_to(_HERE).as_posix() if file.is_relative_to(_HERE) else file.name
    return next((s for begins, s in SECONDS_OF_A_TEST.items() if name.startswith(begins)), _QUICK)


def longest_first(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """The same tests, file by file, and within a file as they were."""
    by_file = [(file, list(group)) for file, group in groupby(items, lambda item: item.path)]
    by_file.sort(key=lambda found: -len(found[1]) * seconds_of_a_test(found[0]))
    return [item for _, group in by_file for item in group]
