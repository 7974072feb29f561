"""A few ticks of the soak, which by itself makes two hundred over ten years of history."""

import pytest

from credits_pipeline_tests.faults.soak import run_soak

pytestmark = [pytest.mark.live, pytest.mark.timeout(900)]


def test_ticks_cost_the_same_over_history_and_old_ones_are_thrown_away() -> None:
    wrong, figures = run_soak(ticks=4, months=24, others=1_500)
    assert wrong == [], figures
