"""The environment's settings: impossible values are refused before they do harm."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from credits_pipeline.core.settings import SettingError, at_least, days, storage_root

FOLDERS = st.lists(st.sampled_from(["credits", "cre", "a", "attempts"]), max_size=3).map("/".join)
#: The name of everything that a run stores begins with one of these.
KEPT = ["credits/2025-01/r/entry.json", "attempts/2025-01/r.json", "current/credits/2025-01.json"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(FOLDERS, FOLDERS, st.booleans(), st.booleans())
def test_nothing_is_stored_in_the_inbox_or_around_it(
    storage: str, prefix: str, slash: bool, other: bool
) -> None:
    prefix = f"{prefix}/" if slash and prefix else prefix
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CREDITS_BUCKET", "b")
        patch.setenv("CREDITS_PREFIX", prefix)
        patch.setenv("CREDITS_STORAGE", f"s3://{'other' if other else 'b'}/{storage}".rstrip("/"))
        folder = f"{storage}/" if storage else ""
        inside = [name for name in KEPT if f"{folder}{name}".startswith(prefix)]
        around = f"{prefix}credits-2025-01.csv".startswith(folder)
        try:
            storage_root()
        except SettingError:
            assert not other
            assert inside or around or folder.startswith(prefix) or prefix.startswith(folder)
        else:
            assert other or not (inside or around)


@pytest.mark.parametrize("text", ["9" * 5000, "1" + "0" * 30, "-1", "1.5", "", "٣", "1e3"])
def test_a_number_that_nothing_counts_is_not_a_setting(text: str) -> None:
    for parse in (at_least(0), days):
        with pytest.raises(ValueError, match="whole number"):
            parse(text)


def test_a_number_of_days_beyond_the_calendar_is_not_a_setting() -> None:
    with pytest.raises(ValueError, match="at most 36500"):
        days("999999999")
    assert days("0036500").days == 36_500
