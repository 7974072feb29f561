"""What a provider says counts for a month: exactly these files, delivered then. Never a glob."""

from credits_pipeline.finops.manifests.delivery import (
    DeliveredFile,
    Delivery,
    DeliveryError,
    SourceSpec,
)
from credits_pipeline.finops.manifests.reading import current, marks, months

__all__ = [
    "DeliveredFile",
    "Delivery",
    "DeliveryError",
    "SourceSpec",
    "current",
    "marks",
    "months",
]
