from datetime import UTC, datetime

import pytest

from credits_pipeline.finops.decisions import ChangedMeanwhileError, DecisionStore, Ruling
from credits_pipeline_tests.finops.conftest import ANN, BEN

DIGESTS = {"inputs_digest": "a" * 64, "totals_digest": "b" * 64}


def test_a_judgement_is_kept_with_its_time_and_in_the_log(decisions: DecisionStore) -> None:
    until = datetime(2026, 12, 24, 18, 30, tzinfo=UTC)
    judged = decisions.states.set(
        "violation",
        "v-1",
        Ruling("snoozed", until=until, note="after the fair"),
        by=ANN,
        expected=None,
    )

    assert decisions.states.of("violation") == {"v-1": judged}
    assert judged.until == until
    (change,) = decisions.changes("violation", "v-1")
    assert (change.before, change.why) == (None, "after the fair")
    assert change.after is not None
    assert change.after["until"] == "2026-12-24T18:30:00+00:00"


def test_a_person_learns_of_an_earlier_judgement(decisions: DecisionStore) -> None:
    decisions.states.set("anomaly", "a", Ruling("seen"), by=ANN, expected=None)
    decisions.states.set("anomaly", "a", Ruling("dismissed"), by=BEN, expected=1)
    for expected in (None, 1):
        with pytest.raises(ChangedMeanwhileError, match=BEN.who):
            decisions.states.set("anomaly", "a", Ruling("open"), by=ANN, expected=expected)
    assert decisions.states.of("anomaly")["a"].state == "dismissed"
    assert len(decisions.changes("anomaly")) == 2


def test_a_month_is_closed_once_reopened_and_closed_again_and_the_log_has_all_of_it(
    decisions: DecisionStore,
) -> None:
    months = decisions.closed_months
    first = months.close("2026-05", "default", **DIGESTS, by=ANN)
    with pytest.raises(ChangedMeanwhileError, match="there already"):
        months.close("2026-05", "default", **DIGESTS, by=BEN)
    months.close("2026-05", "other", **DIGESTS, by=BEN)
    opened = months.reopen("2026-05", "default", expected=1, by=BEN, why="a late bill")
    assert (opened.who, opened.reopened_by, opened.at) == (ANN.who, BEN.who, first.at)
    with pytest.raises(ChangedMeanwhileError):
        months.reopen("2026-05", "default", expected=2, by=BEN)
    again = months.close("2026-05", "default", **DIGESTS, by=ANN)

    assert months.find("2026-05", "default") == again
    assert (again.version, again.reopened_at) == (3, None)
    assert [closed.model for closed in months.all()] == ["default", "other"]
    assert [change.version for change in decisions.changes("close", "2026-05 default")] == [3, 2, 1]
