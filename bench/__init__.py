"""Measurements: ratios side by side in one run, never a verdict. `make bench` runs all of them."""
