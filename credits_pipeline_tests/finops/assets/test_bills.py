"""Bills on a real Dagster instance: from the sensor's tick to published totals, and refusals."""

import gzip
import json
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from credits_pipeline.core.settings import Schedule
from credits_pipeline.credits.assets.build import build_definitions
from credits_pipeline.finops.assets.bills import MARTS, PUBLISHED
from credits_pipeline.finops.decisions import Author
from credits_pipeline.finops.decisions.opening import open_decisions
from credits_pipeline.finops.invoices import InvoiceBook, StatedInvoice
from credits_pipeline.finops.marts.catalogue import marts
from credits_pipeline.finops.publish.published import open_current
from credits_pipeline.finops.samples import Written
from credits_pipeline.finops.sources import Source
from credits_pipeline_tests.finops.assets.conftest import Wing, add, totals


def billed(storage: Path) -> dict[tuple[str, str], Decimal]:
    published = open_current(storage)
    assert published is not None
    found = published.rows(
        "SELECT source, billing_month, SUM(billed_cost) FROM spend_monthly GROUP BY ALL"
    )
    return {(source, month): cost for source, month, cost in found}


def held(result: dg.ExecuteInProcessResult) -> dict[str, bool]:
    return {
        f"{found.asset_key.to_user_string()}: {found.check_name}": found.passed
        for found in result.get_asset_check_evaluations()
    }


def source_of(written: Written, name: str) -> Source:
    return next(source for source in written.sources if source.name == name)


def small(written: Written, folder: Path) -> Source:
    """A copy of the smallest sample, which a test may damage."""
    found = source_of(written, "aws-labs")
    shutil.copytree(found.location, folder / "aws-labs")
    return Source(found.name, found.provider, str(folder / "aws-labs"), found.export)


def test_the_tick_starts_a_run_a_month_and_the_run_publishes_the_bill_s_total(
    sample_bills: Written, wing: Wing, storage: Path
) -> None:
    add(source_of(sample_bills, "aws-labs"))
    tick = wing.tick()
    requests = {request.partition_key: request for request in tick.run_requests}
    assert sorted(requests) == ["2026-05-01|aws-labs", "2026-06-01|aws-labs"]
    assert len({request.run_key for request in tick.run_requests}) == 2
    result = wing.run("2026-05-01|aws-labs")
    assert result.success, held(result)
    stated = totals(sample_bills)[("aws-labs", "2026-05")]
    assert billed(storage) == {("aws-labs", "2026-05"): Decimal(stated["billed"])}
    looked = held(result)
    assert {name for name, passed in looked.items() if not passed} <= {
        f"{PUBLISHED}: data_is_fresh"
    }
    assert sum("sums_to_its_rows" in name for name in looked) == len(MARTS)
    rows = result.asset_materializations_for_node("focus_costs")[0].metadata
    assert rows["rows"].value == stated["rows"]
    assert rows["BilledCost USD"].value == stated["billed"]
    # The same once more: nothing is new, and nothing changes.
    version = open_current(storage)
    assert wing.run("2026-05-01|aws-labs").success
    assert open_current(storage) is version
    assert "none of them new" in wing.tick(tick.cursor).skip_message


def test_a_delivery_that_is_broken_counts_nowhere_and_says_where(
    sample_bills: Written, wing: Wing, storage: Path, tmp_path: Path
) -> None:
    source = small(sample_bills, tmp_path)
    add(source)
    wing.tick()
    assert wing.run("2026-05-01|aws-labs").success
    before = billed(storage)
    for file in Path(source.location).rglob("*.parquet"):
        file.write_bytes(file.read_bytes()[:-100])
    for manifest in Path(source.location).rglob("*Manifest.json"):
        manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "again": 1}))
    result = wing.run("2026-05-01|aws-labs")
    assert not result.success
    assert billed(storage) == before
    red = {
        found.check_name: found.description
        for found in result.get_asset_check_evaluations()
        if not found.passed
    }
    assert "this_delivery_counts" in red
    assert "focus-labs-00001.snappy.parquet" in str(red["this_delivery_counts"])
    steps = {event.step_key for event in result.all_events if event.is_step_success}
    assert "spend_marts" not in steps
    assert "published_spend" not in steps


