from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from credits_pipeline.finops.decisions import DecisionsError, DecisionStore
from credits_pipeline.finops.decisions.archive import packed, unpacked
from credits_pipeline.finops.decisions.body import canonical
from credits_pipeline.finops.decisions.files import FileDecisions, write_contents
from credits_pipeline.finops.decisions.item import Snapshot
from credits_pipeline_tests.finops.conftest import ANN

BODY = {"name": "Plattform", "amount": "1200.50", "from": "2026-01-01", "teams": ["平台", "on"]}


def test_files_and_the_database_that_they_came_from_have_one_digest(
    decisions: DecisionStore, tmp_path: Path
) -> None:
    decisions.put("budget", "platform", BODY, by=ANN, expected=None)
    decisions.put("rule", "1", {"position": 1, "until": None, "on": True}, by=ANN, expected=None)
    taken = decisions.snapshot()

    written = write_contents(tmp_path, taken.contents)

    assert [path.relative_to(tmp_path).as_posix() for path in written] == [
        "budget/platform.yaml", "rule/1.yaml",
    ]  # fmt: skip
    files = FileDecisions(tmp_path)
    assert files.snapshot() == taken
    assert files.snapshot(["rule"]) == decisions.snapshot(["rule"])
    item = files.item("budget", "platform")
    assert item is not None
    assert item.body == BODY


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
bodies = st.dictionaries(
    texts, st.recursive(texts | st.integers() | st.booleans() | st.none(), st.lists, max_leaves=4)
)


@given(id_=texts.filter(bool), body=bodies, times=st.sampled_from([1, 1, 3, 16]))
@example(id_="集", body={}, times=80)
@example(id_=".", body={}, times=200)
@example(id_="\N{PARTY POPPER}", body={}, times=200)
def test_what_is_written_as_yaml_is_read_back_whatever_its_id_and_words(
    tmp_path_factory: pytest.TempPathFactory, id_: str, body: dict[str, Any], times: int
) -> None:
    folder = tmp_path_factory.mktemp("yaml")
    snapshot = Snapshot({"rule": {id_ * times: body}})
    (path,) = write_contents(folder, snapshot.contents)
    assert path.is_relative_to(folder / "rule")
    assert not any(part.startswith(".") for part in path.relative_to(folder).parts)
    assert canonical(FileDecisions(folder).snapshot().contents) == canonical(snapshot.contents)
    assert unpacked(packed(snapshot.contents)) == snapshot.contents


def test_files_in_other_folders_are_no_items(tmp_path: Path) -> None:
    (tmp_path / "budget" / "old").mkdir(parents=True)
    (tmp_path / "budget" / "old" / "b.yaml").write_text("a: 1\n")
    assert FileDecisions(tmp_path).items("budget") == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("amount: 12.5\n", "amount is the number 12.5.*write it as text"),
        ("a: [1\n", "line 2, column 1: it is not YAML"),
        ("- a\n", "an object with named fields"),
        ("a: !!python/object/apply:os.system [ls]\n", "not YAML"),
        ("1: a\n", "the name 1 in it is not a text"),
        ("a: .nan\n", "a is the number nan"),
    ],
)
def test_a_file_that_can_t_be_used_is_reported_by_its_name_and_place(
    tmp_path: Path, text: str, says: str
) -> None:
    (tmp_path / "budget").mkdir()
    (tmp_path / "budget" / "b.yaml").write_text(text)
    for ask in (lambda files: files.item("budget", "b"), lambda files: files.items("budget")):
        with pytest.raises(DecisionsError, match=rf"b\.yaml.*{says}"):
            ask(FileDecisions(tmp_path))


def test_a_missing_folder_is_reported_and_does_not_count_as_no_decisions(tmp_path: Path) -> None:
    with pytest.raises(DecisionsError, match="which is not there"):
        FileDecisions(tmp_path / "nowhere").items("budget")
