"""Whether the second wing is in use; a credits-only installation loads nothing of it.

It is in use where one of its settings is set, or where its folder is there: the first source that
is added makes it. A code location that was loaded before has to be loaded again.
"""

import os
from pathlib import Path

from credits_pipeline import settings

_SETTINGS = "FINOPS_"
_FOLDER = "finops"


def finops_is_in_use() -> bool:
    """Whether bills are taken in here.

    Raises:
        SettingError: the storage can't be used.
    """
    if any(name.startswith(_SETTINGS) and value.strip() for name, value in os.environ.items()):
        return True
    root = settings.storage_root()
    return "://" not in root and (Path(root) / _FOLDER).is_dir()
