"""A statement about a month's rows, passed or not, with its numbers: what Dagster's checks show."""

from dataclasses import asdict, dataclass, field, replace
from typing import Any

#: Each statement and its meaning, in the order in which they are shown.
CHECKS: dict[str, str] = {
    "delivery_is_newest": "This delivery is not older than the one that counts.",
    "files_match_manifest": (
        "Every file of the manifest is there, with the stated size and checksum."
    ),
    "rows_match_manifest": "The files have as many rows as the manifest states.",
    "columns_are_there": "The files have the columns that are needed to add up a bill.",
    "cells_have_their_types": "Every amount and every time can be read.",
    "months_match_manifest": "Every row belongs to the month that was delivered.",
    "money_is_exact": "Amounts are kept to the last digit.",
    "values_in_closed_lists": "FOCUS's closed lists contain only their own values.",
    "credits_cost_the_same": "A credit has the same amount in all four costs.",
    "one_currency_an_account": "A billing account is billed in one currency.",
    "charges_lie_in_period": "Charges lie within their billing period.",
    "tags_are_readable": "Tags are keys and values.",
    "totals_match_invoices": (
        "The rows of an invoice add up to the total that a person has stated."
    ),
    "not_smaller_than_before": "The month has not lost rows or columns since its last delivery.",
}
#: A person sees this many examples of a fault, and their total number.
SHOWN = 20


@dataclass(frozen=True)
class Check:
    """A statement of `CHECKS` and whether it passed.

    Attributes:
        blocking: if it did not pass, the month keeps its current version.
        says: one sentence with the numbers, and what to do if it did not pass.
        cases: where: file, row, column, text.
        passes: it may pass later without anybody's help.
    """

    name: str
    passed: bool
    says: str
    blocking: bool = True
    numbers: dict[str, str | int] = field(default_factory=dict)
    cases: tuple[str, ...] = ()
    passes: bool = False

    @property
    def stops(self) -> bool:
        """Whether the month keeps its last version because of this."""
        return self.blocking and not self.passed

    def accepted(self) -> "Check":
        """The same, reported but no longer blocking, because a person accepted it."""
        return replace(self, blocking=False, says=f"{self.says} Accepted by hand.")

    def to_data(self) -> dict[str, Any]:
        """As plain data for ``version.json``."""
        return {**asdict(self), "cases": list(self.cases)}


def held(name: str, says: str, *, blocking: bool = True, **numbers: str | int) -> Check:
    """A statement that passed."""
    return Check(name, True, says, blocking, numbers)  # noqa: FBT003 - it held
