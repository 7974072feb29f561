"""The links to a file, a run and a month's costs."""

import pytest

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.settings import UI_URL, SettingError, web_address
from credits_pipeline.reporting import links

MONTH = BillingMonth(2025, 1)


@pytest.mark.parametrize("ui", ["", "https://dagster.example.com", "http://10.0.0.1:3000/team"])
def test_a_run_has_a_page_in_the_ui(ui: str) -> None:
    assert links.of_run(ui, "a1-b2") == f"{ui}/runs/a1-b2"


@pytest.mark.parametrize(
    ("endpoint", "page"),
    [
        (
            "https://s3.eu-west-1.amazonaws.com",
            "https://console.aws.amazon.com/s3/object/books?prefix=a%20b%2Fcredits.csv&versionId=v1",
        ),
        ("http://127.0.0.1:9000", ""),
        ("https://s3.us-gov-west-1.amazonaws.com", ""),
        ("https://s3.example.com", ""),
    ],
)
def test_a_file_has_a_page_in_the_console_where_s3_is_aws_s(endpoint: str, page: str) -> None:
    assert links.of_object(endpoint, "books", "a b/credits.csv", "v1") == page


def test_a_month_has_a_page_in_cloudzero_unless_that_is_a_stand_in() -> None:
    assert links.of_costs("http://127.0.0.1:8000", MONTH) == ""
    page = links.of_costs("https://api.cloudzero.com", MONTH)
    assert page.startswith("https://app.cloudzero.com/explorer?activeCostType=billed_cost&")
    assert "startDate=2025-01-01T00%3A00%3A00Z&endDate=2025-01-31T23%3A59%3A59Z" in page


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("", ""),
        ("https://dagster.example.com/", "https://dagster.example.com"),
        ("http://localhost:3000/team/", "http://localhost:3000/team"),
        ("http://[::1]:3000/a@b", "http://[::1]:3000/a@b"),
        ("https://kosten.münchen.example", "https://kosten.münchen.example"),
    ],
)
def test_the_uis_address_is_read_without_a_slash_at_its_end(
    text: str, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(UI_URL.name, text)
    assert UI_URL.read(web_address) == address


@pytest.mark.parametrize(
    "text",
    ["dagster.example.com", "javascript:alert(1)", "https://", "https://a.example/(b)",
     "https://a.example/<b", "https://a.example\\b", "https://a.example/\x1b[31m",
     "https://a.example/\u202eb", "https://a.example|b", "https://a.example?b"],
)  # fmt: skip
def test_what_is_not_an_address_is_refused_with_an_example(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(UI_URL.name, text)
    with pytest.raises(SettingError, match=r"https://dagster\.example\.com"):
        UI_URL.read(web_address)


@pytest.mark.parametrize("user", ["ann", "ann:s3cr3t-word", "ann:s3cr3t-word@b", ":s3cr3t-word"])
@pytest.mark.parametrize("site", ["https://{}@dagster.example.com", "http://{}@localhost:3000/x"])
def test_an_address_with_a_password_is_in_no_link_and_in_no_error(
    user: str, site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(UI_URL.name, site.format(user))
    with pytest.raises(SettingError, match="contains a user") as refused:
        UI_URL.read(web_address)
    assert "s3cr3t" not in str(refused.value)
