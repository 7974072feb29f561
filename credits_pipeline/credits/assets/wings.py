"""Whether the second wing is in use; a credits-only installation loads nothing of it.

It is in use where its storage or its database is set, or where its folder is there: the first
source that is added makes it. A code location that was loaded before has to be loaded again.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from credits_pipeline.core import settings

_SETTINGS = ("FINOPS_STORAGE", "FINOPS_DATABASE_URL")
_FOLDER = "finops"


def finops_is_in_use(environment: Mapping[str, str] | None = None) -> bool:
    """Whether bills are taken in here.

    Args:
        environment: of another process; default: of this one.

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
