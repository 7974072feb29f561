"""What a look at manifests starts: each change once, retries of failures, and nothing is lost."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.assets.looking import Last, Look, Seen, look, parse, spelled

NOW = datetime(2026, 6, 3, 4, 5, tzinfo=UTC)
MAY = BillingMonth(2026, 5)


def at(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")


def looked(
    cursor: dict[str, Seen],
    marks: dict[str, dict[BillingMonth, str]],
    *,
    failed: dict[str, str] | None = None,
    now: datetime = NOW,
    passes: bool = True,
) -> Look:
    failures = failed or {}

    def last(source: str, month: BillingMonth) -> Last | None:
        key = f"{source}|{month}"
        return Last(failures[key], passes) if key in failures else None

    return look(cursor, marks, last, now)


def test_a_delivery_is_asked_for_once_and_again_when_it_changes() -> None:
    first = looked({}, {"aws": {MAY: "a"}})
    assert [(ask.source, ask.month, ask.again) for ask in first.asks] == [("aws", MAY, 0)]
    assert looked(first.cursor, {"aws": {MAY: "a"}}).asks == ()
    assert len(looked(first.cursor, {"aws": {MAY: "b"}}).asks) == 1


def test_a_delivery_that_comes_back_has_another_run_key() -> None:
    """Dagster remembers a run key for ever, whatever happened to the run."""
    cursor: dict[str, Seen] = {}
    keys = []
    for mark in ("a", "b", "a"):
        found = looked(cursor, {"aws": {MAY: mark}})
        keys += [ask.run_key(f"identity of {mark}") for ask in found.asks]
        cursor = found.cursor
    assert len(set(keys)) == 3
    assert "identity of b" in keys[1]


def test_a_failure_that_passes_is_asked_for_again_each_time_later() -> None:
    found = looked({}, {"aws": {MAY: "a"}})
    now, waits = NOW, []
    for _ in range(20):
        failed = {"aws|2026-05": at(now)}
        for minutes in range(0, 24 * 60, 5):
            later = now + timedelta(minutes=minutes)
            again = looked(found.cursor, {"aws": {MAY: "a"}}, failed=failed, now=later)
            if again.asks:
                waits.append(minutes)
                found, now = again, later
                break
    assert waits == [15, 60, 240, *[720] * 6]
    assert looked(found.cursor, {"aws": {MAY: "b"}}).asks[0].again == 0


def test_what_waits_for_a_person_is_not_asked_for_again() -> None:
    found = looked({}, {"aws": {MAY: "a"}})
    ended, later = {"aws|2026-05": at(NOW + timedelta(hours=1))}, NOW + timedelta(days=30)
    again = looked(found.cursor, {"aws": {MAY: "a"}}, failed=ended, now=later, passes=False)
    assert again.asks == ()


def test_a_run_that_ended_without_a_word_is_asked_for_again() -> None:
    """Its machine was lost before it stored its attempt; an older attempt says nothing about it."""
    found = looked({}, {"aws": {MAY: "a"}})
    for before in ({}, {"aws|2026-05": at(NOW - timedelta(hours=9))}):
        for hours, asks in ((11, 0), (13, 1)):
            later = NOW + timedelta(hours=hours)
            again = looked(found.cursor, {"aws": {MAY: "a"}}, failed=before, now=later)
            assert len(again.asks) == asks


def test_a_source_that_can_t_be_listed_keeps_what_is_known_of_it() -> None:
    found = looked({}, {"aws": {MAY: "a"}, "azure": {MAY: "z"}})
    assert looked(found.cursor, {"azure": {MAY: "z"}}).cursor == found.cursor
    assert looked(found.cursor, {"aws": {MAY: "a"}, "azure": {MAY: "z"}}).asks == ()


@given(
    st.dictionaries(
        st.sampled_from(["aws", "azure", "gcp"]),
        st.dictionaries(
            st.builds(BillingMonth, st.integers(2020, 2026), st.integers(1, 12)),
            st.text(max_size=3),
            max_size=40,
        ),
    )
)
def test_every_month_is_asked_for_sooner_or_later_the_newest_first(
    marks: dict[str, dict[BillingMonth, str]],
) -> None:
    cursor: dict[str, Seen] = {}
    asked = []
    for _ in range(10):
        found = looked(parse(spelled(cursor)), marks)
        asked += [(ask.month, ask.source) for ask in found.asks]
        cursor = found.cursor
        assert len(found.asks) <= 25
        assert (found.waiting == 0) or len(found.asks) == 25
    assert asked == sorted(
        ((month, source) for source, of in marks.items() for month in of), reverse=True
    )