def test_a_stated_invoice_holds_a_bill_back_and_a_later_one_is_reported(
    sample_bills: Written, wing: Wing, storage: Path
) -> None:
    add(source_of(sample_bills, "aws-labs"))
    wing.tick()

    def state(total: str) -> None:
        with open_decisions() as decisions:
            InvoiceBook(decisions).state(
                StatedInvoice("aws-labs", "2026-05", number, "USD", Decimal(total)),
                by=Author("ann", "cli"),
            )

    number = "not in the bill"
    state("1.00")
    result = wing.run("2026-05-01|aws-labs")
    assert not result.success
    assert not held(result)["focus_costs: totals_match_invoices"]
    assert open_current(storage) is None
    accepting = wing.run(
        "2026-05-01|aws-labs",
        {"ops": {"focus_costs": {"config": {"accept": ["totals_match_invoices"]}}}},
    )
    assert held(accepting)["focus_costs: this_delivery_counts"]
    # Every run that publishes reports the difference as long as it lasts.
    assert not held(accepting)[f"{PUBLISHED}: invoices_are_as_stated"]
    published = open_current(storage)
    assert published is not None
    ((number, total),) = published.rows(
        "SELECT invoice_id, SUM(billed_cost) FROM invoices WHERE billing_month = '2026-05' "
        "AND invoice_id IS NOT NULL GROUP BY ALL"
    )
    with open_decisions() as decisions:
        InvoiceBook(decisions).remove(
            "aws-labs", "2026-05", "not in the bill", by=Author("ann", "cli")
        )
    state(str(total))
    assert held(wing.run("2026-05-01|aws-labs"))[f"{PUBLISHED}: invoices_are_as_stated"]


def test_a_source_that_can_t_be_listed_stops_no_other_and_is_reported(
    sample_bills: Written, wing: Wing, tmp_path: Path
) -> None:
    gone = Source("gone", source_of(sample_bills, "gcp").provider, str(tmp_path / "gone"))
    add(gone, source_of(sample_bills, "aws-labs"))
    tick = wing.tick()
    assert len(tick.run_requests) == 2
    with pytest.raises(Exception, match=r"gone: there is no folder"):
        wing.tick(tick.cursor)


def test_a_month_that_was_never_delivered_says_what_to_do(
    sample_bills: Written, wing: Wing
) -> None:
    add(source_of(sample_bills, "aws-labs"))
    wing.tick()
    result = wing.run("2021-03-01|aws-labs")
    assert not result.success
    failure = next(event for event in result.all_events if event.is_step_failure)
    data: Any = failure.event_specific_data
    assert "aws-labs has delivered nothing for 2021-03" in data.user_failure_data.description


def test_without_a_source_the_tick_says_how_to_add_one(wing: Wing) -> None:
    assert "credits-pipeline sources add" in wing.tick().skip_message


def test_every_mart_is_an_asset() -> None:
    assert set(MARTS) == {mart.name for mart in marts(["team"])}


def test_a_deployment_without_the_wing_contains_no_part_of_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CREDITS_STORAGE", str(tmp_path))
    alone = build_definitions(schedule=Schedule()).resolve_asset_graph()
    assert {key.to_user_string() for key in alone.get_all_asset_keys()} == {
        "cbf_payload", "cloudzero_drop", "credits", "credits_inbox", "raw_credits_csv",
    }  # fmt: skip
    # Adding the first source creates the folder.
    (tmp_path / "finops").mkdir()
    both = build_definitions(schedule=Schedule()).resolve_asset_graph()
    assert {"bill_files", "focus_costs", PUBLISHED, *MARTS.values()} < {
        key.to_user_string() for key in both.get_all_asset_keys()
    }


def test_compressed_samples_are_what_they_say(sample_bills: Written) -> None:
    """The samples of these tests are real gzip, so a broken one is really broken."""
    one = next(Path(source_of(sample_bills, "aws").location).rglob("*.csv.gz"))
    assert gzip.decompress(one.read_bytes()).count(b"\n") > 100
