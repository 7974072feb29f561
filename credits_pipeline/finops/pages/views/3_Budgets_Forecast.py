"""The page Budgets & Forecast."""

from credits_pipeline.finops.pages.budgets_page import page

page()
