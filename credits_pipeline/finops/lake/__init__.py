"""Typed rows in versions beside each other; a pointer, written last, says which one counts."""

from credits_pipeline.finops.lake.lake import Lake, LakeError, open_lake
from credits_pipeline.finops.lake.version import Part, ReadFile, Version

__all__ = ["Lake", "LakeError", "Part", "ReadFile", "Version", "open_lake"]
