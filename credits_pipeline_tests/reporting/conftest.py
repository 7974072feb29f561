"""A journal in a folder of the test's own."""

from pathlib import Path

import pytest

from credits_pipeline.reporting.journal import Journal
from credits_pipeline.storage.store import FolderStore


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path)


@pytest.fixture
def journal(store: FolderStore) -> Journal:
    return Journal(store)
