"""The page Setup."""

from credits_pipeline.finops.pages.setup_page import page

page()
