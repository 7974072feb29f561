"""The finding: what a later look at a month's drop came to."""

import json
from dataclasses import asdict, dataclass, fields
from typing import Self

from credits_pipeline.core.storage import schema

#: The checks that look at CloudZero again, some time after a drop.
STILL_HELD = "cloudzero_still_holds_the_drop"
VISIBLE = "visible_in_billed_cost"


@dataclass(frozen=True)
class Finding:
    """What the last look of one kind found at one month, as stored in JSON.

    Attributes:
        check: the check's name.
        billing_month: ``YYYY-MM``.
        holds: whether all is as it should be.
        says: one or two sentences.
        about: the run whose drop was looked for; empty where nothing was to be there.
        usd: what that drop was to amount to, exact, as text; empty where it was none.
        run_id: the run that looked; empty where it is not known.
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
        told = {schema.FIELD: schema.VERSION, **asdict(self)}
        return json.dumps(told, indent=2, ensure_ascii=False).encode(errors="backslashreplace")

    @classmethod
    def from_json(cls, text: bytes) -> Self:
        """Read the stored form.

        Raises:
            StorageError: it was stored by a later release.
        """
        stored = json.loads(text)
        schema.refuse_later(stored, f"What was found of {stored['billing_month']}")
        return cls(**{field.name: stored[field.name] for field in fields(cls)})
