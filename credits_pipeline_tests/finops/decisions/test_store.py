from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from credits_pipeline.finops.decisions import (
    Author,
    ChangedMeanwhileError,
    DecisionsError,
    DecisionStore,
    InvalidBodyError,
    InvalidDecisionError,
    Item,
)
from credits_pipeline.finops.decisions.body import canonical, checked
from credits_pipeline_tests.finops.conftest import ANN, BEN

BUDGET = {"name": "Platform", "amount": "1200.50", "thresholds": [50, 80, 100], "note": "für 北京"}


def test_what_was_written_is_read_back_with_its_version_and_author(
    decisions: DecisionStore,
) -> None:
    written = decisions.put("budget", "platform", BUDGET, by=ANN, expected=None)

    assert decisions.item("budget", "platform") == written
    assert (written.version, written.updated_by, written.body) == (1, ANN.who, BUDGET)
    assert decisions.items("budget") == [written]
    assert decisions.items("rule") == []


def test_every_write_leaves_who_when_through_what_before_after_and_why(
    decisions: DecisionStore,
) -> None:
    decisions.put("budget", "p", {"amount": "1.00"}, by=ANN, expected=None, why="new team")
    changed = decisions.put("budget", "p", {"amount": "2.00"}, by=BEN, expected=1)
    decisions.delete("budget", "p", by=ANN, expected=2, why="team is gone")

    gone, second, first = decisions.changes("budget", "p")
    assert (first.before, first.after, first.why, first.via) == (
        None, {"amount": "1.00"}, "new team", "ui",
    )  # fmt: skip
    assert (second.before, second.after, second.who, second.via, second.version, second.at) == (
        {"amount": "1.00"}, {"amount": "2.00"}, BEN.who, "cli", 2, changed.updated_at,
    )  # fmt: skip
    assert (gone.before, gone.after, gone.version, gone.why) == (
        {"amount": "2.00"}, None, 3, "team is gone",
    )  # fmt: skip


def test_of_twenty_editors_one_saves_and_nineteen_are_told_what_changed(
    decisions: DecisionStore,
) -> None:
    decisions.put("budget", "p", {"amount": "0.00", "owner": "x"}, by=ANN, expected=None)

    def edit(number: int) -> Item | ChangedMeanwhileError:
        wanted = {"amount": f"{number}.50", "owner": "x"}
        try:
            return decisions.put(
                "budget", "p", wanted, by=Author(f"editor-{number}", "ui"), expected=1
            )
        except ChangedMeanwhileError as error:
            return error

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(edit, range(20)))

    saved = [answer for answer in answers if isinstance(answer, Item)]
    refused = [answer for answer in answers if isinstance(answer, ChangedMeanwhileError)]
    assert (len(saved), len(refused)) == (1, 19)
    assert decisions.item("budget", "p") == saved[0]
    assert len(decisions.changes("budget", "p")) == 2
    for error in refused:
        assert error.found == saved[0]
        assert list(error.differences()) == ["amount"]
        assert f"amount is '{saved[0].body['amount']}', you wrote" in str(error)
        assert saved[0].updated_by in str(error)


def test_of_twenty_who_make_the_same_thing_one_does(decisions: DecisionStore) -> None:
    def make(number: int) -> bool:
        try:
            decisions.put("rule", "r", {"position": number}, by=ANN, expected=None)
        except ChangedMeanwhileError:
            return False
        return True

    with ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(make, range(20))) == 1
    assert len(decisions.changes("rule")) == 1


def test_a_thing_that_was_taken_away_can_neither_be_changed_nor_taken_away_and_can_come_back(
    decisions: DecisionStore,
) -> None:
    decisions.put("rule", "r", {"a": 1}, by=ANN, expected=None)
    decisions.delete("rule", "r", by=ANN, expected=1)

    assert decisions.item("rule", "r") is None
    for attempt in (
        lambda: decisions.put("rule", "r", {"a": 2}, by=BEN, expected=1),
        lambda: decisions.delete("rule", "r", by=BEN, expected=1),
        lambda: decisions.delete("rule", "r", by=BEN, expected=2),
    ):
        with pytest.raises(ChangedMeanwhileError, match="no longer exists"):
            attempt()
    assert decisions.put("rule", "r", {"a": 3}, by=BEN, expected=None).version == 3


def test_the_log_s_numbers_are_in_the_order_of_what_happened(decisions: DecisionStore) -> None:
    with ThreadPoolExecutor(10) as pool:
        list(
            pool.map(
                lambda n: decisions.put("x", str(n), {"n": n}, by=ANN, expected=None), range(60)
            )
        )

    changes = decisions.changes("x")
    assert [change.id for change in changes] == sorted(
        (change.id for change in changes), reverse=True
    )
    assert {change.key for change in changes} == {str(n) for n in range(60)}


