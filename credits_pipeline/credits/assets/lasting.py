"""Checks that are still checks after a component of `dg` has told where it is defined."""

import warnings
from typing import Any

import dagster as dg


class _Lasting(dg.AssetChecksDefinition):
    """Checks whose copies are checks.

    Dagster copies what a component defines, to add where that is written, and each copy of checks
    is a plain AssetsDefinition. As it makes checks of that again, `dg dev` warns the company of a
    parameter of Dagster's own that is in beta.
    """

    @staticmethod
    def dagster_internal_init(**attributes: Any) -> "_Lasting":
        """What Dagster makes copies by."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", dg.BetaWarning)
            return _Lasting(**attributes)


def lasting(checks: dg.AssetChecksDefinition) -> dg.AssetChecksDefinition:
    """The same checks, whose copies are checks too."""
    return _Lasting.dagster_internal_init(**checks.get_attributes_dict())
