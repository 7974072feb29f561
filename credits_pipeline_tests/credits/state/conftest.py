"""A journal in this test's own folder."""

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
