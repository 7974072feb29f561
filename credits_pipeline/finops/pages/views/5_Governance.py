"""The page Governance."""

from credits_pipeline.finops.pages.governance_page import page

page()
