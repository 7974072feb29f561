"""AWS credits from a monthly file in S3 to a verified drop in CloudZero's AnyCost Stream.

`build_definitions` adds the pipeline to an existing Dagster.

The rooms, and the only direction in which they import each other::

    cli → doctor → assets → delivery → {reporting, evaluation, cloudzero, inbox} → reading → core

    `core` is what both wings need; `credits` and `finops` are the wings (docs/architecture.md).
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from credits_pipeline.component import CreditsPipelineComponent
    from credits_pipeline.credits.assets.build import build_definitions

__all__ = ["CreditsPipelineComponent", "build_definitions"]
_WHERE = {
    "CreditsPipelineComponent": "credits_pipeline.component",
    "build_definitions": "credits_pipeline.credits.assets.build",
}


def __getattr__(name: str) -> Any:
    """Load on demand: commands that need no Dagster must not wait for it."""
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - when asked for

    return getattr(import_module(_WHERE[name]), name)
