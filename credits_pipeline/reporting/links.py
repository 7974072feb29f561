"""Where people look a month up: pages of Dagster's UI, and CloudZero's own.

Without the UI's address the links are paths, which lead there from the UI's own pages only.
"""

from urllib.parse import quote

from credits_pipeline.billing.month import BillingMonth


def of_run(ui: str, run_id: str) -> str:
    """A run's page.

    Args:
        ui: the address of Dagster's UI, without a slash at its end; may be empty.
        run_id: Dagster's run.
    """
    return f"{ui}/runs/{quote(run_id, safe='')}"


def of_month(ui: str, month: BillingMonth, asset: str = "cloudzero_drop") -> str:
    """A month's page of an asset, with its reports, checks and figures.

    Args:
        ui: as `of_run`.
        month: the billing month.
        asset: the asset's name.
    """
    return f"{ui}/assets/{asset}?view=partitions&partition={month.partition_key}"
