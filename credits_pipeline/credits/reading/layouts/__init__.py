"""The layouts, one module each, and their only list."""

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

#: In the order in which they are tried; of equally certain ones the first reads the file.
LAYOUTS: tuple[Layout, ...] = (
    cost_explorer,
    aws_billing,
    wide,
    long,
    header,
    headerless_wide,
    headerless,
)
