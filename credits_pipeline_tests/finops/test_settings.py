from pathlib import Path

import pytest

from credits_pipeline.core.settings import SettingError
from credits_pipeline.finops import settings


def test_the_storage_is_beside_the_first_wing_s_by_default(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CREDITS_STORAGE", str(tmp_path))
    assert settings.storage_root() == str(tmp_path / "finops")
    assert settings.database_url() == f"sqlite:///{tmp_path}/finops/decisions.sqlite"
    monkeypatch.setenv("CREDITS_STORAGE", "s3://kept/credits/")
    assert settings.storage_root() == "s3://kept/credits/finops"


@pytest.mark.parametrize("root", ["s3://bucket/finops", "az://container", "gs://bucket/x/"])
def test_an_object_store_needs_a_database_to_be_named(
    monkeypatch: pytest.MonkeyPatch, root: str
) -> None:
    monkeypatch.setenv("FINOPS_STORAGE", root)
    assert settings.storage_root() == root.rstrip("/")
    with pytest.raises(SettingError, match="FINOPS_DATABASE_URL is not set"):
        settings.database_url()
    monkeypatch.setenv("FINOPS_DATABASE_URL", "postgresql://ann:pw@host/db")
    assert settings.database_url() == "postgresql+psycopg2://ann:pw@host/db"


@pytest.mark.parametrize("root", ["ftp://host/x", "s3://", "https://bucket/x"])
def test_a_storage_that_is_neither_is_refused(monkeypatch: pytest.MonkeyPatch, root: str) -> None:
    monkeypatch.setenv("FINOPS_STORAGE", root)
    with pytest.raises(SettingError, match="FINOPS_STORAGE"):
        settings.storage_root()


def test_spellings_of_a_tag_s_key_become_one_column(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [key.column for key in settings.tag_keys()] == [
        "tag_team", "tag_product", "tag_environment",
    ]  # fmt: skip
    monkeypatch.setenv("FINOPS_TAGS", "Team, team=owner-Team,team= squad ,org,größe")
    with pytest.raises(SettingError, match="can't be a column"):
        settings.tag_keys()
    monkeypatch.setenv("FINOPS_TAGS", "Team, team=owner-Team,team= squad ,org")
    team, org = settings.tag_keys()
    assert (team.name, team.aliases) == ("team", ("team", "owner-team", "squad"))
    assert all(map(team.matches, ["team", "TEAM", " Team ", "Owner-Team", "squad"]))
    assert org.matches(" org")
    assert not team.matches("teams")


@pytest.mark.parametrize(
    ("tags", "says"),
    [("team=owner,org=Owner", "means team and org"), ("1st", "can't be a column"), ("=x", "''")],
)
def test_a_spelling_that_means_two_keys_is_refused(
    monkeypatch: pytest.MonkeyPatch, tags: str, says: str
) -> None:
    monkeypatch.setenv("FINOPS_TAGS", tags)
    with pytest.raises(SettingError, match=says):
        settings.tag_keys()


@pytest.mark.parametrize("port", ["0", "65536", "x"])
def test_an_invalid_port_is_refused(monkeypatch: pytest.MonkeyPatch, port: str) -> None:
    monkeypatch.setenv("FINOPS_PORT", port)
    with pytest.raises(SettingError, match="FINOPS_PORT"):
        settings.port()
