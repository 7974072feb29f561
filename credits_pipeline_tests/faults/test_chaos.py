"""A few schedules of the chaos, which by itself runs two hundred and fifty from a new seed."""

import pytest

from credits_pipeline_tests.faults.chaos import run_bare
from credits_pipeline_tests.faults.chaos_live import run_live
from credits_pipeline_tests.faults.chaos_wing import run_wing

pytestmark = [pytest.mark.live, pytest.mark.timeout(900)]


def test_nine_kills_of_a_bare_process_leave_the_month_right_or_reported() -> None:
    violations, figures = run_bare(seed=2, count=9)
    assert violations == [], figures
    assert ", 0 killed" not in figures


def test_after_a_power_cut_in_the_midst_of_a_drop_the_month_completes() -> None:
    violations, figures = run_live(seed=4, count=1, targets=("everything",))
    assert violations == [], figures


def test_bills_that_are_taken_in_published_and_closed_survive_kills_whole_in_each_place() -> None:
    violations, figures = run_wing(seed=3, count=4)
    assert violations == [], figures
