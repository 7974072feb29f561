"""Closed months as files: a record to read, which no import accepts.

A closing is a fact of one storage: its statement is there under its digest. A file that could close
a month would close it without a statement, and a missing one would reopen it.
"""

from collections.abc import Iterable

from credits_pipeline.finops.decisions.exchange import Contents
from credits_pipeline.finops.decisions.item import ClosedMonth

#: The folder of the record.
CLOSED = "closed_months"


def record_of(closings: Iterable[ClosedMonth]) -> Contents:
    """Every closing, and every reopening, by month and model."""
    found = {
        f"{one.month} {one.model}": {
            "month": one.month,
            "model": one.model,
            "version": one.version,
            "inputs": one.inputs_digest,
            "statement": one.totals_digest,
            "closed_at": one.at.isoformat(),
            "closed_by": one.who,
            **(
                {}
                if one.reopened_at is None
                else {"reopened_at": one.reopened_at.isoformat(), "reopened_by": one.reopened_by}
            ),
        }
        for one in closings
    }
    return {CLOSED: found} if found else {}
