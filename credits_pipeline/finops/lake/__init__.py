"""Typed rows in versions side by side; a pointer, written last, says which one counts."""

from credits_pipeline.finops.lake.lake import Lake, LakeError, open_lake
from credits_pipeline.finops.lake.version import Part, ReadFile, Version

__all__ = ["Lake", "LakeError", "Part", "ReadFile", "Version", "open_lake"]
