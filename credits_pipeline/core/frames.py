"""pandera's models of polars frames, without the Spark that pandera looks for.

Where Spark's client is installed, pandera loads all of ``pyspark.pandas`` with itself, which takes
seconds in each process and warns of the pandas beside it. Hidden while it loads, it stays out.
"""

import sys
from typing import Any, cast

_SPARK = "pyspark.pandas"
_hides = _SPARK not in sys.modules
if _hides:
    # What Python takes for “not installed”.
    cast("dict[str, Any]", sys.modules)[_SPARK] = None
try:
    import pandera.polars as pa
finally:
    if _hides:
        del sys.modules[_SPARK]

__all__ = ["pa"]
