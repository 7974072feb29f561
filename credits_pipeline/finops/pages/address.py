"""The address of a page, as `credits_pipeline.finops.address` spells it for every surface."""

from credits_pipeline.finops.address import PAGES, Words, link, spelled

__all__ = ["PAGES", "Words", "link", "spelled"]
