import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from credits_pipeline.finops.decisions import (
    DecisionsError,
    DecisionStore,
    InvalidDecisionError,
    Ruling,
)
from credits_pipeline.finops.decisions.archive import packed, unpacked
from credits_pipeline.finops.decisions.exchange import differences
from credits_pipeline.finops.decisions.files import FileDecisions, write_contents
from credits_pipeline.finops.decisions.kind import ITEMS, JUDGED, check_item, item_kind, judged_kind
from credits_pipeline_tests.finops.conftest import ANN, BEN

_IDS = st.sampled_from(["a", "b", "ü/c", "..", "d e"])
_BODIES = st.dictionaries(st.sampled_from(["x", "y"]), st.integers(0, 3), min_size=1)
_FOLDERS = st.sampled_from(["budget", "rule", "states/anomaly"])
_STATES = st.sampled_from([{"state": "done"}, {"state": "open", "note": "n"}, {"state": "seen"}])


@st.composite
def contents(draw: st.DrawFn) -> dict[str, dict[str, dict[str, Any]]]:
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for folder in draw(st.lists(_FOLDERS, unique=True)):
        bodies = _STATES if folder.startswith("states/") else _BODIES
        items = draw(st.dictionaries(_IDS, bodies, min_size=1, max_size=3))
        found[folder] = items
    return found


@given(first=contents(), second=contents())
@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_a_store_takes_in_what_files_say_and_writes_the_same_files(
    tmp_path_factory: pytest.TempPathFactory, first: Any, second: Any
) -> None:
    folder = tmp_path_factory.mktemp("files")
    with DecisionStore.open(f"sqlite:///{folder}/store.sqlite") as store:
        store.take_in(first, by=ANN, prune=True)
        changed = store.take_in(second, by=BEN, why="second", prune=True)
        assert store.contents() == second
        write_contents(folder / "out", store.contents())
        log = store.changes(limit=len(changed) or 1)
    read = FileDecisions(folder / "out")
    if second:
        assert read.contents() == second
    assert changed == differences(first, second)
    if changed:
        assert {(one.who, one.via, one.why) for one in log} == {(BEN.who, BEN.via, "second")}


def test_without_prune_what_no_file_says_stays(decisions: DecisionStore) -> None:
    decisions.put("rule", "a", {"x": 1}, by=ANN, expected=None)
    (added,) = decisions.take_in({"rule": {"b": {"x": 2}}}, by=BEN)
    assert (added.what, added.id) == ("added", "b")
    assert [item.id for item in decisions.items("rule")] == ["a", "b"]


def test_if_some_files_can_t_be_stored_none_is(tmp_path: Path) -> None:
    def refuse(_: str, id_: str, __: object) -> None:
        if id_ == "z":
            raise InvalidDecisionError("z can't be kept")

    url = f"sqlite:///{tmp_path}/store.sqlite"
    with DecisionStore.open(url, check_item=refuse) as store:
        with pytest.raises(InvalidDecisionError, match="z can't be kept"):
            store.take_in({"rule": {"a": {}, "z": {}}}, by=ANN)
        assert store.contents() == {}
        assert store.changes() == []


@pytest.mark.parametrize("name", sorted(ITEMS))
def test_every_kind_is_found_where_it_is_said_to_be_and_refuses_what_it_does_not_know(
    name: str,
) -> None:
    assert item_kind(name).name == name
    with pytest.raises(InvalidDecisionError, match=f"the {name} 'x' can't be stored.*What to do"):
        check_item(name, "x", {"surely-no-field": 1})


@pytest.mark.parametrize("name", sorted(JUDGED))
def test_every_kind_of_findings_is_found_where_it_is_said_to_be(name: str) -> None:
    kind = judged_kind(name)
    assert kind.name == name
    assert set(kind.reasons) <= set(kind.states)
    with pytest.raises(ValueError, match="is one of"):
        kind.check("no-such-state", "")


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(InvalidDecisionError, match="no kind of decisions 'budgte'"):
        check_item("budgte", "x", {})


def test_what_files_say_of_a_finding_is_read_and_never_written(tmp_path: Path) -> None:
    write_contents(
        tmp_path,
        {"states/anomaly": {"a1": {"state": "seen", "note": "n", "until": "2026-05-01"}}},
    )
    files = FileDecisions(tmp_path)
    state = files.states.of("anomaly")["a1"]
    assert (state.state, state.note, str(state.until)) == ("seen", "n", "2026-05-01 00:00:00+00:00")
    with pytest.raises(DecisionsError, match=r"kept in files.*states/anomaly/a1\.yaml"):
        files.states.set("anomaly", "a1", Ruling("open"), by=ANN, expected=1)


@given(wanted=contents())
@settings(max_examples=25)
def test_a_zip_says_what_was_packed_and_is_the_same_bytes_each_time(wanted: Any) -> None:
    file = packed(wanted)
    assert unpacked(file) == wanted
    assert packed({folder: dict(reversed(items.items())) for folder, items in wanted.items()}) == (
        file
    )


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("../budget/a.yaml", "a: 1", "holds '../budget/a.yaml'"),
        ("/etc/a.yaml", "a: 1", "holds '/etc/a.yaml'"),
        ("budget/deep/a.yaml", "a: 1", "holds 'budget/deep/a.yaml'"),
        ("a.yaml", "a: 1", "holds 'a.yaml'"),
        ("budget/a.txt", "a: 1", "holds 'budget/a.txt'"),
        ("budget/a.yaml", "a: [", r"^budget/a\.yaml, line 1"),
        ("budget/a.yaml", "a: " + "x" * 1_000_001, "larger than 1000000 bytes"),
        ("budget/a.yaml", "x" * 20_000_001, "more than 20,000 files or 20,000,000 bytes"),
    ],
)
def test_a_zip_that_can_t_be_used_is_reported_by_the_file_in_it(
    name: str, text: str, says: str
) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, text)
    with pytest.raises(DecisionsError, match=says):
        unpacked(out.getvalue())


def test_what_is_not_a_zip_is_reported() -> None:
    with pytest.raises(DecisionsError, match="this is not a ZIP"):
        unpacked(b"PK no")
