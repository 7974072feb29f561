"""The page Spend."""

from credits_pipeline.finops.pages.spend_page import page

page()
