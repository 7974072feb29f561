"""What a provider says counts for a month: exactly these files, delivered then. Never a glob."""

from credits_pipeline.finops.manifests.delivery import (
    DeliveredFile,
    Delivery,
    DeliveryError,
    SourceSpec,
)
from credits_pipeline.finops.manifests.reading import current, marks, months
from credits_pipeline.finops.manifests.receipts import RECEIPTS, Receipts, own_receipts

__all__ = [
    "RECEIPTS",
    "DeliveredFile",
    "Delivery",
    "DeliveryError",
    "Receipts",
    "SourceSpec",
    "current",
    "marks",
    "months",
    "own_receipts",
]
