"""The layouts, a module each, and the one list of them."""

from credits_pipeline.credits.reading.layouts import (
    aws_billing,
    cost_explorer,
    header,
    headerless,
    headerless_wide,
    long,
    wide,
)
from credits_pipeline.credits.reading.layouts.context import Layout

#: In the order in which they are asked; of equally sure ones the first reads the file.
LAYOUTS: tuple[Layout, ...] = (
    cost_explorer,
    aws_billing,
    wide,
    long,
    header,
    headerless_wide,
    headerless,
)
