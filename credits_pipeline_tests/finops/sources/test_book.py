from pathlib import Path

import pytest

from credits_pipeline.finops.decisions import DecisionStore
from credits_pipeline.finops.decisions.opening import open_decisions
from credits_pipeline.finops.sources import (
    Provider,
    Source,
    SourceBook,
    SourceError,
    configured_sources,
)
from credits_pipeline_tests.finops.conftest import ANN

AWS = Source("aws", Provider.AWS, "s3://bills/exports/", "focus")


def test_a_source_is_kept_as_it_was_added_with_who_added_it(decisions: DecisionStore) -> None:
    book = SourceBook(decisions)
    book.add(AWS, by=ANN, why="the first one")

    assert book.all() == [AWS]
    assert book.get("aws").location == "s3://bills/exports"
    (change,) = decisions.changes("source", "aws")
    assert (change.who, change.why) == (ANN.who, "the first one")
    book.add(AWS, by=ANN)
    assert len(decisions.changes("source")) == 1


def test_another_source_replaces_one_of_the_same_name_only_if_that_is_asked_for(
    decisions: DecisionStore,
) -> None:
    book = SourceBook(decisions)
    book.add(AWS, by=ANN)
    moved = Source("aws", Provider.AWS, "s3://elsewhere/x", "focus")
    with pytest.raises(SourceError, match="a source aws already: aws at s3://bills/exports"):
        book.add(moved, by=ANN)
    book.add(moved, by=ANN, replace=True)
    assert book.all() == [moved]


def test_a_place_is_read_by_one_source_or_its_bill_would_count_twice(
    decisions: DecisionStore,
) -> None:
    book = SourceBook(decisions)
    book.add(AWS, by=ANN)
    with pytest.raises(SourceError, match="would count twice"):
        book.add(Source("again", Provider.AWS, "s3://bills/exports", "focus"), by=ANN)
    book.add(Source("other", Provider.AWS, "s3://bills/exports", "another"), by=ANN)
    assert [source.name for source in book.all()] == ["aws", "other"]


def test_a_missing_source_is_reported_with_those_that_exist(decisions: DecisionStore) -> None:
    book = SourceBook(decisions)
    with pytest.raises(SourceError, match="there is none yet"):
        book.get("aws")
    book.add(AWS, by=ANN)
    with pytest.raises(SourceError, match="there are aws"):
        book.remove("azure", by=ANN)
    book.remove("aws", by=ANN, why="moved")
    assert book.all() == []
    assert decisions.changes("source")[0].why == "moved"


@pytest.mark.parametrize(
    ("name", "provider", "location", "export", "says"),
    [
        ("AWS", "aws", "s3://bucket", "x", "can't be the name"),
        ("a b", "aws", "s3://bucket", "x", "can't be the name"),
        ("a" * 41, "aws", "s3://bucket", "x", "can't be the name"),
        ("../x", "aws", "s3://bucket", "x", "can't be the name"),
        ("credits-receipts", "aws", "s3://bucket", "x", "reserved for the receipts"),
        ("aws", "amazon", "s3://bucket", "x", "use one of aws, azure, gcp, focus"),
        ("aws", "aws", "s3://bucket", "", "lacks its export's name"),
        ("aws", "aws", "s3://bucket", "a/b", "can't be the name of an export"),
        ("aws", "aws", "s3://bucket", "a\n", "can't be the name of an export"),
        ("x", "focus", "", "", "has no location"),
        ("x", "focus", "https://host/x", "", "can't be the location"),
        ("x", "focus", "s3://", "", "can't be the location"),
        ("x", "focus", "s3://buc ket/x", "", "can't be the location"),
        ("x", "focus", "s3://bucket/a/../b", "", "has . or .. as a step"),
    ],
)
def test_what_can_t_be_a_source_is_refused_with_what_to_do(
    name: str, provider: str, location: str, export: str, says: str
) -> None:
    with pytest.raises(SourceError, match=says) as refused:
        Source.of(name, {"provider": provider, "location": location, "export": export})
    assert "What to do: " in str(refused.value)


@pytest.mark.parametrize(
    "body", [{"provider": "gcp", "location": 7}, {"provider": "gcp", "x": "y"}]
)
def test_a_source_that_was_kept_wrong_is_reported(body: dict[str, object]) -> None:
    with pytest.raises(SourceError, match="source gcp has"):
        Source.of("gcp", body)


def test_a_folder_is_kept_whole_so_that_a_daemon_elsewhere_finds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert Source("x", Provider.FOCUS, "bills/").location == str(tmp_path / "bills")


def test_asking_for_the_sources_where_nothing_was_decided_makes_no_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FINOPS_STORAGE", str(tmp_path / "finops"))
    assert configured_sources() == []
    assert not (tmp_path / "finops").exists()
    with open_decisions() as decisions:
        SourceBook(decisions).add(AWS, by=ANN)
    assert configured_sources() == [AWS]


def test_sources_that_are_kept_in_git_are_read_and_never_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "decisions" / "source"
    folder.mkdir(parents=True)
    (folder / "aws.yaml").write_text("provider: aws\nlocation: s3://bills/exports\nexport: focus\n")
    monkeypatch.setenv("FINOPS_DECISIONS", f"files:{tmp_path / 'decisions'}")

    assert configured_sources() == [AWS]
    with open_decisions() as decisions:
        book = SourceBook(decisions)
        with pytest.raises(Exception, match=r"kept in files.*source/gcp\.yaml"):
            book.add(Source("gcp", Provider.GCP, "gs://bills"), by=ANN)
        with pytest.raises(Exception, match=r"kept in files.*source/aws\.yaml"):
            book.remove("aws", by=ANN)
