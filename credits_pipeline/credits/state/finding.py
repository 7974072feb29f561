"""The finding: the result of a later check of a month's drop."""

from dataclasses import dataclass
from typing import Self

from credits_pipeline.core.storage import schema

#: The checks that ask CloudZero again, some time after a drop.
STILL_HELD = "cloudzero_still_holds_the_drop"
VISIBLE = "visible_in_billed_cost"


@dataclass(frozen=True)
class Finding:
    """What the last check of one kind found for one month, as stored in JSON.

    Attributes:
        check: the check's name.
        billing_month: ``YYYY-MM``.
        holds: whether all is as it should be.
        says: one or two sentences.
        about: the run whose drop was checked; empty if nothing should be there.
        usd: the expected amount of that drop, exact, as text; empty if there was none.
        run_id: the run that checked; empty if not known.
        found_at: when, in UTC.
    """

    check: str
    billing_month: str
    holds: bool
    says: str
    about: str
    usd: str
    run_id: str
    found_at: str

    def to_json(self) -> bytes:
        """The stored form."""
        return schema.to_json(self)

    @classmethod
    def from_json(cls, text: bytes) -> Self:
        """Read the stored form.

        Raises:
            StorageError: it was stored by a later release.
        """
        return schema.from_json(cls, text, "What was found of")
