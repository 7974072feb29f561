"""The company's own: names and assets that a guest might take over."""

from pathlib import Path
from typing import Any

import dagster as dg


class Shelf(dg.ConfigurableIOManager):
    """The company's IO manager, under Dagster's default name."""

    folder: str

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        """Store a value."""
        Path(self.folder).mkdir(exist_ok=True)
        Path(self.folder, "-".join(context.asset_key.path)).write_text(repr(obj))

    def load_input(self, context: dg.InputContext) -> Any:
        """Return a value."""
        return Path(self.folder, "-".join(context.asset_key.path)).read_text()


@dg.asset(group_name="credits")
def points() -> int:
    """In a group with the same name as ours, stored by the company's IO manager."""
    return 41


@dg.asset(group_name="credits", partitions_def=dg.DailyPartitionsDefinition("2025-01-01"))
def visits() -> None:
    """By day, in the same group."""


@dg.asset(
    key=["loyalty", "credits"],
    group_name="credits",
    partitions_def=dg.MonthlyPartitionsDefinition("2025-01-01"),
)
def loyalty() -> None:
    """Also called `credits`; it fails."""
    raise ValueError("points are out of stock")


@dg.asset(
    deps=[dg.AssetKey(["eu", "cloudzero_drop"])],
    partitions_def=dg.MonthlyPartitionsDefinition("2025-03-01", end_offset=1),
)
def credits_are_told() -> None:
    """What follows a month of one stream."""


defs = dg.Definitions(
    assets=[points, visits, loyalty, credits_are_told],
    jobs=[dg.define_asset_job("loyalty_month", dg.AssetSelection.assets(["loyalty", "credits"]))],
    resources={
        "io_manager": Shelf(folder=dg.EnvVar("ACME_SHELF")),
        "storage": dg.ResourceDefinition.hardcoded_resource("the company's"),
        "inbox": dg.ResourceDefinition.hardcoded_resource("the company's"),
        "cloudzero": dg.ResourceDefinition.hardcoded_resource("the company's"),
    },
    executor=dg.multiprocess_executor,
)
