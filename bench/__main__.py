"""Run all measurements, or those named: ``python -m bench loading pipeline``."""

import importlib
import sys

ALL = (
    "bills",
    "documents",
    "forecast",
    "growth",
    "ledger",
    "loading",
    "pages",
    "pipeline",
    "reading",
    "scanning",
    "sending",
)

if __name__ == "__main__":
    for name in sys.argv[1:] or ALL:
        module = importlib.import_module(f"bench.{name}")
        print(f"\n== {name}: {(module.__doc__ or '').splitlines()[0]}")
        module.main()
