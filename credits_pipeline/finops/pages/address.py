"""The address of a page, in the form of `credits_pipeline.finops.address` for every surface."""

from credits_pipeline.finops.address import PAGES, Words, link, spelled

__all__ = ["PAGES", "Words", "link", "spelled"]
