"""Measurements: ratios of figures from one run, never a verdict. `make bench` runs all of them."""
