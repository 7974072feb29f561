"""Which decisions would unblock a stopped month: what a person is offered beside a corrected file.

Only what would clear every finding is offered: nobody decides and is stopped all the same.
"""

from collections.abc import Mapping
from itertools import product
from typing import Any

from credits_pipeline.core.statement import blocking
from credits_pipeline.credits.evaluation.judgement import statements
from credits_pipeline.credits.model.decisions import Decisions
from credits_pipeline.credits.model.findings import Convention
from credits_pipeline.credits.reading import MonthReading

#: What may be decided about each blocking statement; nothing about any other.
_ALTERNATIVES: Mapping[str, tuple[Mapping[str, Any], ...]] = {
    "nothing_rejected": ({"accept_rejected": True},),
    "signs_agree": ({"signs": "as_is"}, {"signs": "flipped"}),
    "no_duplicate_accounts": ({"duplicates": "first"}, {"duplicates": "sum"}),
}


def offers(
    reading: MonthReading, decisions: Decisions, *, previous_convention: Convention | None = None
) -> tuple[dict[str, Any], ...]:
    """The decisions, each as its fields, under which a reading no longer blocks.

    Args:
        reading: the month, as it was read.
        decisions: those in force.
        previous_convention: see `statements`.
    """
    stops = blocking(statements(reading, decisions, previous_convention=previous_convention))
    choices = [_ALTERNATIVES[s.name] for s in stops if s.name in _ALTERNATIVES]
    if not choices:
        return ()
    together = [{k: v for one in chosen for k, v in one.items()} for chosen in product(*choices)]
    return tuple(
        offer
        for offer in together
        if not blocking(
            statements(reading, decisions.amended(**offer), previous_convention=previous_convention)
        )
    )
