"""A person's decision about one version of a month's file, as the storage keeps it.

::

    decisions/<month>/<version>/<run>.json
"""

import json
from datetime import UTC, datetime
from typing import Any

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.storage.store import Store


def decision_record(
    *, run_id: str, who: str, why: str, decided: dict[str, Any], receipt: str
) -> dict[str, Any]:
    """A decision made now, in its stored form.

    Args:
        run_id: the run that received it.
        who: the person.
        why: the reason; may be empty.
        decided: the decisions by name.
        receipt: the run of the receipt in force; empty for none.
    """
    return {
        "run_id": run_id,
        "who": who,
        "why": why,
        "at": datetime.now(UTC).isoformat(timespec="microseconds"),
        "decided": decided,
        "receipt": receipt,
    }


def keep_decision(store: Store, month: BillingMonth, version: str, record: dict[str, Any]) -> None:
    """Store a decision about a version.

    Raises:
        StorageError: it could not be written.
    """
    name = f"decisions/{month}/{version}/{record['run_id']}.json"
    store.write(name, json.dumps(record, indent=2).encode())


def decisions_about(store: Store, month: BillingMonth, version: str) -> list[dict[str, Any]]:
    """What was decided about a version, the earliest first."""
    names = store.names(f"decisions/{month}/{version}/")
    texts = [text for name in names if (text := store.read(name)) is not None]
    records: list[dict[str, Any]] = [json.loads(text) for text in texts]
    return sorted(records, key=lambda record: record["at"])
