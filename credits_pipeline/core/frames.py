"""pandera's models of polars frames, without the Spark that pandera looks for.

Where Spark's client is installed, pandera imports all of ``pyspark.pandas``, which takes seconds in
each process and warns about the installed pandas. The module is hidden while pandera loads.
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
