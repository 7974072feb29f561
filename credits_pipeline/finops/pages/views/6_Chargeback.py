"""The page Chargeback."""

from credits_pipeline.finops.pages.chargeback_page import page

page()
