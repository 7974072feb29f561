"""The page Settings."""

from credits_pipeline.finops.pages.settings_page import page

page()
