"""``python -m credits_pipeline.cli``: the command line without its script."""

from credits_pipeline.cli import main

main()
