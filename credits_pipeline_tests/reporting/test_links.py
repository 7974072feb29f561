"""Links to a run and a month, with the UI's address and without."""

import pytest

from credits_pipeline.billing.month import BillingMonth
from credits_pipeline.reporting import links
from credits_pipeline.settings import UI_URL, SettingError, web_address

MONTH = BillingMonth(2025, 1)


@pytest.mark.parametrize("ui", ["", "https://dagster.example.com", "http://10.0.0.1:3000/team"])
def test_links_lead_to_the_uis_pages(ui: str) -> None:
    assert links.of_run(ui, "a1-b2") == f"{ui}/runs/a1-b2"
    assert links.of_month(ui, MONTH) == (
        f"{ui}/assets/cloudzero_drop?view=partitions&partition=2025-01-01"
    )


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("", ""),
        ("https://dagster.example.com/", "https://dagster.example.com"),
        ("http://localhost:3000/team/", "http://localhost:3000/team"),
    ],
)
def test_the_uis_address_is_read_without_a_slash_at_its_end(
    text: str, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(UI_URL.name, text)
    assert UI_URL.read(web_address) == address


@pytest.mark.parametrize("text", ["dagster.example.com", "javascript:alert(1)", "https://"])
def test_what_is_no_address_is_refused_with_an_example(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(UI_URL.name, text)
    with pytest.raises(SettingError, match=r"https://dagster\.example\.com"):
        UI_URL.read(web_address)
