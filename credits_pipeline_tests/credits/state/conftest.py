"""A journal in a folder of the test's own."""

from pathlib import Path

import pytest

from credits_pipeline.core.storage.store import FolderStore
from credits_pipeline.credits.state.journal import Journal


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path)


@pytest.fixture
def journal(store: FolderStore) -> Journal:
    return Journal(store)
