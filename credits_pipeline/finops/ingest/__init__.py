"""From a delivery to a typed version of its month, with the findings on the way."""

from credits_pipeline.finops.delivery_checks import CHECKS
from credits_pipeline.finops.ingest.check import Check
from credits_pipeline.finops.ingest.ingest import Ingested, ingest_month
from credits_pipeline.finops.ingest.limits import Limits
from credits_pipeline.finops.ingest.progress import Progress
from credits_pipeline.finops.ingest.tags import DEFAULT_TAGS, TagColumn

__all__ = [
    "CHECKS",
    "DEFAULT_TAGS",
    "Check",
    "Ingested",
    "Limits",
    "Progress",
    "TagColumn",
    "ingest_month",
]
