"""The page Optimization."""

from credits_pipeline.finops.pages.optimization_page import page

page()
