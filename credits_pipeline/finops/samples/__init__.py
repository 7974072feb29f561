"""Sample bills of three clouds, made here: deterministic, exact, in each provider's own form."""

from credits_pipeline.finops.samples.delivery import in_order
from credits_pipeline.finops.samples.generator import Written, generate
from credits_pipeline.finops.samples.writing import MonthTotal

__all__ = ["MonthTotal", "Written", "generate", "in_order"]