def test_the_database_itself_refuses_to_rewrite_the_log(
    decisions: DecisionStore, decisions_url: str
) -> None:
    decisions.put("rule", "r", {"a": 1}, by=ANN, expected=None)
    engine = sa.create_engine(decisions_url)
    table = "change" if engine.dialect.name == "sqlite" else "finops.change"
    for statement in ("UPDATE {} SET who = 'nobody'", "DELETE FROM {}"):
        with engine.begin() as connection, pytest.raises(sa.exc.DBAPIError, match="only ever"):
            connection.exec_driver_sql(statement.format(table))
    engine.dispose()
    assert decisions.changes()[0].who == ANN.who


def test_equal_contents_have_one_digest_and_are_found_by_it(decisions: DecisionStore) -> None:
    decisions.put("budget", "b", {"amount": "1.00", "name": "x"}, by=ANN, expected=None)
    decisions.put("rule", "r", {"position": 1}, by=ANN, expected=None)
    taken = decisions.snapshot(["budget"])
    decisions.put("rule", "r", {"position": 2}, by=BEN, expected=1)
    assert decisions.snapshot(["budget"]) == taken

    decisions.put("budget", "b", {"amount": "2.00", "name": "x"}, by=BEN, expected=1)
    later = decisions.snapshot(["budget"])
    assert later.digest != taken.digest
    decisions.put("budget", "b", {"name": "x", "amount": "1.00"}, by=ANN, expected=2)
    assert decisions.snapshot(["budget"]).digest == taken.digest
    kept = decisions.kept_snapshot(taken.digest)
    assert kept is not None
    assert kept.of("budget") == {"b": {"amount": "1.00", "name": "x"}}
    assert decisions.kept_snapshot("0" * 64) is None


def test_the_two_databases_give_equal_contents_the_same_digest(
    decisions: DecisionStore, tmp_path: Path
) -> None:
    with DecisionStore.open(f"sqlite:///{tmp_path}/other.sqlite") as other:
        for store in (decisions, other):
            store.put("budget", "ü", BUDGET, by=ANN, expected=None)
        assert decisions.snapshot() == other.snapshot()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(body=st.dictionaries(st.text(max_size=5), json_values, max_size=4))
def test_a_body_is_kept_word_for_word_or_refused(body: dict[str, Any]) -> None:
    text = canonical(body)
    if "\\u0000" in text:
        with pytest.raises(InvalidBodyError, match="databases can't store"):
            checked(body)
    else:
        assert checked(body) == body


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"a": {"b": [1, 2.5]}}, r"a\.b\[1\] is the number 2\.5"),
        ({"amount": Decimal("1.00")}, "amount is a Decimal"),
        ({1: "a"}, "the name 1"),
        ({"a": "\ud800"}, "a contains a character"),
        ([], "an object with named fields"),
    ],
)
def test_what_json_can_t_hold_exactly_is_refused_with_its_place(body: Any, says: str) -> None:
    with pytest.raises(InvalidBodyError, match=says):
        checked(body)


@pytest.mark.parametrize(
    ("id_", "says"),
    [
        ("a" * 201, "its id has 201 letters.*What to do: choose a shorter name"),
        ("a\0", "its id contains a character that databases can't store"),
        ("\ud800", "its id contains a character that databases can't store"),
    ],
    ids=["long", "nul", "half"],
)
def test_an_id_that_one_of_the_databases_could_not_keep_is_refused_by_both(
    decisions: DecisionStore, id_: str, says: str
) -> None:
    with pytest.raises((InvalidBodyError, InvalidDecisionError), match=says):
        decisions.put("view", id_, {}, by=ANN, expected=None)
    assert decisions.items("view") == []
    decisions.put("view", "\N{PARTY POPPER}" * 200, {}, by=ANN, expected=None)


def test_an_unreachable_database_is_reported_without_its_password() -> None:
    with pytest.raises(DecisionsError) as refused:
        DecisionStore.open("postgresql+psycopg2://ann:s3cr3t@127.0.0.1:1/x")
    assert "What to do: check that FINOPS_DATABASE_URL" in str(refused.value)
    assert "s3cr3t" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("not an address s3cr3t", "is not the address of a database"),
        ("mysql+pymysql://ann:s3cr3t@localhost/x", "can't be kept in mysql"),
        ("sqlite://", "needs a file"),
        ("sqlite:////dev/null/x/s.sqlite", "can't be made"),
    ],
)
def test_a_database_that_can_t_be_used_is_reported_with_what_to_do(url: str, says: str) -> None:
    with pytest.raises(DecisionsError, match=says) as refused:
        DecisionStore.open(url)
    assert "What to do" in str(refused.value)
    assert "s3cr3t" not in str(refused.value)
