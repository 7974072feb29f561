"""The page Overview."""

from credits_pipeline.finops.pages.overview_page import page

page()
