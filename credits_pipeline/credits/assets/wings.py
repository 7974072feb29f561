"""Whether the second wing is in use; a credits-only installation loads none of it.

It is in use if its storage or its database is set, or if its folder exists: the first source that
is added creates it. A code location that was loaded before must be reloaded.
"""

import os
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from credits_pipeline.core import settings
from credits_pipeline.core.month import BillingMonth

if TYPE_CHECKING:
    from credits_pipeline.finops.ledger.reconciliation import Reconciliation

_SETTINGS = ("FINOPS_STORAGE", "FINOPS_DATABASE_URL")
_FOLDER = "finops"


def finops_is_in_use(environment: Mapping[str, str] | None = None) -> bool:
    """Whether bills are read here.

    Args:
        environment: of another process; default: this one's.

    Raises:
        SettingError: the storage can't be used.
    """
    told = os.environ if environment is None else environment
    if any(told.get(name, "").strip() for name in _SETTINGS):
        return True
    if environment is None:
        root = settings.storage_root()
    else:
        beside = Path(environment.get("DAGSTER_HOME", "").strip(), "credits")
        root = environment.get("CREDITS_STORAGE", "").strip() or str(beside)
    return "://" not in root and (Path(root) / _FOLDER).is_dir()


def three_sides(
    month: BillingMonth,
    credits_root: str | None = None,
    *,
    file: Mapping[str, Decimal] | None = None,
    told: Mapping[str, Any] | None = None,
) -> "Reconciliation | None":
    """File, ledger and bill of a month side by side; None if the wing is not in use.

    Args:
        month: the billing month.
        credits_root: this wing's storage; default: ``CREDITS_STORAGE``.
        file: what a run distributes, before its receipt says so.
        told: the fields of that run's attempt.

    Raises:
        BillError: something stored can't be read.
        SettingError: a setting of the other wing can't be used.
    """
    if not finops_is_in_use():
        return None
    from credits_pipeline.finops.ledger.at_hand import (  # noqa: PLC0415 - only where it is in use
        reconciliation_of,
    )
    from credits_pipeline.finops.settings import storage_root  # noqa: PLC0415 - as above

    return reconciliation_of(storage_root(), month, credits_root=credits_root, file=file, told=told)


def bill_of_aws(month: BillingMonth) -> Mapping[str, Decimal] | None:
    """The credits on AWS's own bill of a month by account; None if no bill can be read here.

    Raises:
        SettingError: a setting of the other wing can't be used.
    """
    if not finops_is_in_use():
        return None
    from credits_pipeline.finops.errors import BillError  # noqa: PLC0415 - only where it is in use
    from credits_pipeline.finops.ledger.at_hand import bill_credits  # noqa: PLC0415 - as above
    from credits_pipeline.finops.settings import storage_root  # noqa: PLC0415 - as above

    try:
        return bill_credits(storage_root(), month)
    except BillError:
        # Then CloudZero is asked, as if no bill were read at all.
        return None
